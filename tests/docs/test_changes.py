"""Fragments of the change log are well formed, and towncrier makes a change log of them."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.docs.pages import execute, workplace
from tests.support.service import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
KINDS = [one["directory"] for one in PROJECT["tool"]["towncrier"]["type"]]
FRAGMENTS = sorted((ROOT / "changes").iterdir())
_NAME = re.compile(rf"\+[a-z0-9]+(-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md")
_SENTENCES = re.compile(r"[^\s#*-][^\n]*[.!`)]\n")


def test_fragments_are_well_formed() -> None:
    misnamed = [one.name for one in FRAGMENTS if not _NAME.fullmatch(one.name)]
    assert misnamed == [], f"+short-name.KIND.md, KIND one of {KINDS}"
    odd = [
        one.name for one in FRAGMENTS if not _SENTENCES.fullmatch(one.read_text(encoding="utf-8"))
    ]
    assert odd == [], "one line of sentences, and no bullet"


def test_change_log_can_be_built() -> None:
    command = [sys.executable, "-m", "towncrier", "build", "--draft"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert told[0].startswith(f"# Vitrine {PROJECT['project']['version']} (")
    missing = [one.name for one in FRAGMENTS if f"- {one.read_text().strip()}" not in told]
    assert missing == []


def test_the_page_about_fragments(tmp_path: Path) -> None:
    folder = workplace(tmp_path)
    (folder / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    (folder / "changes").mkdir()
    execute(ROOT / "CONTRIBUTING.md", folder, {})
    assert list((folder / "changes").iterdir()) == []
