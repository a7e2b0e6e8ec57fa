"""How many jobs of a kind a process runs side by side: one that waits for others must not take every thread, and those
of one share not every place.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from django.db.models import Exists, OuterRef

from catalog.clock import database_now
from catalog.jobs.lifecycle import FAILING, QUEUED, RUNNING
from catalog.jobs.queueing import hint
from catalog.jobs.registry import JobKind, Places, kinds, places_of
from catalog.models import Job

_lock = Lock()
_taken: Counter[tuple[str, str]] = Counter()
"""Places by kind and share."""
LOOKED_AT = ("id", "kind", "input", "actor_project_id")


@contextmanager
def place(job_id: str) -> Iterator[bool]:
    """Whether there is a place for the job's kind, held until the end; then a job that waits for one is hinted at."""
    job = Job.objects.filter(pk=job_id).only(*LOOKED_AT).first()
    places = places_of(job) if job else None
    if job is None or places is None:
        yield True
        return
    kind = kinds()[job.kind]
    name, share = kind.name, kind.share(job)
    with _lock:
        free = _has_room(name, share, places)
        _taken[name, share] += free
    if not free:
        yield False
        return
    try:
        yield True
    finally:
        with _lock:
            _taken[name, share] -= 1
            if not _taken[name, share]:
                del _taken[name, share]
        _hint_at_next(kind, after=job_id)


def has_room(job: Job) -> bool:
    """Whether this process has a place for the job now."""
    places = places_of(job)
    if places is None:
        return True
    with _lock:
        return _has_room(job.kind, kinds()[job.kind].share(job), places)


def _has_room(name: str, share: str, places: Places) -> bool:
    taken = sum(count for (kind, _), count in _taken.items() if kind == name)
    own = places.each is None or _taken[name, share] < places.each
    return own and taken < places.total


def _hint_at_next(kind: JobKind, *, after: str) -> None:
    """The one that has waited longest of those that can be claimed and find a place, past all of a share that has its
    own. The one that just left is not among them: when nobody could claim it, it would be hinted at again and again.
    """
    begun = Job.objects.filter(kind=kind.name, key=OuterRef("key"), state__in=(RUNNING, FAILING))
    waiting = Job.objects.filter(
        ~Exists(begun), kind=kind.name, state=QUEUED, run_after__lte=database_now()
    ).exclude(pk=after)
    for job in waiting.order_by("run_after", "id").only(*LOOKED_AT).iterator(chunk_size=200):
        if has_room(job):
            hint(job.pk)
            return
