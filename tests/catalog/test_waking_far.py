"""A data folder whose path is too long for a socket's name: the relay polls, nothing fails."""

import dataclasses
import time
from pathlib import Path

import pytest
from django.conf import settings

from catalog.conf import CatalogConfig
from catalog.outbox import waking


def test_relay_polls_where_nobody_can_wake_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    far = dataclasses.replace(settings.VITRINE[CatalogConfig], data_dir=tmp_path / ("x" * 120))
    monkeypatch.setitem(settings.VITRINE, CatalogConfig, far)
    listener = waking.Listener()
    try:
        assert "it polls" in caplog.text
        waking.wake()
        began = time.monotonic()
        listener.wait(0.2)
        assert time.monotonic() - began > 0.15
    finally:
        listener.close()
