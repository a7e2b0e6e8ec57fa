"""An operator's own rules for a test."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from catalog import policy
from catalog.conf import CatalogConfig


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Overrides of the operator's: call it with the text of a policy.yaml."""
    files = iter(range(1000))

    def override(text: str) -> None:
        file = tmp_path / f"policy-{next(files)}.yaml"
        file.write_text(text, encoding="utf-8")
        changed = replace(settings.VITRINE[CatalogConfig], policy_file=file)
        monkeypatch.setitem(settings.VITRINE, CatalogConfig, changed)
        policy.register([])  # forgets answers

    yield override
    monkeypatch.undo()
    policy.register([])  # forgets answers
