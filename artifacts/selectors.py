"""The doors to artifacts: every one takes the actor, and hidden is the same as absent.

A list is made of disjoint branches, each served by an index: what is public, what belongs to the actor's project, what
is shared with it, and (when asked) what is community. An OR over them would read the whole table.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from artifacts import sorting
from artifacts.models import Artifact, Member
from artifacts.rows import row_after
from catalog.actors import Actor
from catalog.errors import InvalidParameter, NotFound
from catalog.query import Page, Sort

PRIVATE, SHARED, COMMUNITY, PUBLIC = "private", "shared", "community", "public"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of what the actor may see a list is about; `visibility` None: the usual, without foreign community."""

    visibility: Literal["private", "shared", "community", "public", "all"] | None = None
    member_status: Literal["pending", "accepted", "rejected", "all"] = "accepted"


def visible_by_id(actor: Actor) -> Q:
    """What the actor may fetch by id; any membership counts, whatever was answered to it."""
    if actor.is_admin:
        return Q()
    everyone = Q(visibility__in=(PUBLIC, COMMUNITY)) | Q(project_id=None)
    if actor.project_id is None:
        return everyone
    shared = Exists(Member.objects.filter(artifact=OuterRef("pk"), member_id=actor.project_id))
    return everyone | Q(project_id=actor.project_id) | (Q(visibility=SHARED) & Q(shared))


def artifacts_by_id(actor: Actor) -> QuerySet[Artifact]:
    return Artifact.objects.filter(visible_by_id(actor), deleted_at=None)


def artifact_for(actor: Actor, artifact_id: str, *, type: str) -> Artifact:  # noqa: A002 - the field's name
    """The artifact; NotFound when it is absent, deleted, of another type, or hidden from the actor."""
    found = (
        artifacts_by_id(actor).filter(pk=artifact_id, type=type).first()
        if storable(artifact_id)
        else None
    )
    if found is None:
        raise NotFound(f"there is no {type} artifact {artifact_id!r}", id=artifact_id)
    return found


def storable(text: str) -> bool:
    """Whether a database can compare with the text at all: ids that cannot exist are simply absent."""
    return len(text) <= 36 and "\x00" not in text and text.isprintable()


def locked(artifact_id: str) -> Artifact | None:
    """The row, held until the transaction ends; the caller has checked the rights or does so now."""
    rows = Artifact.objects.filter(pk=artifact_id, deleted_at=None)
    if connection.features.has_select_for_update:
        rows = rows.select_for_update()
    return rows.first()


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of a list. `few`: it is read whole through what it has few of (memberships, rows that nobody owns) and
    sorted, never by a sort's index, which the planner would walk from end to end for rows that are not there.
    """

    condition: Q
    few: bool = False


def branches(actor: Actor, scope: Scope) -> list[Branch]:
    """Disjoint conditions whose union is the list, each with an index of its own."""
    if actor.is_admin:
        return [Branch(_of_admin(actor, scope))]
    own = Q(project_id=actor.project_id) if actor.project_id else None
    found: list[Branch] = []
    asked = scope.visibility
    if own is not None and asked in (None, "all", PRIVATE, SHARED, COMMUNITY):
        mine = own & Q(public=False)
        found.append(Branch(mine if asked in (None, "all") else mine & Q(visibility=asked)))
    if asked in (None, "all", PUBLIC):
        found.append(Branch(Q(public=True)))
    if asked in (None, "all", SHARED) and actor.project_id:
        found.append(Branch(_shared_with(actor.project_id, scope.member_status), few=True))
    if asked in ("all", COMMUNITY):
        found.append(Branch(_not_own(actor) & Q(visibility=COMMUNITY)))
    if asked in (None, "all"):
        nobodys = Q(project_id=None, visibility__in=(PRIVATE, SHARED))
        found.append(Branch(nobodys, few=True))
    return found


def _of_admin(actor: Actor, scope: Scope) -> Q:
    if scope.visibility == "all":
        return Q()
    if scope.visibility is None:
        return ~Q(visibility=COMMUNITY) | Q(project_id=actor.project_id)
    return Q(visibility=scope.visibility)


def _not_own(actor: Actor) -> Q:
    if actor.project_id is None:
        return Q()
    return ~Q(project_id=actor.project_id) | Q(project_id=None)


def _shared_with(project_id: str, member_status: str) -> Q:
    rows = Member.objects.filter(member_id=project_id)
    if member_status != "all":
        rows = rows.filter(status=member_status)
    return (
        Q(pk__in=rows.values("artifact_id"))
        & Q(visibility=SHARED)
        & ~Q(project_id=project_id)
        & Q(project_id__isnull=False)
    )


def page_of(
    rows: QuerySet[Artifact], parts: Sequence[Branch], page: Page, marker: Artifact | None
) -> list[str]:
    """Ids of one page in order, one more than the limit when there is a next page.

    `rows` carries the filters. Only keys are read here.
    """
    sorts = _with_ties(page.sorts)
    after = None if marker is None else _key_values(marker, sorts)
    lists = [
        list(_sorted(rows.filter(part.condition), sorts, after, part)[: page.limit + 1])
        for part in parts
    ]
    if len(lists) == 1:
        return [row[-1] for row in lists[0]]
    return [row[-1] for row in _merged(lists, sorts)][: page.limit + 1]


def _sorted(
    rows: QuerySet[Artifact], sorts: Sequence[Sort], after: list[Any] | None, part: Branch
) -> QuerySet[Artifact, tuple[Any, ...]]:
    """The branch's keys and ids in order, from the row after `after` on."""
    keys: list[Combinable] = [sorting.KEYS[s.field] for s in sorts]
    if part.few:
        keys = [Coalesce(key, key) for key in keys]
    names = [f"key_{i}" for i in range(len(keys))]
    annotated = rows.annotate(**dict(zip(names, keys, strict=True)))
    if after is not None:
        annotated = annotated.filter(row_after(sorts, keys, after))
    order = [F(n).desc() if s.descending else F(n).asc() for n, s in zip(names, sorts, strict=True)]
    return annotated.order_by(*order).values_list(*names, "id")


def _with_ties(sorts: Iterable[Sort]) -> list[Sort]:
    found = list(sorts) or [Sort("created_at", descending=True)]
    direction = found[0].descending if len(found) == 1 else True
    have = {s.field for s in found}
    if "id" in have:
        return found[: [s.field for s in found].index("id") + 1]
    return [*found, *(Sort(t, direction) for t in sorting.TIES if t not in have)]


def _key_values(marker: Artifact, sorts: Sequence[Sort]) -> list[Any]:
    empty = {"size": 0, "name": "", "container_format": "", "disk_format": ""}
    return [
        empty[s.field]
        if s.field in empty and getattr(marker, s.field) is None
        else getattr(marker, s.field)
        for s in sorts
    ]


def _merged(lists: list[list[tuple[Any, ...]]], sorts: Sequence[Sort]) -> Iterable[tuple[Any, ...]]:
    if len({s.descending for s in sorts}) == 1:
        return heapq.merge(*lists, key=lambda row: row[:-1], reverse=sorts[0].descending)
    rows = [row for one in lists for row in one]
    for position, one in reversed(list(enumerate(sorts))):
        rows.sort(key=lambda row, p=position: row[p], reverse=one.descending)  # type: ignore[misc]
    return rows


def marker_for(actor: Actor, marker: str, *, type: str) -> Artifact:  # noqa: A002 - the field's name
    """The row a page begins after; InvalidParameter when the actor cannot see it."""
    try:
        return artifact_for(actor, marker, type=type)
    except NotFound:
        raise InvalidParameter(f"marker {marker!r} is not in this list", marker=marker) from None
