"""The doors to artifacts: every one takes the actor, and hidden is the same as absent.

A list is made of disjoint branches, each served by an index: what is public, what belongs to the actor's project, what
is shared with it, and (when asked) what is community. An OR over them would read the whole table.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Literal, TypeVar

from django.db import connection
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from artifacts.conf import ArtifactsConfig
from artifacts.models import EVERYBODYS, Artifact, Member
from artifacts.types import absent
from catalog.actors import Actor
from catalog.clock import now
from catalog.conf import section
from catalog.errors import InvalidParameter, NotFound

M = TypeVar("M", bound=Model)
PRIVATE, SHARED, COMMUNITY, PUBLIC = "private", "shared", "community", "public"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of what the actor may see a list is about; `visibility` None: the usual, without foreign community."""

    visibility: Literal["private", "shared", "community", "public", "all"] | None = None
    member_status: Literal["pending", "accepted", "rejected", "all"] = "accepted"


class Reach(Enum):
    """How far an actor sees: everything, what its project may see, or what everyone may."""

    ALL = auto()
    PROJECT = auto()
    EVERYONES = auto()


def reach(actor: Actor) -> Reach:
    if actor.is_admin:
        return Reach.ALL
    return Reach.EVERYONES if actor.project_id is None else Reach.PROJECT


def within(reach: Reach, project_id: str | None) -> QuerySet[Artifact]:
    """What may be fetched by id; any membership counts, whatever was answered to it."""
    rows = Artifact.objects.filter(deleted_at=None)
    if reach is Reach.ALL:
        return rows
    everyone = Q(visibility__in=(PUBLIC, COMMUNITY)) | Q(project_id=None)
    if reach is Reach.EVERYONES:
        return rows.filter(everyone)
    shared = Exists(Member.objects.filter(artifact=OuterRef("pk"), member_id=project_id))
    return rows.filter(everyone | Q(project_id=project_id) | (Q(visibility=SHARED) & Q(shared)))


def artifacts_by_id(actor: Actor) -> QuerySet[Artifact]:
    return within(reach(actor), actor.project_id)


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


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of a list. `few`: it is read whole through what it has few of (memberships, rows that nobody owns) and
    sorted, never by a sort's index, which the planner would walk from end to end for rows that are not there.
    """

    condition: Q
    few: bool = False


def branches(actor: Actor, scope: Scope) -> list[Branch]:
    """Disjoint conditions whose union is the list, each with an index of its own."""
    return branches_of(reach(actor), actor.project_id, scope)


def branches_of(reach: Reach, project_id: str | None, scope: Scope) -> list[Branch]:
    """The branches of everybody who reaches so far; an administrator's project may be None."""
    if reach is Reach.ALL:
        return [Branch(_of_admin(project_id, scope) & EVERYBODYS)]
    mine = reach is Reach.PROJECT
    own = Q(project_id=project_id)
    found: list[Branch] = []
    asked = scope.visibility
    if mine and asked in (None, "all", PRIVATE, SHARED, COMMUNITY):
        owned = own & Q(public=False)
        found.append(Branch(owned if asked in (None, "all") else owned & Q(visibility=asked)))
    if asked in (None, "all", PUBLIC):
        found.append(Branch(Q(public=True)))
    if mine and asked in (None, "all", SHARED):
        found.append(Branch(_shared_with(project_id, scope.member_status), few=True))
    if asked in ("all", COMMUNITY):
        strangers = ~own | Q(project_id=None) if mine else Q()
        found.append(Branch(strangers & Q(visibility=COMMUNITY) & EVERYBODYS))
    if asked in (None, "all"):
        nobodys = Q(project_id=None, visibility__in=(PRIVATE, SHARED))
        found.append(Branch(nobodys, few=True))
    return found


def _of_admin(project_id: str | None, scope: Scope) -> Q:
    if scope.visibility == "all":
        return Q()
    if scope.visibility is None:
        return ~Q(visibility=COMMUNITY) | Q(project_id=project_id)
    return Q(visibility=scope.visibility)


def _shared_with(project_id: str | None, member_status: str) -> Q:
    rows = Member.objects.filter(member_id=project_id)
    if member_status != "all":
        rows = rows.filter(status=member_status)
    return (
        Q(pk__in=rows.values("artifact_id"))
        & Q(visibility=SHARED)
        & ~Q(project_id=project_id)
        & Q(project_id__isnull=False)
    )


def deleted(actor: Actor, rows: QuerySet[Artifact]) -> QuerySet[Artifact]:
    """Of the rows those that were deleted and can be restored: the project's own, an administrator's all."""
    grace = timedelta(seconds=section(ArtifactsConfig).restore_grace)
    held = rows.filter(deleted_at__gt=now() - grace, scrubbed_at=None)
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
