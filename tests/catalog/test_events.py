"""Events and the deliveries that follow from them: nothing is lost, nothing is taken in twice for good."""

from datetime import timedelta

import pytest
from django.db import transaction

from catalog.actors import Actor
from catalog.clock import now
from catalog.events.recording import Change, record
from catalog.models import Delivery, Event
from catalog.outbox.claiming import (
    AGAIN_SECONDS,
    PARK_AFTER,
    acknowledge,
    claim,
    give_back,
    outstanding,
)
from catalog.outbox.deliveries import add_deliveries

pytestmark = pytest.mark.django_db
ACTOR = Actor(user_id="u", project_id="p", request_id="req-1")


def write(object_id: str) -> None:
    with transaction.atomic():
        record(
            "thing.update",
            object_type="thing",
            object_id=object_id,
            actor=ACTOR,
            topic="T",
            changes={"name": Change(old="a", new="b")},
        )


def test_an_event_remembers_who_did_what() -> None:
    write("1")
    event = Event.objects.get()
    assert (event.kind, event.object_id, event.actor_user_id, event.request_id) == (
        "thing.update",
        "1",
        "u",
        "req-1",
    )
    assert event.changes == {"name": ["a", "b"]}
    assert outstanding("search", "T") == 1


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="outside the transaction"):
        record("thing.update", object_type="thing", object_id="1", actor=ACTOR)
    assert not Event.objects.exists()


def test_writes_of_one_object_become_one_delivery() -> None:
    for _ in range(3):
        write("1")
    write("2")
    assert {(d.object_id, d.generation) for d in Delivery.objects.all()} == {("1", 3), ("2", 1)}


def test_a_claimed_delivery_is_nobody_elses_until_its_lease_ends() -> None:
    write("1")
    (mine,) = claim("search", owner="a", lease=30, limit=10)
    assert claim("search", owner="b", lease=30, limit=10) == []
    Delivery.objects.update(lease_until=now() - timedelta(seconds=1))
    (theirs,) = claim("search", owner="b", lease=30, limit=10)
    assert theirs.id == mine.id
    acknowledge([mine], owner="a")
    assert outstanding("search", "T") == 1, "the one whose lease ended acknowledges nothing"
    acknowledge([theirs], owner="b")
    assert outstanding("search", "T") == 0


def test_a_write_during_the_work_keeps_the_debt() -> None:
    write("1")
    (mine,) = claim("search", owner="a", lease=30, limit=10)
    write("1")
    acknowledge([mine], owner="a")
    assert outstanding("search", "T") == 1
    (again,) = claim("search", owner="a", lease=30, limit=10)
    assert again.generation == mine.generation + 1


def test_poison_is_parked_and_an_engine_away_is_not() -> None:
    write("poison")
    write("patient")
    for attempt in range(PARK_AFTER + 1):
        Delivery.objects.update(due_at=now() - timedelta(seconds=1))
        claims = claim("search", owner="a", lease=30, limit=10)
        assert claims or attempt == PARK_AFTER
        began = now()
        for one in claims:
            give_back([one], owner="a", error="because", poison=one.object_id == "poison")
    parked = Delivery.objects.get(object_id="poison")
    assert (parked.parked, parked.error) == (True, "because")
    patient = Delivery.objects.get(object_id="patient")
    assert not patient.parked
    assert patient.due_at >= began + timedelta(seconds=AGAIN_SECONDS)
    write("poison")
    assert not Delivery.objects.get(object_id="poison").parked, "a new write tries again"


def test_many_deliveries_at_once() -> None:
    with transaction.atomic():
        add_deliveries("search", "T", [str(n) for n in range(450)])
    assert Delivery.objects.count() == 450


def change_and_fail() -> None:
    with transaction.atomic():
        record("thing.update", object_type="thing", object_id="1", actor=ACTOR, topic="T")
        raise ZeroDivisionError


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_leaves_neither_event_nor_debt() -> None:
    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert not Event.objects.exists()
    assert not Delivery.objects.exists()
