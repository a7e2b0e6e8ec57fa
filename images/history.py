"""What happened to an image, for each who may see it.

Administrators see everything. The owner's project sees what happened while the image was its own, also after its
deletion. Others see what happened since the image became visible to them (since it was published, or shared with their
project): neither earlier values, nor who did it, nor with whom else it is shared. Values of protected properties are
kept from those who may not read these, and locations from everybody but administrators.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from artifacts.models import Artifact
from artifacts.selectors import ever_known, storable
from artifacts.types import absent
from artifacts.visibility import COMMUNITY, PUBLIC, SHARED
from catalog.actors import Actor
from catalog.events import history
from catalog.models import Event
from images import protections
from images.artifact_type import IMAGES
from images.models import TYPE
from images.policies import ImageAction, ImagePolicy
from images.protections import PropertyAction

OPEN = frozenset({PUBLIC, COMMUNITY})
PROPERTY, MEMBER = "properties/", "members/"
PROTECTED = "(protected)"
ADMINISTRATORS = ("locations",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event as the actor may know it: `changes` by path as (old, new). Who did it is None for outsiders."""

    id: int
    kind: str
    created_at: datetime
    user_id: str | None
    project_id: str | None
    request_id: str | None
    changes: dict[str, tuple[Any, Any]]


def events_of(
    actor: Actor, image_id: str, *, limit: int, marker: int | None
) -> tuple[Iterator[Entry], bool]:
    """The newest events first, those older than the one called `marker`, read in portions while they are taken;
    whether more follow. NotFound.
    """
    image, inside = _image(actor, image_id)
    began = None if inside else _became_visible(actor, image)
    if not inside and began is None:
        return iter(()), False
    rows = history.newest(IMAGES.resource_type, image.pk, before=marker)
    if not actor.is_admin:
        rows = rows.filter(project_id=image.project_id)
    if began is not None:
        rows = rows.filter(id__gte=began.id).exclude(kind__startswith="image.member.")
    found = history.read(rows, limit)
    entries = (_entry(actor, one, inside=inside, began=began) for one in found)
    return entries, limit > 0 and rows[limit : limit + 1].exists()


def _image(actor: Actor, image_id: str) -> tuple[Artifact, bool]:
    """The image, a deleted one too when it is the actor's to know; whether the actor is no outsider."""
    rows = Artifact.objects.filter(ever_known(actor), pk=image_id.lower(), type=TYPE)
    row = rows.first() if storable(image_id) else None
    if row is None:
        raise absent(TYPE, image_id)
    ImagePolicy(actor).require(ImageAction.GET, row)
    inside = actor.is_admin or (row.project_id is not None and row.project_id == actor.project_id)
    return row, inside


def _became_visible(actor: Actor, image: Artifact) -> Event | None:
    """The event since which an outsider may know the image; None when nobody remembers."""
    events = history.newest(IMAGES.resource_type, image.pk)
    moves = events.filter(changes__has_key="visibility")
    if image.visibility in OPEN:
        return _opened(moves, OPEN)
    joined = events.filter(
        kind="image.member.create", changes__has_key=f"{MEMBER}{actor.project_id}"
    ).first()
    if joined is None:
        return None
    # A membership outlives the time in which the image is private, and tells nothing of it.
    return _opened(moves.filter(id__gt=joined.id), OPEN | {SHARED}, since=joined)


def _opened(
    changes_of_visibility: Iterable[Event], visible: frozenset[str], *, since: Event | None = None
) -> Event | None:
    """The one that made it visible for the last time; newest first. `since`, when it was so all along."""
    found = None
    for event in changes_of_visibility:
        old, new = event.changes["visibility"]
        if new not in visible:
            return found
        found = event
        if old not in visible:
            return found
    return since or found


def _entry(actor: Actor, event: Event, *, inside: bool, began: Event | None) -> Entry:
    changes = {path: _seen(actor, path, values) for path, values in event.changes.items()}
    if began is not None and event.id == began.id:
        changes = {
            path: (None, new)
            for path, (old, new) in changes.items()
            if old is None or path == "visibility"
        }
    return Entry(
        id=event.id,
        kind=event.kind,
        created_at=event.created_at,
        user_id=event.actor_user_id if inside else None,
        project_id=event.actor_project_id if inside else None,
        request_id=event.request_id or None if inside else None,
        changes={k: v for k, v in changes.items() if _told(actor, k, inside=inside)},
    )


def _told(actor: Actor, path: str, *, inside: bool) -> bool:
    """Whether the actor is told of this path at all: reasons of failures speak of stores and addresses."""
    if path.startswith(ADMINISTRATORS):
        return actor.is_admin
    return inside or path != "reason"


def _seen(actor: Actor, path: str, values: Iterable[Any]) -> tuple[Any, Any]:
    old, new = values
    if path.startswith(PROPERTY) and not protections.allows(
        actor, PropertyAction.READ, path.removeprefix(PROPERTY)
    ):
        return old and PROTECTED, new and PROTECTED
    return old, new
