"""Making jobs and hinting at them."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.module_loading import import_string

from catalog.actors import Actor
from catalog.clock import database_now
from catalog.jobs.lifecycle import QUEUED
from catalog.jobs.registry import places_of
from catalog.models import Job


def enqueue(kind: str, input: Mapping[str, Any], *, actor: Actor, key: str | None = None) -> Job:  # noqa: A002
    """A queued job, hinted to the workers once the transaction commits.

    With `key`, a job of the same kind and key that waits, for its first attempt or another one, is returned instead of
    a second one. One that runs is not: what it read may be older than what this one is for. The new job then waits
    until that one has ended: no two of a key are under way.

    Of a kind that runs few at once nothing is hinted where as many of the project wait as there are places: one that
    ends hints at the next, and hints of a hundred do not stand before those of others.
    """
    with transaction.atomic():
        job = _insert(kind, input, actor, key)
        if not _many_wait(job):
            transaction.on_commit(lambda: hint(job.id))
    return job


def hint(job_id: str) -> None:
    """Tell the workers about a job; a lost hint costs time, never the job (`catalog.jobs.reconciling`)."""
    import_string(settings.JOB_HINT)(job_id)


def _insert(kind: str, input: Mapping[str, Any], actor: Actor, key: str | None) -> Job:  # noqa: A002
    if (queued := _queued(kind, key)) is not None:
        return queued
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
        return _insert(kind, input, actor, key)
    return row


def _many_wait(job: Job) -> bool:
    places = places_of(job)
    if places is None:
        return False
    waiting = Job.objects.filter(
        kind=job.kind, state=QUEUED, actor_project_id=job.actor_project_id
    ).exclude(pk=job.pk)
    return waiting[: places.total].count() >= places.total


def _queued(kind: str, key: str | None) -> Job | None:
    """The job of this key that waits; it cannot be claimed before the caller's transaction ends."""
    if key is None:
        return None
    rows = Job.objects.filter(kind=kind, key=key, state=QUEUED).order_by("attempts")
    if connection.features.has_select_for_update:
        rows = rows.select_for_update()
    return rows.first()
