"""Who sees which artifact: one rule, stated here, and written here for the database, for the index and for policies.

A caller sees its project's own artifacts, public ones, those shared with its project, and community ones. All others
are for administrators alone, and so is what nobody owns and is private or shared, until it is given an owner.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, Literal, assert_never

from django.db.models import Exists, OuterRef, Q

from artifacts.models import EVERYBODYS, Member
from artifacts.types import Shown
from catalog import query
from catalog.actors import Actor
from catalog.query import Bool, Everything, Expression, Term, Terms, all_of, any_of

PRIVATE: Final = "private"
SHARED: Final = "shared"
COMMUNITY: Final = "community"
PUBLIC: Final = "public"
VISIBILITIES = (PRIVATE, SHARED, COMMUNITY, PUBLIC)
Visibility = Literal["private", "shared", "community", "public"]


class Reach(Enum):
    """How far an actor sees: everything, what its project may see, or what everyone may."""

    ALL = auto()
    PROJECT = auto()
    EVERYONES = auto()


class Part(Enum):
    """Why somebody who is no administrator sees an artifact. All but one's own are others'."""

    OWN = auto()
    PUBLIC = auto()
    SHARED = auto()
    COMMUNITY = auto()


SEEN: Mapping[Reach, tuple[Part, ...]] = MappingProxyType(
    {
        Reach.PROJECT: tuple(Part),
        Reach.EVERYONES: (Part.PUBLIC, Part.COMMUNITY),
    }
)
"""What a caller fetches by id; any membership counts, whatever was answered to it."""
EVERYTHING = Shown(own=frozenset(VISIBILITIES), others=frozenset(VISIBILITIES))
WHEN_ASKED = frozenset({Part.COMMUNITY})
"""What lists and searches leave out unless they are asked for it, as they do with memberships that are not accepted."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of what the actor may see a list is about; `visibility` None: the usual, without foreign community."""

    visibility: Visibility | Literal["all"] | None = None
    member_status: Literal["pending", "accepted", "rejected", "all"] = "accepted"


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of a list. `few`: it is read whole through what it has few of (memberships) and sorted, never by a sort's
    index, which the planner would walk from end to end for rows that are not there.
    """

    condition: Q
    few: bool = False


def reach(actor: Actor) -> Reach:
    if actor.is_admin:
        return Reach.ALL
    return Reach.EVERYONES if actor.project_id is None else Reach.PROJECT


# For the database


def reached(reach: Reach, project_id: str | None) -> Q:
    """The rows that are fetched by id."""
    if reach is Reach.ALL:
        return Q()
    return Q(*(_row(part, project_id) for part in SEEN[reach]), _connector=Q.OR)


def _row(part: Part, project_id: str | None) -> Q:
    match part:
        case Part.OWN:
            return Q(project_id=project_id)
        case Part.PUBLIC:
            return Q(visibility=PUBLIC)
        case Part.COMMUNITY:
            return Q(visibility=COMMUNITY)
        case Part.SHARED:
            member = Member.objects.filter(artifact=OuterRef("pk"), member_id=project_id)
            return Q(visibility=SHARED, project_id__isnull=False) & Q(Exists(member))
        case _:
            assert_never(part)


def branches(actor: Actor, scope: Scope) -> list[Branch]:
    """Disjoint conditions whose union is the list, each with an index of its own."""
    return branches_of(reach(actor), actor.project_id, scope)


def branches_of(reach: Reach, project_id: str | None, scope: Scope) -> list[Branch]:
    """The branches of everybody who reaches so far; an administrator's project may be None."""
    if reach is Reach.ALL:
        return [Branch(_of_admin(project_id, scope) & EVERYBODYS)]
    return [_branch(part, reach, project_id, scope) for part in SEEN[reach] if _listed(part, scope)]


def _listed(part: Part, scope: Scope) -> bool:
    """Whether the list holds rows of the part."""
    if scope.visibility is None:
        return part not in WHEN_ASKED
    if scope.visibility == "all":
        return True
    return part.name.lower() == scope.visibility or (
        part is Part.OWN and scope.visibility != PUBLIC
    )


def _branch(part: Part, reach: Reach, project_id: str | None, scope: Scope) -> Branch:
    own = Q(project_id=project_id)
    match part:
        case Part.OWN:
            kept = scope.visibility in (None, "all")
            return Branch(own & (Q(public=False) if kept else Q(visibility=scope.visibility)))
        case Part.PUBLIC:
            return Branch(Q(public=True))
        case Part.COMMUNITY:
            strangers = ~own | Q(project_id=None) if reach is Reach.PROJECT else Q()
            return Branch(strangers & Q(visibility=COMMUNITY) & EVERYBODYS)
        case Part.SHARED:
            return Branch(_shared_with(project_id, scope.member_status), few=True)
        case _:
            assert_never(part)


def _of_admin(project_id: str | None, scope: Scope) -> Q:
    if scope.visibility == "all":
        return Q()
    if scope.visibility is None:
        usual = ~Q(visibility=COMMUNITY)
        return usual if project_id is None else usual | Q(project_id=project_id)
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


def shown_rows(shown: Shown, project_id: str | None) -> Q:
    """Nothing to ask of the database where the rules let everything be shown."""
    if shown == EVERYTHING:
        return Q()
    nobodys = Q(project_id=None)
    found = ~nobodys & Q(visibility__in=sorted(shown.others))
    if project_id is not None:
        own = Q(project_id=project_id)
        found = (own & Q(visibility__in=sorted(shown.own))) | (found & ~own)
    return found | (nobodys & Q(visibility__in=_shown_of_nobody(shown)))


def _shown_of_nobody(shown: Shown) -> list[str]:
    return sorted(one for one in VISIBILITIES if told_visibility(one, None) in shown.others)


# For the index


def findable(reach: Reach, project_id: str | None) -> Expression:
    """The documents of the artifacts that the caller fetches by id, but for those that it has not accepted."""
    if reach is Reach.ALL:
        return Everything()
    return any_of(*(_document(part, project_id or "") for part in SEEN[reach]))


def unlisted(reach: Reach, project_id: str | None) -> Expression:
    """Of these, the documents that are found when they are asked for: community ones of others."""
    community = Term("visibility", COMMUNITY)
    if reach is Reach.EVERYONES or project_id is None:
        return community
    return Bool(filter=(community,), must_not=(Term("project_id", project_id),))


def shown_documents(shown: Shown, project_id: str | None) -> Expression:
    if shown == EVERYTHING:
        return Everything()
    owned, others = query.Exists("project_id"), Terms("visibility", tuple(sorted(shown.others)))
    nobodys = Terms("visibility", tuple(_shown_of_nobody(shown)))
    of_nobody = Bool(filter=(nobodys,), must_not=(owned,))
    if project_id is None:
        return any_of(all_of(owned, others), of_nobody)
    own = Term("project_id", project_id)
    return any_of(
        all_of(own, Terms("visibility", tuple(sorted(shown.own)))),
        Bool(filter=(owned, others), must_not=(own,)),
        of_nobody,
    )


def _document(part: Part, project_id: str) -> Expression:
    match part:
        case Part.OWN:
            return Term("project_id", project_id)
        case Part.PUBLIC:
            return Term("visibility", PUBLIC)
        case Part.COMMUNITY:
            return Term("visibility", COMMUNITY)
        case Part.SHARED:
            return all_of(
                Term("visibility", SHARED), query.Exists("project_id"), Term("members", project_id)
            )
        case _:
            assert_never(part)


# For policies


def told_visibility(visibility: str, project_id: str | None) -> str:
    """The visibility as rules are asked about it: what nobody owns is shared with nobody."""
    return PRIVATE if project_id is None and visibility == SHARED else visibility
