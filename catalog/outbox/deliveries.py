"""The outbox: deliveries that consumers of changes still have to take in, written in the change's own transaction."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from catalog.clock import spelled
from catalog.outbox import waking
from catalog.sql import prepared

_UPSERT = """
INSERT INTO catalog_delivery
    (consumer, topic, object_id, project_id, generation, due_at, created_at, lease_owner, attempts, parked, error)
VALUES {rows}
ON CONFLICT (consumer, topic, object_id) DO UPDATE SET
    project_id = COALESCE(NULLIF(excluded.project_id, ''), catalog_delivery.project_id),
    generation = catalog_delivery.generation + 1, due_at = excluded.due_at, parked = excluded.parked,
    attempts = 0, error = ''
"""


def add_deliveries(
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
