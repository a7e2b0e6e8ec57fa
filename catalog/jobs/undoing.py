"""Ending a job that failed for good: what its steps did is undone, the last one first, whoever dies meanwhile.

That the job is failing is written down before the first step is undone, with the steps that are to be: those that are
done, and the one that was under way. Each is taken off that list once it is undone. An `undo` that raises is tried
again, later and later; what is left after as many attempts as the job had itself is named in its error.
"""

import logging

from catalog import failpoints
from catalog.clock import database_now, now
from catalog.errors import Conflict, first_line, recorded
from catalog.jobs.leases import Lease
from catalog.jobs.lifecycle import FAILED, FAILING
from catalog.jobs.registry import JobKind, Lost
from catalog.models import Job

log = logging.getLogger(__name__)

AFTER_FAILING = failpoints.declare(
    "undo.after_failing", "the job is written down as failing, nothing is undone"
)
AFTER_STEP = failpoints.declare("undo.after_step", "a step is undone and not yet written down")
BEFORE_FAILED = failpoints.declare(
    "undo.before_failed", "all steps are written down as undone, the job still fails"
)


class NotUndone(Conflict):
    """There is no code that undoes a step of the job."""

    code = "job_not_undone"


def delay(attempts: int) -> float:
    """Seconds until the next attempt."""
    return float(min(2.0 ** min(attempts, 10), 300.0))


def fail(job: Job, kind: JobKind | None, lease: Lease, *, error: str, code: str) -> None:
    """Undo the job's steps and let it be failed. Lost."""
    done: list[str] = job.steps_done
    ahead = [one.name for one in kind.steps if one.name not in done] if kind else []
    job.state, job.steps_done, job.error, job.undo_attempts = FAILING, [*done, *ahead[:1]], error, 1
    lease.keep(
        state=FAILING,
        attempts=min(job.attempts, job.max_attempts),
        undo_attempts=job.undo_attempts,
        steps_done=job.steps_done,
        result=job.result,
        error=error,
        error_code=code,
    )
    failpoints.reach(AFTER_FAILING)
    undo(job, kind, lease)


def undo(job: Job, kind: JobKind | None, lease: Lease) -> None:
    """Undo what is left of a job that is failing. Lost."""
    if job.undo_attempts > job.max_attempts:
        return _give_up(job, lease, job.error)
    try:
        while job.steps_done:
            _undo_last(job, kind, lease)
            failpoints.reach(AFTER_STEP)
            job.steps_done = job.steps_done[:-1]
            lease.keep(steps_done=job.steps_done)
        if kind is not None:
            kind.failed(job)
    except Lost:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs on the job's row
        return _again(job, lease, error)
    failpoints.reach(BEFORE_FAILED)
    lease.let_go(state=FAILED, finished_at=now())
    return None


def _undo_last(job: Job, kind: JobKind | None, lease: Lease) -> None:
    name = job.steps_done[-1]
    step = next((one for one in kind.steps if one.name == name), None) if kind else None
    if step is None:
        raise NotUndone(f"no code is registered for the step {name} of jobs of kind {job.kind}")
    step.undo(job, lease)


def _again(job: Job, lease: Lease, error: Exception) -> None:
    log.error("a job cannot be undone", exc_info=error, extra={"job": job.id, "kind": job.kind})
    where = f"undoing {job.steps_done[-1]}" if job.steps_done else "telling of the failure"
    line = recorded(f"{where} failed: {first_line(error)}")
    told = job.error if line in job.error.splitlines() else f"{job.error}\n{line}"
    if job.undo_attempts >= job.max_attempts:
        return _give_up(job, lease, told)
    return lease.let_go(error=told, run_after=database_now(delay(job.undo_attempts)))


def _give_up(job: Job, lease: Lease, told: str) -> None:
    """It is a person's now."""
    left = ", ".join(reversed(job.steps_done)) or "nothing but what follows a failure"
    lease.let_go(state=FAILED, finished_at=now(), error=f"{told}\nleft to undo: {left}")
