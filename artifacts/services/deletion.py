"""Deleting: first the row says so (restorable within the grace time), then it becomes a tombstone and the bytes go."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, Blob, Location, Member, StoredObject, Tag
from artifacts.selectors import locked
from artifacts.services import sessions
from artifacts.services.objects import let_go, remove
from artifacts.services.writing import move, require_revision
from artifacts.types import ArtifactType, absent
from catalog import failpoints
from catalog.actors import Actor
from catalog.clock import database_time, now
from catalog.conf import section
from catalog.errors import Protected
from catalog.events.recording import Change

AFTER_MARK = failpoints.declare(
    "delete.after_mark", "the row says deleted, everything else is there"
)


def delete(
    artifact_id: str,
    *,
    kind: ArtifactType,
    actor: Actor,
    revision: int | None = None,
    purge: bool = False,
) -> None:
    """Delete the artifact: restorable within the grace time, or for good when `purge` is set.

    NotFound when it is gone already; Protected when it is protected; PreconditionFailed when `revision` is given and
    the artifact has another one by now.
    """
    with transaction.atomic():
        artifact = locked(artifact_id)
        if artifact is None:
            raise absent(kind.name, artifact_id)
        kind.guard.require("delete", artifact, actor)
        require_revision(artifact, revision)
        if artifact.protected:
            raise Protected(f"{artifact_id} is protected and cannot be deleted", id=artifact_id)
        values = {"deleted_at": database_time(), "restores_to": artifact.status}
        changes = {"purged": Change(new=True)} if purge else {}
        move(
            artifact,
            "delete",
            kind=kind,
            actor=actor,
            event="delete",
            values=values,
            changes=changes,
        )
    failpoints.reach(AFTER_MARK)
    if purge or section(ArtifactsConfig).restore_grace <= 0:
        scrub(artifact_id)


def scrub(artifact_id: str, *, deleted_before: datetime | None = None) -> None:
    """Make a deleted row a tombstone (id, type, doc_version) and let its bytes go; repeatable.

    With `deleted_before` nothing happens to a row that was restored meanwhile, and perhaps deleted again.
    """
    with transaction.atomic():
        rows = Artifact.objects.filter(pk=artifact_id, deleted_at__isnull=False, scrubbed_at=None)
        if deleted_before is not None:
            rows = rows.filter(deleted_at__lte=deleted_before)
        if not rows.update(**_TOMBSTONE, scrubbed_at=now()):
            return
        freed = _free(artifact_id)
    for object_id in freed:
        remove(object_id)


def scrub_due(limit: int = 200) -> int:
    """Scrub deleted rows whose grace time is over, the oldest first; how many there were."""
    end = database_time() - timedelta(seconds=section(ArtifactsConfig).restore_grace)
    rows = Artifact.objects.filter(deleted_at__lte=end, scrubbed_at=None).order_by("deleted_at")
    ids = list(rows.values_list("id", flat=True)[:limit])
    for artifact_id in ids:
        scrub(artifact_id, deleted_before=end)
    return len(ids)


_TOMBSTONE: dict[str, Any] = {
    "name": None,
    "version": "",
    "size": None,
    "disk_format": None,
    "container_format": None,
    "fields": {},
    "properties": {},
    "violations": [],
    "restores_to": "",
}


def _free(artifact_id: str) -> list[int]:
    """Drop everything that hangs on the row; ids of the objects that nobody refers to any more.

    An upload still running keeps its object: it finds the row gone, and takes its own bytes back.
    """
    Tag.objects.filter(artifact_id=artifact_id).delete()
    Member.objects.filter(artifact_id=artifact_id).delete()
    locations = Location.objects.filter(blob__artifact_id=artifact_id, stored_object__isnull=False)
    ids = list(locations.values_list("stored_object_id", flat=True))
    Location.objects.filter(blob__artifact_id=artifact_id).delete()
    parts = sessions.drop_all(artifact_id)
    Blob.objects.filter(artifact_id=artifact_id).delete()
    let_go(ids)
    gone = StoredObject.objects.filter(pk__in=[*ids, *parts], state="deleting")
    return list(gone.values_list("pk", flat=True))
