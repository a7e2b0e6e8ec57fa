"""Starting, restarting and stopping processes, with a real supervisor and toy children."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

PROGRAM = "tests.settings.supervised"
ROOT = Path(__file__).parents[2]


class Running:
    """The supervisor's process, and what its children noted."""

    def __init__(self, folder: Path, grace: float, echo: float, *children: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM, str(folder), str(grace), str(echo), *children],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )

    def notes(self) -> list[str]:
        file = self.folder / "notes"
        return file.read_text().splitlines() if file.exists() else []

    def pid(self, name: str) -> int:
        self.until((self.folder / "serve.json").exists)
        return int(json.loads((self.folder / "serve.json").read_text())[name])

    def until(self, what: Callable[[], object], seconds: float = 120.0) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, (self.notes(), self.process.poll())
            time.sleep(0.02)

    def ended(self, seconds: float = 120.0) -> int:
        return self.process.wait(seconds)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*children: str, grace: float = 60.0, echo: float = 0.0) -> Running:
        started.append(Running(tmp_path, grace, echo, *children))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate(timeout=60)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


ENDS = ["slow ended", "steady ended", "steady ended"]
"""Of `steady` and `slow`, who begins to end as `steady` does."""


def ends(running: Running) -> list[str]:
    """What the children noted when they ended; none waits for the other."""
    return sorted(note for note in running.notes() if note.endswith(" ended"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_all_children_in_order(run: Callable[..., Running], number: int) -> None:
    running = run("steady", "slow")
    running.until(lambda: len(running.notes()) == 2)
    running.process.send_signal(number)
    assert running.ended() == 0
    assert ends(running) == ENDS, "a child may finish what it does"
    assert not (running.folder / "serve.json").exists()


def test_each_child_has_a_session_of_its_own(run: Callable[..., Running]) -> None:
    running = run("steady")
    running.until(running.notes)
    _, pid, session = running.notes()[0].split()
    assert pid == session == str(running.pid("steady"))


def test_killed_child_comes_back(run: Callable[..., Running]) -> None:
    running = run("steady", "slow")
    running.until(lambda: len(running.notes()) == 2)
    first = running.pid("steady")
    os.kill(first, signal.SIGKILL)
    running.until(lambda: len(running.notes()) == 3)
    running.until(lambda: running.pid("steady") != first)
    running.process.terminate()
    assert running.ended() == 0
    assert "steady ended with -9; it starts again in 0.5 s" in running.process.stderr.read()


def test_register_that_cannot_be_written_ends_nothing(
    run: Callable[..., Running], tmp_path: Path
) -> None:
    (tmp_path / "serve.new").mkdir()
    running = run("steady")
    running.until(running.notes)
    running.process.terminate()
    assert running.ended() == 0
    assert f"cannot write {tmp_path / 'serve.json'}" in running.process.stderr.read()


def test_child_that_cannot_start_is_tried_less_and_less_often(run: Callable[..., Running]) -> None:
    running = run("broken")
    running.until(lambda: len(running.notes()) == 4)
    running.process.terminate()
    assert running.ended() == 0
    said = running.process.stderr.read()
    for delay in ("0.5", "1", "2"):
        assert f"it starts again in {delay} s" in said


def test_child_that_finds_its_configuration_wrong_ends_all(run: Callable[..., Running]) -> None:
    running = run("steady", "misconfigured")
    assert running.ended() == 2


def test_deaf_child_is_killed_after_the_grace_time(run: Callable[..., Running]) -> None:
    running = run("deaf", "steady", grace=1.0)
    running.until(lambda: len(running.notes()) == 2)
    pid = running.pid("deaf")
    running.process.terminate()
    assert running.ended() == 1
    assert not alive(pid)


def test_second_signal_ends_everything_at_once(run: Callable[..., Running]) -> None:
    running = run("steady", "deaf", grace=600)
    running.until(lambda: len(running.notes()) == 2)
    pid = running.pid("deaf")
    running.process.send_signal(signal.SIGINT)
    running.until(lambda: "steady ended" in running.notes())  # so the first one was heard
    assert running.process.poll() is None
    running.process.send_signal(signal.SIGINT)
    assert running.ended() == 1
    assert not alive(pid)


def test_echo_of_a_signal_hurries_nobody(run: Callable[..., Running]) -> None:
    """`make` passes on the SIGTERM that its whole process group got."""
    running = run("steady", "slow", echo=600.0)
    running.until(lambda: len(running.notes()) == 2)
    running.process.send_signal(signal.SIGTERM)
    running.until(lambda: "steady ended" in running.notes())
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == 0
    assert ends(running) == ENDS


def test_children_do_not_outlive_a_killed_supervisor(run: Callable[..., Running]) -> None:
    running = run("steady", "slow", "deaf", grace=6.0)
    running.until(lambda: len(running.notes()) == 3)
    pids = [running.pid(name) for name in ("steady", "slow", "deaf")]
    running.process.kill()
    running.until(lambda: not any(alive(pid) for pid in pids))
    assert "slow ended" in running.notes(), "even then they may finish"
