"""Resumable uploads: a session gathers parts, then they become an ordinary upload.

::

    open       a session of a known length; the artifact stays as it is
    claim      one writer at a time, at the offset that the session tells        (a lease)
    keep       a part is durable in the store: it is written down, the offset moves on
    complete   the bytes are the artifact's own, the parts go                    (with the upload's last transaction)
    end        by the client, by a refusal at the end, by expiry, or with the artifact

Parts are blobs of their own in the store that the upload goes to, so any store will do, every process can resume, and
nothing that was acknowledged depends on a process's memory. The last part is kept by nobody: its offset is told once
the whole is accepted, so a client that hears nothing sends it again, and with it the end is tried again.
"""

import os
import socket
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.db.models import Expression, Q

from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, StoredObject, UploadPart, UploadSession
from artifacts.selectors import locked
from artifacts.services.objects import discard, remove
from catalog.actors import Actor
from catalog.clock import database_now
from catalog.conf import section
from catalog.errors import Conflict, Gone, NotFound


class SessionExists(Conflict):
    """One session per slot: another one is open."""

    code = "upload_session_exists"


class SessionBusy(Conflict):
    """Another request is writing to the session."""

    code = "upload_session_busy"


class OffsetMismatch(Conflict):
    """The session goes on from another offset."""

    code = "upload_offset_mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to write to a session, from `offset` on, as long as the lease of `owner` is renewed."""

    session_id: str
    artifact_id: str
    store: str
    owner: str
    offset: int
    length: int
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes on their way into the store, or there."""

    object_id: int
    store: str
    key: str


def open_session(
    artifact: Artifact,
    *,
    slot: str,
    store: str,
    length: int,
    digests: Mapping[str, str],
    client_metadata: str,
    actor: Actor,
) -> UploadSession:
    """A session that takes `length` bytes. SessionExists, Gone."""
    with transaction.atomic():
        if locked(artifact.pk) is None:
            raise Gone("it was deleted", id=artifact.pk)
        freed = _drop_expired(artifact, slot)
        try:
            with transaction.atomic():
                found = UploadSession.objects.create(
                    artifact=artifact,
                    slot=slot,
                    store=store,
                    length=length,
                    digests=dict(digests),
                    client_metadata=client_metadata,
                    expires_at=_expiry(),
                    created_by=actor.user_id,
                )
        except IntegrityError:
            raise _exists(artifact, "") from None
        _remove_after_commit(freed)
        found.refresh_from_db(fields=["expires_at"])
    return found


def sessions_of(artifact: Artifact) -> list[UploadSession]:
    """The sessions that are open, and those whose end is not long ago."""
    rows = UploadSession.objects.filter(artifact=artifact, expires_at__gt=database_now())
    return list(rows.order_by("created_at", "id"))


def session_of(artifact: Artifact, session_id: str) -> UploadSession:
    """NotFound when there is none, or when it expired."""
    rows = UploadSession.objects.filter(artifact=artifact, expires_at__gt=database_now())
    found = rows.filter(pk=session_id[:36]).first()
    if found is None or found.pk != session_id:
        raise NotFound("there is no such upload session; it may have expired", id=session_id[:40])
    return found


def claim(session: UploadSession, *, offset: int) -> Claim:
    """Become the one writer. SessionBusy while another one is, OffsetMismatch when it goes on elsewhere."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    free = Q(lease_until=None) | Q(lease_until__lt=database_now())
    with transaction.atomic():
        rows = UploadSession.objects.filter(pk=session.pk, state="open")
        if not rows.filter(free).update(lease_owner=owner, lease_until=_lease_end()):
            raise SessionBusy(
                "another request is writing to this upload session",
                id=session.pk,
                headers={"Retry-After": "1"},
            )
        session.refresh_from_db()
        if session.received != offset:
            raise OffsetMismatch(
                f"the session goes on from {session.received}, not from {offset}",
                expected=session.received,
                found=offset,
            )
    return Claim(
        session_id=session.pk,
        artifact_id=session.artifact_id,
        store=session.store,
        owner=owner,
        offset=session.received,
        length=session.length,
        digests=session.digests,
    )


def renew(claim: Claim) -> None:
    """Hold on to the session and to the part under way; Gone when the session is."""
    end = _lease_end()
    mine = UploadSession.objects.filter(pk=claim.session_id, lease_owner=claim.owner)
    if not mine.update(lease_until=end):
        raise _ended(claim)
    StoredObject.objects.filter(lease_owner=claim.owner, state="writing").update(lease_until=end)


def wanted(session_ids: Collection[str]) -> set[str]:
    """Those of the sessions that nobody ended, and whose artifact is there."""
    rows = UploadSession.objects.filter(pk__in=session_ids, artifact__deleted_at=None)
    return set(rows.values_list("pk", flat=True))


def release(claim: Claim) -> None:
    """Let the next writer in."""
    mine = UploadSession.objects.filter(pk=claim.session_id, lease_owner=claim.owner)
    mine.update(lease_owner="", lease_until=None)


def begin_part(claim: Claim) -> Part:
    """Say where the next bytes will lie, before any is there."""
    stored = StoredObject.objects.create(
        store=claim.store,
        key=uuid.uuid4().hex,
        lease_owner=claim.owner,
        lease_until=_lease_end(),
    )
    return Part(object_id=stored.pk, store=stored.store, key=stored.key)


def keep_part(claim: Claim, part: Part, *, start: int, size: int) -> None:
    """The part is durable: the session goes on behind it. Gone when the session is. Repeatable."""
    with transaction.atomic():
        if UploadPart.objects.filter(stored_object_id=part.object_id).exists():
            return
        session = UploadSession.objects.filter(
            pk=claim.session_id, lease_owner=claim.owner, state="open", received=start
        )
        stored = StoredObject.objects.filter(
            pk=part.object_id, state="writing", lease_owner=claim.owner
        )
        moved = session.update(received=start + size, expires_at=_expiry())
        if not moved or not stored.update(
            state="stored", size=size, references=1, lease_owner="", lease_until=None
        ):
            raise _ended(claim)
        UploadPart.objects.create(
            session_id=claim.session_id, stored_object_id=part.object_id, start=start, size=size
        )


def drop_part(part: Part) -> None:
    """Take back a part that nobody kept; harmless for one that was, or that is gone."""
    rows = StoredObject.objects.filter(pk=part.object_id)
    if rows.filter(state="writing").update(state="deleting", lease_owner="", lease_until=None):
        remove(part.object_id)
    elif not rows.exists():
        discard(part.store, part.key)


def kept_parts(claim: Claim) -> list[Part]:
    """The parts in their order."""
    rows = UploadPart.objects.filter(session_id=claim.session_id).select_related("stored_object")
    return [
        Part(
            object_id=row.stored_object_id, store=row.stored_object.store, key=row.stored_object.key
        )
        for row in rows.order_by("start")
    ]


def complete(claim: Claim) -> None:
    """The bytes are the artifact's own; inside the transaction that says so of the artifact. Gone when it ended."""
    mine = UploadSession.objects.filter(pk=claim.session_id, lease_owner=claim.owner, state="open")
    if not mine.update(state="done", received=claim.length, expires_at=_expiry()):
        raise _ended(claim)
    _remove_after_commit(_free_parts(claim.session_id))


def end(session_id: str) -> None:
    """End a session whatever it is doing; its parts go. Nothing happens when there is none."""
    with transaction.atomic():
        _remove_after_commit(_drop(session_id))


def end_open(artifact_id: str, *, but: str | None = None) -> None:
    """End what can lead nowhere, now that the artifact has its bytes: its open sessions but this one."""
    rows = UploadSession.objects.filter(artifact_id=artifact_id, state="open").exclude(pk=but)
    for pk in rows.values_list("pk", flat=True):
        end(pk)


def drop_all(artifact_id: str) -> list[int]:
    """End all sessions of an artifact, in the caller's transaction; ids of the objects that nobody refers to now."""
    rows = UploadSession.objects.filter(artifact_id=artifact_id).order_by("pk")
    return [one for pk in rows.values_list("pk", flat=True) for one in _drop(pk)]


def expired(limit: int = 200) -> list[str]:
    """Ids of the sessions whose time is over and that nobody writes to."""
    over = Q(expires_at__lte=database_now()) | Q(artifact__deleted_at__isnull=False)
    free = Q(lease_until=None) | Q(lease_until__lt=database_now())
    rows = UploadSession.objects.filter(over, free).order_by("expires_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def _drop_expired(artifact: Artifact, slot: str) -> list[int]:
    """Make room for a new session: what an expired one leaves to be removed. SessionExists while one is open."""
    rows = UploadSession.objects.filter(artifact=artifact, slot=slot, state="open")
    taken = rows.first()
    if taken is None:
        return []
    if not rows.filter(pk=taken.pk, expires_at__lte=database_now()).exists():
        raise _exists(artifact, taken.pk)
    return _drop(taken.pk)


def _drop(session_id: str) -> list[int]:
    """Held first, so that no part comes in between."""
    rows = UploadSession.objects.filter(pk=session_id)
    if connection.features.has_select_for_update:
        rows.select_for_update().first()
    freed = _free_parts(session_id)
    rows.delete()
    return freed


def _free_parts(session_id: str) -> list[int]:
    parts = UploadPart.objects.filter(session_id=session_id)
    ids = list(parts.values_list("stored_object_id", flat=True))
    parts.delete()
    StoredObject.objects.filter(pk__in=ids).update(state="deleting", references=0)
    return ids


def _remove_after_commit(object_ids: list[int]) -> None:
    def remove_all() -> None:
        for one in object_ids:
            remove(one)

    if object_ids:
        transaction.on_commit(remove_all)


def _exists(artifact: Artifact, session_id: str) -> SessionExists:
    return SessionExists(
        "the image has an open upload session: go on with it, or end it",
        id=artifact.pk,
        session=session_id,
    )


def _ended(claim: Claim) -> Gone:
    return Gone("the upload session ended while data was being sent", id=claim.session_id)


def _lease_end() -> Expression:
    return database_now(section(ArtifactsConfig).upload_lease)


def _expiry() -> Expression:
    return database_now(section(ArtifactsConfig).session_ttl)
