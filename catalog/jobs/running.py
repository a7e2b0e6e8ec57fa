"""Running a job under a lease: steps that are done are never run again, a lost lease stops the worker."""

import logging
import os
import socket
import time
import uuid

from django.db import transaction
from django.db.models import F, Q
from typing_extensions import override

from catalog import failpoints
from catalog.clock import database_now, now
from catalog.conf import CatalogConfig, section
from catalog.errors import CatalogError
from catalog.jobs.lifecycle import FAILED, QUEUED, RUNNING, SUCCEEDED
from catalog.jobs.places import place
from catalog.jobs.registry import JobKind, Lost, Progress, kinds
from catalog.models import Job

log = logging.getLogger(__name__)

AFTER_CLAIM = failpoints.declare("job.after_claim", "a worker holds the job and has done nothing")
BEFORE_STEP = failpoints.declare("job.before_step", "the next step has not begun")
AFTER_STEP = failpoints.declare("job.after_step", "a step is done and not yet written down")
BEFORE_FINISH = failpoints.declare(
    "job.before_finish", "all steps are written down, the job still runs"
)


def run(job_id: str) -> bool:
    """Claim and run the job; False when there was nothing to claim, or no place for its kind."""
    with place(job_id) as free:
        return free and _run(job_id)


def _run(job_id: str) -> bool:
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    job = _claim(job_id, owner)
    if job is None:
        return False
    failpoints.reach(AFTER_CLAIM)
    kind = kinds().get(job.kind)
    lease = _Lease(job, owner)
    try:
        if kind is None:
            raise CatalogError(f"no code is registered for jobs of kind {job.kind}")
        _steps(job, kind, lease)
    except Lost:
        log.warning("job lease lost", extra={"job": job.id})
    except Exception as error:  # noqa: BLE001 - whatever a step raises belongs on the job's row
        _failed(job, kind, lease, error)
    return True


def _claim(job_id: str, owner: str) -> Job | None:
    free = Q(state=QUEUED) | Q(state=RUNNING, lease_until__lt=database_now())
    won = Job.objects.filter(free, pk=job_id, run_after__lte=database_now()).update(
        state=RUNNING,
        lease_owner=owner,
        lease_until=database_now(section(CatalogConfig).job_lease),
        attempts=F("attempts") + 1,
        updated_at=now(),
    )
    return Job.objects.get(pk=job_id) if won else None


def _steps(job: Job, kind: JobKind, lease: "_Lease") -> None:
    for step in kind.steps:
        if step.name in job.steps_done:
            continue
        failpoints.reach(BEFORE_STEP)
        step.run(job, lease)
        failpoints.reach(AFTER_STEP)
        job.steps_done = [*job.steps_done, step.name]
        lease.write(steps_done=job.steps_done, result=job.result)
    failpoints.reach(BEFORE_FINISH)
    lease.write(
        state=SUCCEEDED, progress=1.0, finished_at=now(), lease_until=None, error="", error_code=""
    )


def _failed(job: Job, kind: JobKind | None, lease: "_Lease", error: Exception) -> None:
    code = error.code if isinstance(error, CatalogError) else type(error).__name__
    final = job.attempts >= job.max_attempts or kind is None or isinstance(error, CatalogError)
    log.error("job failed", exc_info=error, extra={"job": job.id, "kind": job.kind, "final": final})
    try:
        if not final:
            delay = min(2.0**job.attempts, 300.0)
            lease.write(
                state=QUEUED,
                key=None,
                error=str(error),
                error_code=code,
                lease_until=None,
                run_after=database_now(delay),
            )
            return
        if kind is not None:
            for step in reversed(kind.steps):
                step.undo(job)
            kind.failed(job)
        lease.write(
            state=FAILED, error=str(error), error_code=code, finished_at=now(), lease_until=None
        )
    except Lost:
        log.warning("job lease lost", extra={"job": job.id})


class _Lease(Progress):
    """The worker's hold on its job: every write asks whether the job is still its own."""

    def __init__(self, job: Job, owner: str) -> None:
        self._job, self._owner = job, owner
        self._seconds = section(CatalogConfig).job_lease
        self._written = time.monotonic()

    @override
    def report(self, fraction: float) -> None:
        if time.monotonic() - self._written >= min(1.0, self._seconds / 3):
            self.write(progress=fraction, lease_until=database_now(self._seconds))

    @override
    def check(self) -> None:
        if time.monotonic() - self._written >= self._seconds / 3:
            self.write(lease_until=database_now(self._seconds))

    def write(self, **values: object) -> None:
        with transaction.atomic():
            kept = Job.objects.filter(
                pk=self._job.pk, lease_owner=self._owner, state=RUNNING
            ).update(updated_at=now(), **values)
        if not kept:
            raise Lost(self._job.pk)
        self._written = time.monotonic()
