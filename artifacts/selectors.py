"""The doors to artifacts: every one takes the actor, and hidden is the same as absent (`artifacts.visibility`)."""

from typing import TypeVar

from django.db import connection
from django.db.models import Model, Q, QuerySet

from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact
from artifacts.types import absent
from artifacts.visibility import Reach, reach, reached
from catalog.actors import Actor
from catalog.clock import database_now
from catalog.conf import section
from catalog.errors import InvalidParameter, NotFound

M = TypeVar("M", bound=Model)


def within(reach: Reach, project_id: str | None) -> QuerySet[Artifact]:
    """What may be fetched by id."""
    return Artifact.objects.filter(reached(reach, project_id), deleted_at=None)


def artifacts_by_id(actor: Actor) -> QuerySet[Artifact]:
    return within(reach(actor), actor.project_id)


def ever_known(actor: Actor) -> Q:
    """What the actor may fetch by id, and deleted rows that were its project's, an administrator's all. One condition,
    so that hidden and absent take the same time.
    """
    if actor.is_admin:
        return Q()
    seen = reached(reach(actor), actor.project_id) & Q(deleted_at=None)
    return seen if actor.project_id is None else seen | Q(project_id=actor.project_id)


def artifact_for(actor: Actor, artifact_id: str, *, type: str) -> Artifact:  # noqa: A002 - the field's name
    """The artifact; NotFound when it is absent, deleted, of another type, or hidden from the actor."""
    found = (
        artifacts_by_id(actor).filter(pk=artifact_id.lower(), type=type).first()
        if storable(artifact_id)
        else None
    )
    if found is None:
        raise absent(type, artifact_id)
    return found


def storable(text: str) -> bool:
    """Whether a database can compare with the text at all: ids that cannot exist are simply absent."""
    return len(text) <= 36 and "\x00" not in text and text.isprintable()


def locked(artifact_id: str) -> Artifact | None:
    """The row, held until the transaction ends; the caller has checked the rights or does so now."""
    return held(Artifact.objects.filter(pk=artifact_id, deleted_at=None)).first()


def held(rows: QuerySet[M]) -> QuerySet[M]:
    """The rows, locked once they are read where the database has such locks; SQLite's transactions write alone."""
    return rows.select_for_update() if connection.features.has_select_for_update else rows


def deleted(actor: Actor, rows: QuerySet[Artifact]) -> QuerySet[Artifact]:
    """Of the rows those that were deleted and can be restored: the project's own, an administrator's all."""
    grace = section(ArtifactsConfig).restore_grace
    held = rows.filter(deleted_at__gt=database_now(-grace), scrubbed_at=None)
    if actor.is_admin:
        return held
    return held.filter(project_id=actor.project_id) if actor.project_id else held.none()


def deleted_before(actor: Actor, marker: str, *, type: str) -> Q:  # noqa: A002 - the field's name
    """What was deleted before the marker; InvalidParameter when that is not in the list."""
    rows = deleted(actor, Artifact.objects.filter(pk=marker.lower(), type=type))
    row = rows.first() if storable(marker) else None
    if row is None:
        raise InvalidParameter(f"marker {marker!r} is not in this list", marker=marker)
    same = Q(deleted_at=row.deleted_at, id__lt=row.pk)
    return Q(deleted_at__lt=row.deleted_at) | same


def marker_for(actor: Actor, marker: str, *, type: str) -> Artifact:  # noqa: A002 - the field's name
    """The row a page begins after; InvalidParameter when the actor cannot see it."""
    try:
        return artifact_for(actor, marker, type=type)
    except NotFound:
        raise InvalidParameter(f"marker {marker!r} is not in this list", marker=marker) from None
