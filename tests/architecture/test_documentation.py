"""The reference page of settings is the one that the code declares, and no code reads others."""

import os
import re
import subprocess
import sys

import pytest

from settings import remedies
from settings.configuration import unknown_variables, variables
from settings.management.commands.describe_settings import page
from settings.reference import PAGES
from tests.architecture import source

REFERENCE = source.ROOT / "docs" / "reference" / "settings.md"


def test_page_names_every_setting() -> None:
    text = page()
    assert len(variables()) > 30
    assert [name for name in variables() if f"`{name}`" not in text] == []


@pytest.mark.skipif(not REFERENCE.exists(), reason="docs/reference/settings.md is not written yet")
def test_committed_page_is_up_to_date() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == page(), "manage.py describe_settings > it"


def test_no_code_names_a_variable_that_is_not_declared() -> None:
    named = {
        name
        for path in source.files()
        for name in re.findall(r"VITRINE_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))
    }
    assert "VITRINE_DATABASE_URL" in named
    assert list(unknown_variables(dict.fromkeys(named, ""))) == []


def test_generated_pages_are_up_to_date() -> None:
    command = ["manage.py", "describe_reference", *PAGES]
    # In a process of its own: tests declare rules and errors too.
    environment = {key: value for key, value in os.environ.items() if "DJANGO" not in key}
    printed = subprocess.run(
        [sys.executable, *command],
        cwd=source.ROOT, env=environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in PAGES:
        committed = (REFERENCE.parent / f"{name}.md").read_text(encoding="utf-8")
        assert printed.startswith(committed), f"manage.py describe_reference {name} > {name}.md"
        assert committed.count("|---") == 0 or committed.count("\n|") > 8
        printed = printed.removeprefix(committed)
    assert printed == ""


def test_what_to_do_is_said_of_errors_that_there_are() -> None:
    text = (REFERENCE.parent / "errors.md").read_text(encoding="utf-8")
    codes = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert remedies.BY_CODE.keys() - codes == set()
