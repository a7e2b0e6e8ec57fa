"""A point that a file arms is passed once by one process, whatever is started again afterwards."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog import failpoints
from catalog.failpoints import FailpointReached
from tests.support.service import ROOT

PASS = "from catalog.failpoints import reach; reach('a.point'); print('past')"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    failpoints.arm_once(tmp_path)
    yield tmp_path
    failpoints.arm_once(None)


def test_a_file_arms_a_point_for_one_passage(folder: Path) -> None:
    failpoints.reach("a.point")
    (folder / "a.point").write_text("raise\n")
    failpoints.reach("another.point")
    with pytest.raises(FailpointReached, match=r"a\.point"):
        failpoints.reach("a.point")
    assert [path.name for path in folder.iterdir()] == [f"a.point.{os.getpid()}"]
    failpoints.reach("a.point")
    (folder / "a.point").write_text("explode")
    with pytest.raises(ValueError, match="explode"):
        failpoints.reach("a.point")


def test_the_first_process_dies_and_the_next_one_passes(tmp_path: Path) -> None:
    (tmp_path / "a.point").write_text("kill")
    environment = os.environ | {"VITRINE_FAILPOINTS_ONCE": str(tmp_path)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", PASS],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        for _ in range(2)
    )
    assert (first.returncode, first.stdout) == (-signal.SIGKILL, "")
    assert (second.returncode, second.stdout) == (0, "past\n")
