"""Bringing back jobs whose hint or worker was lost."""

from datetime import timedelta

from django.db.models import Q

from catalog.clock import now
from catalog.jobs.lifecycle import QUEUED, RUNNING
from catalog.jobs.queueing import hint
from catalog.models import Job


def overdue(limit: int = 500) -> list[str]:
    """Ids of jobs that wait though their time has come, or whose worker let its lease end."""
    moment = now()
    waiting = Q(state=QUEUED, run_after__lte=moment - timedelta(seconds=1))
    abandoned = Q(state=RUNNING, lease_until__lt=moment)
    rows = Job.objects.filter(waiting | abandoned).order_by("run_after", "id")
    return list(rows.values_list("id", flat=True)[:limit])


def reconcile() -> int:
    """Hint again at every overdue job; a job hinted twice is still claimed once."""
    ids = overdue()
    for job_id in ids:
        hint(job_id)
    return len(ids)
