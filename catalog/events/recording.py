"""Writing events and the debts that follow from them, inside the change's own transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from catalog import prepared
from catalog.actors import Actor
from catalog.clock import spelled
from catalog.events import waking
from catalog.events.shortening import shortened
from catalog.models import Event
from catalog.notifications import notices
from catalog.notifications.notices import Draft

_UPSERT = """
INSERT INTO catalog_delivery
    (consumer, topic, object_id, project_id, generation, due_at, created_at, lease_owner, attempts, parked, error)
VALUES {rows}
ON CONFLICT (consumer, topic, object_id) DO UPDATE SET
    project_id = COALESCE(NULLIF(excluded.project_id, ''), catalog_delivery.project_id),
    generation = catalog_delivery.generation + 1, due_at = excluded.due_at, parked = excluded.parked,
    attempts = 0, error = ''
"""


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
    """Append an event and, when `topic` is given, owe the search index the object's newest state.

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
        owe("search", topic, [object_id], projects={object_id: project_id})
    if notices.note(event):
        owe(notices.CONSUMER, object_type, [object_id], projects={object_id: project_id})


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
        owe(notices.CONSUMER, object_type, [object_id])


def owe(
    consumer: str,
    topic: str,
    object_ids: Iterable[str],
    *,
    projects: Mapping[str, str | None] | None = None,
) -> None:
    """Upsert one delivery per object, and wake the consumer once the transaction commits.

    `projects`: object → the project that it belongs to, for consumers serve the projects in turn. Of an object that
    is not in it the delivery keeps the project that it has.
    """
    ids, owners = list(object_ids), projects or {}
    moment, stamp = spelled()
    row = f"(%s, %s, %s, %s, 1, {moment}, {moment}, '', 0, %s, '')"
    with prepared.cursor() as cursor:
        for start in range(0, len(ids), 100):
            part = ids[start : start + 100]
            values: list[Any] = []
            for one in part:
                values += [consumer, topic, one, owners.get(one) or "", *stamp, *stamp, False]
            cursor.execute(_UPSERT.format(rows=", ".join([row] * len(part))), values)
    transaction.on_commit(waking.wake)
