"""Warnings about the configuration: what is most likely a slip of the pen."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from catalog import policy
from catalog.conf import CatalogConfig
from settings import checks

Overriding = Callable[[str], list[str]]


@pytest.fixture
def warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Overriding:
    """What is said of a policy file with this text."""

    def said(text: str) -> list[str]:
        file = tmp_path / "policy.yaml"
        file.write_text(text)
        changed = replace(settings.VITRINE[CatalogConfig], policy_file=file)
        monkeypatch.setitem(settings.VITRINE, CatalogConfig, changed)
        policy.register([])  # forgets what it knew
        try:
            return [str(one.msg) for one in checks.policy_rules()]
        finally:
            monkeypatch.undo()
            policy.register([])

    return said


def test_rule_that_nobody_asks_is_told(warnings: Overriding) -> None:
    (said,) = warnings('"delete_imgae": "role:admin"\n"upload_image": "role:admin"\n')
    assert "'delete_imgae'" in said
    assert "did you mean delete_image?" in said


def test_rules_that_others_speak_of_are_fine(warnings: Overriding) -> None:
    text = '"keepers": "role:keeper"\n"delete_image": "not rule:keepers"\n"default": ""\n'
    assert warnings(text) == []
