"""Rules that nobody wrote hold for nobody, whatever the rule `default` says."""

from pathlib import Path

import pytest

from catalog import policy

CALLER = {"user_id": "u", "project_id": "p", "roles": ["member"]}


def allowed(file: Path | None, rule: str) -> bool:
    return bool(policy.build(file).enforce(rule, {"project_id": "p"}, CALLER))


def test_glances_rule_for_everybody_decides_on_no_other() -> None:
    assert allowed(None, "default")
    assert not allowed(None, "nobody_wrote_this")


@pytest.mark.parametrize(("written", "holds"), [("", True), ("role:admin", False), (None, False)])
def test_a_misspelt_reference_holds_for_whom_the_files_own_default_says(
    tmp_path: Path, written: str | None, holds: bool
) -> None:
    file = tmp_path / "policy.yaml"
    own = "" if written is None else f'"default": "{written}"\n'
    file.write_text(f'"get_images": "rule:mispelt"\n{own}', encoding="utf-8")
    assert allowed(file, "get_images") is holds
    assert allowed(file, "default") is (written != "role:admin")
