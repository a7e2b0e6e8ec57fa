"""Consumers claim deliveries under a lease, acknowledge what they took in, and give back what failed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F, Q

from catalog.clock import database_now
from catalog.models import Delivery

PARK_AFTER = 8
AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery as it was claimed; acknowledging it later needs the same generation."""

    id: int
    topic: str
    object_id: str
    generation: int
    attempts: int


def claim(consumer: str, *, owner: str, lease: float, limit: int) -> list[Claim]:
    """Take up to `limit` due deliveries for `lease` seconds; rows another consumer holds are passed over."""
    due = (
        Delivery.objects.filter(consumer=consumer, parked=False, due_at__lte=database_now())
        .filter(Q(lease_until=None) | Q(lease_until__lt=database_now()))
        .order_by("due_at", "id")
    )
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        rows = list(due[:limit])
        Delivery.objects.filter(pk__in=[r.pk for r in rows]).update(
            lease_owner=owner, lease_until=database_now(lease)
        )
    return [Claim(r.pk, r.topic, r.object_id, r.generation, r.attempts) for r in rows]


def acknowledge(claims: Iterable[Claim], *, owner: str) -> None:
    """Delete what was taken in; a row written again meanwhile stays, is free at once, and as old as that write."""
    by_generation: dict[int, list[int]] = {}
    for one in claims:
        by_generation.setdefault(one.generation, []).append(one.id)
    with transaction.atomic():
        for generation, ids in by_generation.items():
            Delivery.objects.filter(pk__in=ids, generation=generation, lease_owner=owner).delete()
            Delivery.objects.filter(pk__in=ids, lease_owner=owner).update(
                lease_until=None, lease_owner="", created_at=F("due_at")
            )


def release(consumer: str, *, owner: str) -> None:
    """Free whatever the owner still holds, for it does not work at it any more."""
    Delivery.objects.filter(consumer=consumer, lease_owner=owner).update(
        lease_until=None, lease_owner=""
    )


def give_back(claims: Collection[Claim], *, owner: str, error: str, poison: bool) -> None:
    """Return deliveries that failed: later and later, and parked in the end, when the fault is their own (`poison`).

    A fault of who takes them (`poison=False`) is not counted, and they are due again in a moment: it is for the
    consumer to pause until all is well again.
    """
    for one in claims:
        attempts = one.attempts + (1 if poison else 0)
        delay = min(0.5 * 2 ** min(attempts, 10), 60.0) if poison else AGAIN_SECONDS
        Delivery.objects.filter(pk=one.id, lease_owner=owner, generation=one.generation).update(
            attempts=F("attempts") + (1 if poison else 0),
            error=error[:4000],
            parked=poison and attempts >= PARK_AFTER,
            due_at=database_now(delay),
        )
    Delivery.objects.filter(pk__in=[c.id for c in claims], lease_owner=owner).update(
        lease_until=None, lease_owner=""
    )


def outstanding(consumer: str, topic: str, object_ids: Collection[str] | None = None) -> int:
    """How many deliveries are still owed, parked ones not counted."""
    rows = Delivery.objects.filter(consumer=consumer, topic=topic, parked=False)
    if object_ids is not None:
        rows = rows.filter(object_id__in=object_ids)
    return rows.count()
