"""Deliveries that failed so often that they were set aside, and their second chance."""

from collections.abc import Iterable

from django.db import transaction

from catalog.actors import Actor
from catalog.clock import database_now
from catalog.events.recording import Change, record
from catalog.models import Delivery
from catalog.outbox import waking


def retry(ids: Iterable[int], *, actor: Actor) -> int:
    """Make parked deliveries due again, as if they had never failed; how many were parked.

    The caller has made sure that the actor is an operator.
    """
    with transaction.atomic():
        parked = Delivery.objects.filter(pk__in=list(ids), parked=True).order_by("id")
        rows = list(parked.values_list("pk", "topic", "object_id"))
        found = Delivery.objects.filter(pk__in=[pk for pk, _, _ in rows], parked=True).update(
            parked=False,
            attempts=0,
            error="",
            due_at=database_now(),
            lease_owner="",
            lease_until=None,
        )
        for pk, topic, object_id in rows:
            record(
                "delivery.retry",
                object_type="delivery",
                object_id=str(pk),
                actor=actor,
                changes={"parked": Change(old=True, new=False), topic: Change(new=object_id)},
            )
        transaction.on_commit(waking.wake)
    return found
