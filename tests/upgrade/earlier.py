"""The code of an earlier commit, laid out beside today's."""

import io
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.service import ROOT

COMMIT = os.environ.get("VITRINE_TEST_UPGRADE_FROM") or "e9d09c7d408730f1a8beca0b7dd626505eff12ab"
"""Whose data folder is brought up to date."""


def lay_out(folder: Path) -> Path:
    """The commit's files; the test is skipped where the history does not reach back to it."""
    archive = subprocess.run(
        ["git", "archive", "--format=zip", COMMIT],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        pytest.skip(f"the history has no commit {COMMIT[:12]} (a shallow clone?)")
    with zipfile.ZipFile(io.BytesIO(archive.stdout)) as packed:
        packed.extractall(folder)
    return folder
