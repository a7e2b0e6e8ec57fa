"""Bringing back jobs whose hint or worker was lost."""

import time

from django.db.models import Q

from catalog.clock import database_now
from catalog.conf import CatalogConfig, section
from catalog.jobs.lifecycle import QUEUED, RUNNING
from catalog.jobs.queueing import hint
from catalog.models import Job


def overdue(limit: int = 500) -> list[str]:
    """Ids of jobs that wait though their time has come, or whose worker let its lease end."""
    waiting = Q(state=QUEUED, run_after__lte=database_now(-1))
    abandoned = Q(state=RUNNING, lease_until__lt=database_now())
    rows = Job.objects.filter(waiting | abandoned).order_by("run_after", "id")
    return list(rows.values_list("id", flat=True)[:limit])


_hinted: dict[str, float] = {}


def reconcile() -> int:
    """Hint again at every overdue job, at most once per lease from this process, lest a backlog fill the broker.

    A job hinted twice is still claimed once.
    """
    moment, lease = time.monotonic(), section(CatalogConfig).job_lease
    for job_id in [one for one, at in _hinted.items() if moment - at > lease]:
        del _hinted[job_id]
    ids = [job_id for job_id in overdue() if job_id not in _hinted]
    for job_id in ids:
        _hinted[job_id] = moment
        hint(job_id)
    return len(ids)
