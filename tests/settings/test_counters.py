"""Counters that several processes share, on a disk that may be full: real files, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

COUNT = """
import resource
from settings import counters
counters.use()
from settings import metrics
{before}
for number in range({many}):
    metrics.observe(f"route-{{number}}", "GET", 200, seconds=0.1, received=1, sent=1)
metrics.observe("route-0", "GET", 200, seconds=0.1, received=1, sent=1)
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
print(sum(s.value for m in MultiProcessCollector(CollectorRegistry()).collect()
          for s in m.samples if s.name == "vitrine_sent_bytes_total"))
"""
FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes}, {bytes}))"


def count(folder: Path, *, many: int, before: str = "") -> float:
    """Let a process count; the bytes sent that all processes' files tell of."""
    program = COUNT.format(many=many, before=before)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_room_is_taken_before_it_is_written(tmp_path: Path) -> None:
    """A page of a mapped file that finds no room ends the process by SIGBUS."""
    assert count(tmp_path, many=200) == 201
    files = [one.stat() for one in tmp_path.glob("*.db")]
    assert max(one.st_size for one in files) > 1 << 17, "one of them has grown"
    for one in files:
        assert one.st_blocks * 512 >= one.st_size


def test_without_room_a_process_counts_for_itself(tmp_path: Path) -> None:
    assert count(tmp_path, many=2, before=FULL.format(bytes=1000)) == 0
    assert not list(tmp_path.glob("*.db")), "nobody reads half a file"


def test_room_that_ends_while_counting_ends_no_process(tmp_path: Path) -> None:
    assert count(tmp_path, many=200, before=FULL.format(bytes=1 << 16)) > 0
