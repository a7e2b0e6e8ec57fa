"""Bringing a deleted artifact back within the grace time, and letting it go before that ends.

Until it is scrubbed a deleted row keeps everything that hangs on it: restoring is one UPDATE. Who may delete may
restore; for everybody but the owner's project and administrators a deleted artifact is not there.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, Blob, StoredObject
from artifacts.selectors import ever_known, held, storable
from artifacts.services import validity, writing
from artifacts.services.deletion import scrub
from artifacts.types import ArtifactType, absent
from catalog.actors import Actor
from catalog.clock import database_now, database_time
from catalog.conf import section
from catalog.errors import Conflict, Duplicate, Gone
from catalog.events.recording import record


class NotDeleted(Conflict):
    """What is to be restored was not deleted."""

    code = "not_deleted"


class PastRestoring(Gone):
    """The grace time is over, or the bytes were let go before."""

    code = "past_restoring"


def restore(artifact_id: str, *, kind: ArtifactType, actor: Actor) -> Artifact:
    """The artifact as it was when it was deleted; one whose upload was cut by that is as before the upload.

    NotFound, Forbidden, NotDeleted, PastRestoring; Duplicate when its name and version were taken meanwhile.
    """
    try:
        with transaction.atomic():
            artifact = _held(artifact_id, kind, actor)
            if artifact.deleted_at is None:
                raise NotDeleted(f"{artifact_id} is not deleted", id=artifact_id)
            if artifact.scrubbed_at is not None or artifact.deleted_at <= horizon():
                raise PastRestoring(
                    f"{artifact_id} was deleted for good: the time for restoring it is over",
                    id=artifact_id,
                )
            _end_uploads(artifact)
            validity.judge(artifact, kind=kind, changed=frozenset())
            status = _status(artifact, kind)
            if status != artifact.restores_to:
                artifact.size = None  # of bytes that never came
            writing.revive(artifact, status, kind=kind, actor=actor)
    except IntegrityError:
        raise Duplicate(
            f"{artifact_id} cannot come back: its name and version belong to another one now",
            id=artifact_id,
        ) from None
    return artifact


def purge(artifact_id: str, *, kind: ArtifactType, actor: Actor) -> None:
    """Let go of a deleted artifact now. NotFound when it is gone for good already; Forbidden, NotDeleted."""
    with transaction.atomic():
        artifact = _held(artifact_id, kind, actor)
        if artifact.deleted_at is None:
            raise NotDeleted(f"{artifact_id} is not deleted", id=artifact_id)
        if artifact.scrubbed_at is not None:
            raise absent(kind.name, artifact_id)
        record(
            f"{kind.event_prefix}.purge",
            object_type=kind.resource_type,
            object_id=artifact.pk,
            actor=actor,
            project_id=artifact.project_id,
        )
    scrub(artifact_id, deleted_before=artifact.deleted_at)


def horizon() -> datetime:
    """What was deleted before is past restoring."""
    return database_time() - timedelta(seconds=section(ArtifactsConfig).restore_grace)


def _held(artifact_id: str, kind: ArtifactType, actor: Actor) -> Artifact:
    """The row, deleted or not, locked; the actor may delete it."""
    rows = held(Artifact.objects.filter(ever_known(actor), pk=artifact_id, type=kind.name))
    row = rows.first() if storable(artifact_id) else None
    if row is None:
        raise absent(kind.name, artifact_id)
    kind.guard.require("delete", row, actor)
    return row


def _end_uploads(artifact: Artifact) -> None:
    """Uploads that ran when it was deleted have lost; their bytes go a lease later, after the slowest writer's."""
    saving = Blob.objects.filter(artifact=artifact, status="saving")
    running = StoredObject.objects.filter(uploads__in=saving, state="writing")
    later = database_now(section(ArtifactsConfig).upload_lease)
    ids = list(running.values_list("pk", flat=True))
    StoredObject.objects.filter(pk__in=ids).update(
        state="deleting", lease_owner="", lease_until=later
    )
    saving.delete()


def _status(artifact: Artifact, kind: ArtifactType) -> str:
    """The status it had, unless that was on the way to another, or its bytes are not there."""
    present = set(artifact.blobs.filter(status="active").values_list("slot", flat=True))
    whole = all(one.name in present for one in kind.slots.values() if one.required)
    before = artifact.restores_to
    return before if before in kind.settled and (whole or before == kind.initial) else kind.initial
