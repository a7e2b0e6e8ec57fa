"""Other settings for one test."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings

Configure = Callable[..., None]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Change values of a section until the test ends: `configure(CatalogConfig, page_bytes=1000)`."""

    def change(section: Any, **values: Any) -> None:
        changed = replace(settings.VITRINE[section], **values)
        monkeypatch.setitem(settings.VITRINE, section, changed)

    return change
