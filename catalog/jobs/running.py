"""Running a job under a lease: steps that are done are never run again, a lost lease stops the worker."""

import logging
import os
import socket
import uuid

from catalog import failpoints, requestids
from catalog.clock import database_now, now
from catalog.errors import CatalogError, Unavailable, recorded
from catalog.jobs.concurrency import place
from catalog.jobs.leases import Lease, claim
from catalog.jobs.lifecycle import FAILING, QUEUED, SUCCEEDED
from catalog.jobs.queueing import hint
from catalog.jobs.registry import JobKind, Lost, kinds
from catalog.jobs.undoing import delay, fail, undo
from catalog.models import Job

log = logging.getLogger(__name__)

AFTER_CLAIM = failpoints.declare("job.after_claim", "a worker holds the job and has done nothing")
BEFORE_STEP = failpoints.declare("job.before_step", "the next step has not begun")
AFTER_STEP = failpoints.declare("job.after_step", "a step is done and not yet written down")
BEFORE_FINISH = failpoints.declare(
    "job.before_finish", "all steps are written down, the job still runs"
)


class WorkersLost(Unavailable):
    """Every worker that ran the job ended while it did, the last time it was allowed to."""

    code = "job_workers_lost"


def run(job_id: str) -> bool:
    """Claim and run the job; False when there was nothing to claim, or no place for its kind."""
    with place(job_id) as free:
        return free and _run(job_id)


def _run(job_id: str) -> bool:
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    job = claim(job_id, owner)
    if job is None:
        return False
    failpoints.reach(AFTER_CLAIM)
    kind, lease = kinds().get(job.kind), Lease(job, owner)
    try:
        with requestids.under(job.request_id):  # what asked for the job, and not who runs it
            if job.state == FAILING:
                undo(job, kind, lease)
            else:
                _attempt(job, kind, lease)
    except Lost:
        log.warning("job lease lost", extra={"job": job.id})
    _hint_next(job)
    return True


def _attempt(job: Job, kind: JobKind | None, lease: Lease) -> None:
    try:
        if kind is None:
            raise CatalogError(f"no code is registered for jobs of kind {job.kind}")
        if job.attempts > job.max_attempts:
            raise WorkersLost(_lost(job))
        _steps(job, kind, lease)
    except Lost:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a step raises belongs on the job's row
        _failed(job, kind, lease, error)


def _steps(job: Job, kind: JobKind, lease: Lease) -> None:
    for step in kind.steps:
        if step.name in job.steps_done:
            continue
        failpoints.reach(BEFORE_STEP)
        step.run(job, lease)
        failpoints.reach(AFTER_STEP)
        job.steps_done = [*job.steps_done, step.name]
        lease.keep(steps_done=job.steps_done, result=job.result)
    failpoints.reach(BEFORE_FINISH)
    lease.let_go(state=SUCCEEDED, progress=1.0, finished_at=now(), error="", error_code="")


def _failed(job: Job, kind: JobKind | None, lease: Lease, error: Exception) -> None:
    code = error.code if isinstance(error, CatalogError) else type(error).__name__
    final = job.attempts >= job.max_attempts or isinstance(error, CatalogError)
    log.error("job failed", exc_info=error, extra={"job": job.id, "kind": job.kind, "final": final})
    if final:
        return fail(job, kind, lease, error=recorded(str(error)), code=code)
    return lease.let_go(
        state=QUEUED,
        error=recorded(str(error)),
        error_code=code,
        run_after=database_now(delay(job.attempts)),
    )


def _lost(job: Job) -> str:
    told = f"the worker ended while it ran the job, in the last of {job.max_attempts} attempts"
    return f"{told}; one before that failed: {job.error}" if job.error else told


def _hint_next(job: Job) -> None:
    """Tell of the job that may have waited for this one, as it has the same key."""
    if job.key is not None:
        rows = Job.objects.filter(kind=job.kind, key=job.key, state=QUEUED, attempts=0)
        for one in rows.values_list("id", flat=True)[:1]:
            hint(one)
