"""Making jobs and hinting at them."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from catalog.actors import Actor
from catalog.clock import database_now
from catalog.jobs.lifecycle import QUEUED
from catalog.models import Job


def enqueue(kind: str, input: Mapping[str, Any], *, actor: Actor, key: str | None = None) -> Job:  # noqa: A002
    """A queued job, hinted to the workers once the transaction commits.

    With `key`, a job of the same kind and key that is still queued is returned instead of a second one.
    """
    with transaction.atomic():
        job = _insert(kind, input, actor, key)
        transaction.on_commit(lambda: hint(job.id))
    return job


def hint(job_id: str) -> None:
    """Tell the workers about a job; a lost hint costs time, never the job (`catalog.jobs.reconciling`)."""
    import_string(settings.JOB_HINT)(job_id)


def _insert(kind: str, input: Mapping[str, Any], actor: Actor, key: str | None) -> Job:  # noqa: A002
    row = Job(
        kind=kind,
        key=key,
        input=dict(input),
        run_after=database_now(),
        actor_user_id=actor.user_id,
        actor_project_id=actor.project_id,
        request_id=actor.request_id,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            row.refresh_from_db(fields=["run_after"])
    except IntegrityError:
        waiting = Job.objects.filter(kind=kind, key=key, state=QUEUED).first()
        if waiting is None:
            return _insert(kind, input, actor, key)
        return waiting
    return row
