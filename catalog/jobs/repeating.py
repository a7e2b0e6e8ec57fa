"""Running a failed job once more, because a person says so."""

from django.db import IntegrityError, transaction

from catalog.actors import Actor
from catalog.clock import database_now, now
from catalog.errors import ConcurrentChange, Duplicate, NotFound
from catalog.events.recording import Change, record
from catalog.jobs.lifecycle import JOB
from catalog.jobs.queueing import hint
from catalog.models import Job


def run_again(job_id: str, *, actor: Actor) -> Job:
    """Queue a failed job from its first step: what it had done was undone when it failed, or by a person since.

    NotFound, IllegalTransition when it has not failed, Duplicate when another one of its key waits already.
    The caller has made sure that the actor is an operator.
    """
    job = Job.objects.filter(pk=job_id).first()
    if job is None:
        raise NotFound(f"there is no job {job_id!r}", id=job_id)
    before, target = job.state, JOB.target("run_again", job.state)
    try:
        with transaction.atomic():
            won = Job.objects.filter(pk=job_id, state=before).update(
                state=target,
                steps_done=[],
                progress=0.0,
                attempts=0,
                undo_attempts=0,
                run_after=database_now(),
                finished_at=None,
                error="",
                error_code="",
                updated_at=now(),
            )
            if not won:
                raise ConcurrentChange("somebody else was faster; look at it again", id=job_id)
            _record(job, before, target, actor)
            transaction.on_commit(lambda: hint(job_id))
    except IntegrityError:
        raise Duplicate(
            f"another job {job.kind} for {job.key!r} is queued already", id=job_id
        ) from None
    job.refresh_from_db()
    return job


def _record(job: Job, before: str, target: str, actor: Actor) -> None:
    record(
        "job.run_again",
        object_type="job",
        object_id=job.pk,
        actor=actor,
        project_id=job.actor_project_id,
        changes={
            "state": Change(old=before, new=target),
            "error_code": Change(old=job.error_code, new=""),
        },
    )
