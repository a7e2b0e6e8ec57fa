"""Processes of a service: finding them, waiting for them, and how much memory they hold."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from benchmarks.subject import BenchmarkError

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
QUIET = 0.3
"""Seconds that processes must be quiet for."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        one = queue.pop()
        found.append(one)
        queue += parents.get(one, [])
    return found


def resident(pids: Sequence[int]) -> int:
    """Bytes of resident memory, summed; a page that two processes share counts twice."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        except OSError:
            continue
    return total


def wait_until_quiet(pids: Sequence[int], seconds: float = 60) -> bool:
    """Return once the processes use less than a tenth of a core; False when they do not within the time."""
    deadline = time.monotonic() + seconds
    before = _ticks(pids)
    while time.monotonic() < deadline:
        time.sleep(QUIET)
        now = _ticks(pids)
        if now - before <= TICKS * QUIET / 10:
            return True
        before = now
    return False


class Busy:
    """How busy the machine's processors are from here on."""

    def __init__(self) -> None:
        self._began = self._clocks()

    def share(self) -> float:
        """Between 0 and 1."""
        idle, total = (now - then for now, then in zip(self._clocks(), self._began, strict=True))
        return 1 - idle / max(total, 1)

    def _clocks(self) -> tuple[int, int]:
        ticks = [int(one) for one in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)


def _ticks(pids: Sequence[int]) -> int:
    """Processor time in user and system mode; children that ended count nowhere."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total


def proportional(pids: Sequence[int]) -> int:
    """Bytes of resident memory, summed; a page that two processes share counts half for each."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


class MemoryWatch:
    """Samples a family's resident memory in the background: `base` before, `peak` meanwhile."""

    def __init__(self, pid: int, interval: float = 0.05) -> None:
        self._pids = family(pid)
        self._interval = interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.base = self.peak = resident(self._pids)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._interval):
            self.peak = max(self.peak, resident(self._pids))


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str, seconds: float = 90
) -> None:
    """Return once `ready`; BenchmarkError when the process ends before, or time runs out."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise BenchmarkError(f"{what} ended with code {process.returncode} before it answered")
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{what} did not answer within {seconds:.0f} s")
        time.sleep(0.2)


def end(process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    """SIGTERM, then SIGKILL to whatever of its family is left."""
    pids = family(process.pid)
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()
