"""The few ways in which artifact rows change; every service ends in one of them.

Each runs inside the caller's transaction, raises the versions, appends the event and adds a delivery of the new state
to the outbox.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import F

from artifacts.models import Artifact, Tag
from artifacts.types import ArtifactType
from catalog.actors import Actor
from catalog.clock import now
from catalog.errors import ConcurrentChange, PreconditionFailed
from catalog.events.recording import Change, record
from catalog.names import require_addressable
from catalog.outbox.deliveries import add_deliveries
from catalog.sql import prepared

LIVE, RESTORABLE = "deleted_at IS NULL", "deleted_at IS NOT NULL AND scrubbed_at IS NULL"
"""Which rows may be written."""

_UPDATE = """
UPDATE artifacts_artifact SET {columns}, doc_version = doc_version + 1
WHERE id = %s AND status = %s AND revision = %s AND {among}
"""


def insert(artifact: Artifact, *, kind: ArtifactType, tags: Collection[str], actor: Actor) -> None:
    """Write a new row; IntegrityError when the id or the version is taken. InvalidName for a tag of no address."""
    artifact.created_by = artifact.updated_by = actor.user_id
    prepared.insert([artifact])
    _add_tags(artifact, tags)
    _record(
        artifact,
        "create",
        kind=kind,
        actor=actor,
        changes={
            "name": Change(new=artifact.name),
            "status": Change(new=artifact.status),
            "visibility": Change(new=artifact.visibility),
        },
    )


def update(
    artifact: Artifact,
    *,
    kind: ArtifactType,
    actor: Actor,
    event: str,
    columns: Iterable[str],
    changes: Mapping[str, Change],
) -> None:
    """Write the named columns as they stand on `artifact`.

    ConcurrentChange when somebody else wrote the row since it was read.
    """
    values: dict[str, Any] = {name: getattr(artifact, name) for name in columns}
    _write(artifact, artifact.status, values, actor)
    _record(artifact, event, kind=kind, actor=actor, changes=changes)


def move(
    artifact: Artifact,
    transition: str,
    *,
    kind: ArtifactType,
    actor: Actor,
    event: str,
    values: Mapping[str, Any] | None = None,
    changes: Mapping[str, Change] | None = None,
) -> None:
    """Walk a transition of the type's table by one conditional UPDATE, writing `values` with it.

    IllegalTransition when the table has no such line, ConcurrentChange when another worker moved first.
    """
    before = artifact.status
    target = kind.machine.target(transition, before)
    _write(artifact, before, {"status": target, **(values or {})}, actor)
    _record(
        artifact,
        event,
        kind=kind,
        actor=actor,
        changes={"status": Change(old=before, new=target), **(changes or {})},
    )


def require_revision(artifact: Artifact, revision: int | None) -> None:
    """PreconditionFailed when the caller depends on a revision that the locked row no longer has."""
    if revision is not None and artifact.revision != revision:
        raise PreconditionFailed(
            "somebody else changed it in the meantime; read it again and decide anew",
            id=artifact.pk,
        )


def revive(artifact: Artifact, status: str, *, kind: ArtifactType, actor: Actor) -> None:
    """Take a deletion back: the row is in `status` again, with the size and judged as `artifact` says.

    ConcurrentChange when somebody was faster.
    """
    before = artifact.status
    values = {
        "status": status,
        "deleted_at": None,
        "restores_to": "",
        "size": artifact.size,
        "violations": artifact.violations,
        "checked_epoch": artifact.checked_epoch,
    }
    _write(artifact, before, values, actor, among=RESTORABLE)
    changes = {"status": Change(old=before, new=status)}
    _record(artifact, "restore", kind=kind, actor=actor, changes=changes)


def touch(artifact: Artifact, *, kind: ArtifactType) -> None:
    """Say that the index document changed though the row's own fields did not (members, tags, validity)."""
    Artifact.objects.filter(pk=artifact.pk).update(doc_version=F("doc_version") + 1)
    add_deliveries(
        "search", kind.resource_type, [artifact.pk], projects={artifact.pk: artifact.project_id}
    )


def replace_tags(artifact: Artifact, old: Iterable[str], new: Iterable[str]) -> None:
    """Let the artifact have the `new` tags instead of the `old` ones; InvalidName for a fresh one of no address."""
    gone, fresh = set(old) - set(new), set(new) - set(old)
    if gone:
        Tag.objects.filter(artifact=artifact, value__in=gone).delete()
    _add_tags(artifact, sorted(fresh))


def _add_tags(artifact: Artifact, tags: Collection[str]) -> None:
    for value in tags:
        require_addressable(value, "tag")
    prepared.insert([Tag(artifact=artifact, value=value) for value in tags])


def _write(
    artifact: Artifact,
    before: str,
    values: Mapping[str, Any],
    actor: Actor,
    *,
    among: str = LIVE,
) -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("artifacts are written inside a transaction")
    moment = now()
    written = {
        **values,
        "revision": artifact.revision + 1,
        "updated_at": moment,
        "updated_by": actor.user_id,
    }
    fields = [prepared.fields(Artifact)[name] for name in written]
    update = _UPDATE.format(
        columns=", ".join(f'"{one.column}" = %s' for one in fields), among=among
    )
    laid = [one.get_db_prep_save(written[one.name], connection) for one in fields]
    with prepared.cursor() as cursor:
        cursor.execute(update, [*laid, artifact.pk, before, artifact.revision])
        won = cursor.rowcount
    if not won:
        raise ConcurrentChange(
            "somebody else changed it in the meantime; read it again and retry", id=artifact.pk
        )
    for name, value in values.items():
        setattr(artifact, name, value)
    artifact.revision += 1
    artifact.doc_version += 1
    artifact.updated_at = moment


def _record(
    artifact: Artifact,
    event: str,
    *,
    kind: ArtifactType,
    actor: Actor,
    changes: Mapping[str, Change],
) -> None:
    record(
        f"{kind.event_prefix}.{event}",
        object_type=kind.resource_type,
        object_id=artifact.pk,
        actor=actor,
        project_id=artifact.project_id,
        changes=changes,
        topic=kind.resource_type,
    )
