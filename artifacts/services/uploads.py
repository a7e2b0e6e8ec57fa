"""Bytes into a slot: begin, let them travel with no transaction open, finish or abandon.

::

    begin     artifact queued→saving, Blob saving, StoredObject writing under a lease     (one transaction)
    …         the bytes travel; `renew` keeps the lease
    commit    the store makes the bytes durable under their key
    finish    StoredObject stored, Location, Blob active, artifact active                 (one transaction)

What a crash leaves between these steps is taken back by `artifacts.services.reaping` once the lease has ended.
"""

import os
import socket
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Expression

from artifacts import configured_stores as store_registry
from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, Blob, Location, StoredObject
from artifacts.selectors import locked
from artifacts.services.objects import discard, remove
from artifacts.services.writing import move, update
from artifacts.types import ArtifactType
from catalog import failpoints
from catalog.actors import Actor
from catalog.clock import database_now
from catalog.conf import section
from catalog.errors import ConcurrentChange, Conflict, Gone
from catalog.events.recording import Change
from catalog.lifecycle import IllegalTransition
from stores import Ingested

AFTER_BEGIN = failpoints.declare(
    "upload.after_begin", "the upload is written down, no byte is read"
)
BEFORE_COMMIT = failpoints.declare(
    "upload.before_commit", "all bytes came, the store has no name for them"
)
AFTER_COMMIT = failpoints.declare("upload.after_commit", "the bytes are durable, no row says so")
AFTER_FINISH = failpoints.declare(
    "upload.after_finish", "the artifact is active, the client has no answer"
)


class BlobTaken(Conflict):
    """The slot has bytes already, or they are on their way."""

    code = "blob_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A running upload: whose bytes, where they go, and who holds the lease."""

    artifact_id: str
    project_id: str | None
    blob_id: int
    object_id: int
    store: str
    key: str
    owner: str
    kind: ArtifactType
    size_limit: int


def begin(
    artifact: Artifact,
    *,
    kind: ArtifactType,
    slot: str,
    actor: Actor,
    store: str | None = None,
    content_type: str = "application/octet-stream",
) -> Upload:
    """Reserve the slot. BlobTaken when it has bytes; IllegalTransition from a state that takes none."""
    name = store or store_registry.default_store()
    store_registry.require_writable(name)
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    with transaction.atomic():
        row = _current(artifact.pk)
        stored = StoredObject.objects.create(
            store=name, key=uuid.uuid4().hex, lease_owner=owner, lease_until=_lease_end()
        )
        blob = _reserve(row, slot, content_type, stored)
        if kind.on_upload[0]:
            _start(row, kind, actor)
    failpoints.reach(AFTER_BEGIN)
    limits = [section(ArtifactsConfig).size_limit, kind.slots[slot].max_size]
    return Upload(
        artifact_id=row.pk,
        project_id=row.project_id,
        blob_id=blob.pk,
        object_id=stored.pk,
        store=name,
        key=stored.key,
        owner=owner,
        kind=kind,
        size_limit=min(n for n in limits if n is not None),
    )


def renew(upload: Upload) -> None:
    """Hold the lease on; Gone when the upload was taken back or the artifact deleted."""
    kept = StoredObject.objects.filter(
        pk=upload.object_id, state="writing", lease_owner=upload.owner
    ).update(lease_until=_lease_end())
    alive = kept and Artifact.objects.filter(pk=upload.artifact_id, deleted_at=None).exists()
    if not alive:
        raise deleted(upload)


def deleted(upload: Upload) -> Gone:
    return Gone("it was deleted while its data was being uploaded", id=upload.artifact_id)


def wanted(object_ids: Collection[int]) -> set[int]:
    """Those of the running uploads whose artifact is still there, and that nobody took back."""
    rows = Blob.objects.filter(
        upload_id__in=object_ids, upload__state="writing", artifact__deleted_at=None
    )
    return set(rows.values_list("upload_id", flat=True))


def finished(upload: Upload) -> bool:
    """Whether the bytes are the artifact's own already."""
    return StoredObject.objects.filter(pk=upload.object_id, state="stored").exists()


def finish(
    upload: Upload,
    content: Ingested,
    *,
    actor: Actor,
    values: Callable[[Artifact], Mapping[str, Any]] = lambda _: {},
    changes: Mapping[str, Change] | None = None,
) -> Artifact:
    """Make the committed bytes the artifact's own; Gone when it was deleted meanwhile (nothing is left then).

    `changes` are told in the history beside what is told of every upload.
    """
    failpoints.reach(AFTER_COMMIT)
    try:
        with transaction.atomic():
            artifact = _finish(upload, content, actor, values, changes or {})
    except (Gone, ConcurrentChange):
        abandon(upload, actor=actor)
        raise
    failpoints.reach(AFTER_FINISH)
    return artifact


def abandon(upload: Upload, *, actor: Actor) -> None:
    """Take the upload back: the slot is free again, the bytes go; harmless when it is over already."""
    with transaction.atomic():
        mine = StoredObject.objects.filter(
            pk=upload.object_id, state="writing", lease_owner=upload.owner
        )
        taken = mine.update(state="deleting", lease_until=None)
        if taken:
            release(upload.artifact_id, upload.blob_id, kind=upload.kind, actor=actor)
    if taken:
        remove(upload.object_id)
    elif not StoredObject.objects.filter(pk=upload.object_id, state="stored").exists():
        # The reaper was first, and may have been there before the last bytes came.
        discard(upload.store, upload.key)


def release(artifact_id: str, blob_id: int, *, kind: ArtifactType, actor: Actor) -> None:
    """Free the slot of an upload that failed, and walk the artifact back; inside the caller's transaction."""
    Blob.objects.filter(pk=blob_id, status="saving").delete()
    artifact = locked(artifact_id)
    failed = kind.on_upload[2]
    if artifact is not None and failed and kind.machine.allows(failed, artifact.status):
        move(artifact, failed, kind=kind, actor=actor, event="upload_failed", values={"size": None})


def _finish(
    upload: Upload,
    content: Ingested,
    actor: Actor,
    values: Callable[[Artifact], Mapping[str, Any]],
    changes: Mapping[str, Change],
) -> Artifact:
    stored = StoredObject.objects.filter(
        pk=upload.object_id, state="writing", lease_owner=upload.owner
    )
    artifact = locked(upload.artifact_id)
    if artifact is None or not stored.update(
        state="stored",
        size=content.size,
        md5=content.digests.get("md5", ""),
        sha512=content.digests.get("sha512", ""),
        references=1,
        lease_until=None,
        lease_owner="",
    ):
        raise deleted(upload)
    Location.objects.create(
        blob_id=upload.blob_id,
        stored_object_id=upload.object_id,
        store=upload.store,
        url=f"vitrine+{upload.store}:///{upload.key}",
        metadata={"store": upload.store},
    )
    Blob.objects.filter(pk=upload.blob_id).update(status="active", upload=None)
    kind, found = upload.kind, dict(values(artifact))
    if kind.on_upload[1]:
        try:
            move(
                artifact,
                kind.on_upload[1],
                kind=kind,
                actor=actor,
                event="upload",
                values=found,
                changes={"size": Change(new=content.size), **changes},
            )
        except IllegalTransition as error:
            raise Gone(
                "its state changed while its data was being uploaded", id=artifact.pk
            ) from error
    else:
        for name, value in found.items():
            setattr(artifact, name, value)
        update(
            artifact, kind=kind, actor=actor, event="upload", columns=tuple(found), changes=changes
        )
    return artifact


def _start(artifact: Artifact, kind: ArtifactType, actor: Actor) -> None:
    move(artifact, kind.on_upload[0], kind=kind, actor=actor, event="prepare")


def _reserve(artifact: Artifact, slot: str, content_type: str, stored: StoredObject) -> Blob:
    taken = Blob.objects.filter(artifact=artifact, slot=slot, key="").first()
    if taken is not None:
        state = "has data already" if taken.status == "active" else "is being uploaded already"
        raise BlobTaken(f"the {slot} of {artifact.pk} {state}", id=artifact.pk, slot=slot)
    try:
        with transaction.atomic():
            return Blob.objects.create(
                artifact=artifact, slot=slot, content_type=content_type, upload=stored
            )
    except IntegrityError:
        raise BlobTaken(
            f"the {slot} of {artifact.pk} is being uploaded already", id=artifact.pk, slot=slot
        ) from None


def _current(artifact_id: str) -> Artifact:
    row = locked(artifact_id)
    if row is None:
        raise Gone("it was deleted", id=artifact_id)
    return row


def _lease_end() -> Expression:
    return database_now(section(ArtifactsConfig).upload_lease)
