"""Writing events, and the deliveries that follow from them, inside the change's own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from catalog.actors import Actor
from catalog.events.shortening import shortened
from catalog.models import Event
from catalog.notifications import notices
from catalog.notifications.notices import Draft
from catalog.outbox.deliveries import add_deliveries
from catalog.sql import prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an event remembers of one field, of long values a digest and the length; secret values are left out by
    whoever makes it.
    """

    old: Any = None
    new: Any = None


def record(
    kind: str,
    *,
    object_type: str,
    object_id: str,
    actor: Actor,
    project_id: str | None = None,
    changes: Mapping[str, Change] | None = None,
    topic: str | None = None,
) -> None:
    """Append an event and, when `topic` is given, add a delivery of the object's newest state to the search index.

    `topic` is the resource type of the object's documents. RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{kind} is recorded outside the transaction of its change")
    event = Event(
        kind=kind,
        object_type=object_type,
        object_id=object_id,
        project_id=project_id,
        actor_user_id=actor.user_id,
        actor_project_id=actor.project_id,
        request_id=actor.request_id,
        changes={
            path: [shortened(change.old), shortened(change.new)]
            for path, change in (changes or {}).items()
        },
    )
    prepared.insert([event])
    if topic is not None:
        add_deliveries("search", topic, [object_id], projects={object_id: project_id})
    if notices.note(event):
        add_deliveries(notices.CONSUMER, object_type, [object_id], projects={object_id: project_id})


def announce(draft: Draft, *, object_type: str, object_id: str, actor: Actor) -> None:
    """Tell other programs of what changed nothing, and so is no event of anybody's history."""
    happened = Event(
        kind=draft.event_type,
        object_type=object_type,
        object_id=object_id,
        actor_user_id=actor.user_id,
        actor_project_id=actor.project_id,
        request_id=actor.request_id,
    )
    with transaction.atomic():
        notices.keep([draft], event=happened)
        add_deliveries(notices.CONSUMER, object_type, [object_id])
