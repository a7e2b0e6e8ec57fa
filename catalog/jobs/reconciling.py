"""Bringing back jobs whose hint or worker was lost."""

import time
from itertools import islice

from django.db.models import Q, QuerySet

from catalog.clock import database_now
from catalog.conf import CatalogConfig, section
from catalog.jobs.concurrency import LOOKED_AT, has_room
from catalog.jobs.leases import WATCH, expired, waiting
from catalog.jobs.queueing import hint
from catalog.models import Job

LIMIT = 500
"""Hints of one pass: past jobs that were hinted at a moment ago and still wait."""


def overdue() -> QuerySet[Job]:
    """Jobs that wait though their time has come, or whose worker let its lease end; the oldest first."""
    late = waiting() & Q(run_after__lte=database_now(-1))
    found = late | expired() if WATCH.may_reclaim() else late
    return Job.objects.filter(found).order_by("run_after", "id")


_hinted: dict[tuple[str, int, int], float] = {}


def reconcile() -> int:
    """Hint again at every overdue job that this process has a place for, at most once per lease and attempt from this
    process, lest a backlog fill the broker. A job hinted twice is still claimed once.
    """
    moment, lease = time.monotonic(), section(CatalogConfig).job_lease
    for one in [one for one, at in _hinted.items() if moment - at > lease]:
        del _hinted[one]
    found = overdue().only(*LOOKED_AT, "attempts", "undo_attempts").iterator(chunk_size=LIMIT)
    fresh = list(
        islice((job for job in found if _attempt(job) not in _hinted and has_room(job)), LIMIT)
    )
    for job in fresh:
        _hinted[_attempt(job)] = moment
        hint(job.pk)
    return len(fresh)


def _attempt(job: Job) -> tuple[str, int, int]:
    return job.pk, job.attempts, job.undo_attempts
