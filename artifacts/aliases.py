"""The doors to aliases: names that lead to one artifact now and to another later.

An alias is its project's own, or public: then everybody finds it. Of two with the same name one's own comes first.
Nothing here says that the artifact may be seen: who follows an alias goes through that artifact's own door.
"""

import re

from django.db.models import Q, QuerySet

from artifacts.models import Alias, AliasMove
from artifacts.types import type_named
from artifacts.visibility import PUBLIC
from catalog.actors import Actor
from catalog.errors import InvalidParameter, NotFound
from catalog.query import Page

LONGEST = 255
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def looks_like_id(text: str) -> bool:
    """Whether it could be an artifact's or an alias's id; no alias is named so."""
    return _ID.fullmatch(text) is not None


def visible(actor: Actor, *, type: str) -> QuerySet[Alias]:  # noqa: A002 - the field's name
    rows = Alias.objects.filter(type=type)
    if actor.is_admin:
        return rows
    public = Q(visibility=PUBLIC)
    return rows.filter(public | Q(project_id=actor.project_id) if actor.project_id else public)


def found_by_name(actor: Actor, name: str, *, type: str) -> Alias | None:  # noqa: A002 - the same
    """What the name means to the actor: its project's alias, else the public one."""
    if not 0 < len(name) <= LONGEST or "\x00" in name:
        return None
    rows = Alias.objects.filter(type=type, name=name)
    own = rows.filter(project_id=actor.project_id).first() if actor.project_id else None
    return own or rows.filter(visibility=PUBLIC).first()


def alias_for(actor: Actor, id_or_name: str, *, type: str) -> Alias:  # noqa: A002 - the same
    """The alias; NotFound when it is absent or another project's."""
    if looks_like_id(id_or_name):
        found = visible(actor, type=type).filter(pk=id_or_name.lower()).first()
    else:
        found = found_by_name(actor, id_or_name, type=type)
    if found is None:
        noun = type_named(type).alias
        raise NotFound(f"there is no {noun} {id_or_name[:80]!r}", alias=id_or_name[:LONGEST])
    return found


def listed(rows: QuerySet[Alias], page: Page) -> tuple[list[Alias], bool]:
    """One page by name, and whether more follows; InvalidParameter for a marker that is not among `rows`."""
    after = Q()
    if page.marker is not None:
        marker = rows.filter(pk=page.marker.lower()).first() if looks_like_id(page.marker) else None
        if marker is None:
            raise InvalidParameter(
                f"marker {page.marker!r} is not in this list", marker=page.marker
            )
        after = Q(name__gt=marker.name) | Q(name=marker.name, id__gt=marker.pk)
    found = list(rows.filter(after).order_by("name", "id")[: page.limit + 1])
    return found[: page.limit], page.limit > 0 and len(found) > page.limit


def moves_of(
    alias: Alias, *, limit: int, before: int | None = None
) -> tuple[list[AliasMove], bool]:
    """Where it led, the newest first, and whether more follows."""
    rows = AliasMove.objects.filter(alias=alias)
    rows = rows if before is None else rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: limit + 1])
    return found[:limit], limit > 0 and len(found) > limit
