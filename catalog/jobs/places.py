"""How many jobs of a kind a process runs side by side: one that waits for others must not take every thread."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from catalog.clock import database_now
from catalog.jobs.lifecycle import QUEUED
from catalog.jobs.queueing import hint
from catalog.jobs.registry import kinds
from catalog.models import Job

_lock = Lock()
_taken: Counter[str] = Counter()


@contextmanager
def place(job_id: str) -> Iterator[bool]:
    """Whether there is a place for the job's kind, held until the end; then the next job that waits is hinted at."""
    name = Job.objects.filter(pk=job_id).values_list("kind", flat=True).first() or ""
    most = kinds()[name].at_once if name in kinds() else None
    if most is None:
        yield True
        return
    with _lock:
        free = _taken[name] < most
        _taken[name] += free
    if not free:
        yield False
        return
    try:
        yield True
    finally:
        with _lock:
            _taken[name] -= 1
        waiting = Job.objects.filter(kind=name, state=QUEUED, run_after__lte=database_now())
        for next_one in waiting.order_by("run_after", "id").values_list("id", flat=True)[:1]:
            hint(next_one)
