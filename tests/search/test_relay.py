"""The relay: what is delivered reaches the index; what fails comes again, or is set aside with its error."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from catalog import failpoints
from catalog.clock import now
from catalog.models import Delivery
from catalog.outbox.claiming import AGAIN_SECONDS, PARK_AFTER, claim
from search import metrics
from search import relay as relay_module
from search.conf import SearchConfig
from search.engine import Engine
from search.errors import EngineUnavailable
from search.relay import Relay, drain
from tests.search.shelf import BOOK, MAGAZINE, Books, Magazines

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


def held(engine: Engine) -> dict[tuple[str, str], int]:
    engine.refresh()
    return {(kind, id_): version for kind, id_, version in engine.scan()}


def due_again() -> None:
    """Let time pass: leases end, delays are over."""
    past = now() - timedelta(hours=1)
    Delivery.objects.update(due_at=past)
    Delivery.objects.exclude(lease_until=None).update(lease_until=past)


def test_rows_reach_the_index_in_their_newest_state(
    engine: Engine, books: Books, magazines: Magazines
) -> None:
    books.write("a")
    books.write("a", status="newer")
    books.write("b")
    magazines.write("a")
    assert drain() == 3
    assert held(engine) == {(BOOK, "a"): 2, (BOOK, "b"): 1, (MAGAZINE, "a"): 1}
    assert not Delivery.objects.exists()
    assert sorted(books.loads) == [["a", "b"]], "one load per type"
    books.delete("a")
    assert drain() == 1
    assert held(engine) == {(BOOK, "b"): 1, (MAGAZINE, "a"): 1}


def test_an_object_that_never_had_a_row_leaves_no_document(engine: Engine, books: Books) -> None:
    books.deliver("never")
    assert drain() == 1
    assert held(engine) == {}
    assert not Delivery.objects.exists()


def test_an_old_state_never_comes_back(engine: Engine, books: Books) -> None:
    books.write("a", status="old")
    old = books.rows["a"]
    books.write("a", status="new")
    drain()
    books.rows["a"] = old
    books.deliver("a")
    drain()
    assert held(engine) == {(BOOK, "a"): 2}
    assert not Delivery.objects.exists(), "a superseded write is done"


@pytest.mark.parametrize(
    "point", ["relay.after_claim", "relay.after_load", "relay.after_write", "relay.after_ack"]
)
def test_nothing_is_lost_wherever_a_relay_dies(engine: Engine, books: Books, point: str) -> None:
    for name in "abc":
        books.write(name)
    failpoints.arm(f"{point}=raise")
    with pytest.raises(failpoints.FailpointReached):
        Relay().batch()
    if point != "relay.after_ack":
        assert Delivery.objects.count() == 3, "the delivery is still there"
        assert drain() == 0, "for as long as the lease lasts it is nobody else's"
    due_again()
    drain()
    assert held(engine) == {(BOOK, name): 1 for name in "abc"}
    assert not Delivery.objects.exists()


def test_a_write_during_the_batch_is_owed_still(engine: Engine, books: Books) -> None:
    books.write("a")
    whole = books.load

    def load(ids: Sequence[str]) -> Any:
        found = list(whole(ids))
        books.write("a", status="meanwhile")
        return found

    books.load = load  # type: ignore[method-assign]
    Relay().batch()
    books.load = whole  # type: ignore[method-assign]
    assert held(engine) == {(BOOK, "a"): 1}
    assert Delivery.objects.get().generation == 2
    assert drain() == 1
    assert held(engine) == {(BOOK, "a"): 2}


def test_an_engine_that_is_away_costs_time_and_nothing_else(
    engine: Engine, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.write("a")
    for _ in range(PARK_AFTER + 2):
        began = now()
        with monkeypatch.context() as away:
            away.setattr(engine, "bulk", _away)
            done = Relay().batch()
        assert done.engine_error == "the engine is away"
        delivery = Delivery.objects.get()
        assert not delivery.parked
        assert delivery.error == "the engine is away"
        assert delivery.due_at >= began + timedelta(seconds=AGAIN_SECONDS)
        due_again()
    assert drain() == 1
    assert held(engine) == {(BOOK, "a"): 1}


def _away(operations: Any, **_: Any) -> Any:
    raise EngineUnavailable("the engine is away")


def test_poison_is_set_aside_and_holds_up_nobody(engine: Engine, books: Books) -> None:
    books.write("good")
    books.write("rotten")
    books.spoilt.add("rotten")
    with_bad_body = books.write("unfit", properties="no mapping")
    assert with_bad_body == 1
    for _ in range(PARK_AFTER):
        Relay().batch()
        due_again()
    assert held(engine) == {(BOOK, "good"): 1}
    parked = {d.object_id: d.error for d in Delivery.objects.filter(parked=True)}
    assert parked.keys() == {"rotten", "unfit"}
    assert "this row is spoilt" in parked["rotten"]
    assert "properties must be a mapping" in parked["unfit"]
    metrics.observe("search")
    assert metrics.PARKED._value.get() == 2
    books.spoilt.clear()
    books.write("rotten")
    assert drain() == 1, "the next write frees it"
    assert held(engine) == {(BOOK, "good"): 1, (BOOK, "rotten"): 2}


def test_a_type_nobody_declares_is_poison(engine: Engine, books: Books) -> None:
    Delivery.objects.create(consumer="search", topic="OS::No::Such", object_id="x")
    Relay().batch()
    assert "no documents of type OS::No::Such" in Delivery.objects.get().error


def test_a_database_that_fails_is_not_the_documents_fault(
    engine: Engine, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.write("a")

    def fail(ids: Sequence[str]) -> Any:
        raise OperationalError("gone")

    monkeypatch.setattr(books, "load", fail)
    with pytest.raises(OperationalError):
        Relay().batch()
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.error) == (0, "")


def test_two_relays_share_the_work(engine: Engine, books: Books) -> None:
    for n in range(6):
        books.write(f"b{n}")
    assert len(claim("search", owner="other", lease=30, limit=4)) == 4
    assert drain() == 2
    due_again()
    assert drain() == 4
    assert len(held(engine)) == 6


def test_what_is_owed_is_told_to_those_who_watch(engine: Engine, books: Books) -> None:
    books.write("a")
    Delivery.objects.update(created_at=now() - timedelta(minutes=1))
    metrics.observe("search")
    assert metrics.OUTSTANDING._value.get() == 1
    assert 59 < metrics.LAG._value.get() < 600
    drain()
    metrics.observe("search")
    assert metrics.OUTSTANDING._value.get() == metrics.LAG._value.get() == 0


def test_a_batch_is_bounded_by_its_weight_and_shared_by_projects(
    engine: Engine, books: Books, settings: Any
) -> None:
    """Sixty heavy documents of one project keep no other project's document waiting."""
    settings.VITRINE = {**settings.VITRINE, SearchConfig: SearchConfig(relay_bytes=200_000)}
    for n in range(60):
        books.write(f"heavy{n}", project_id="heavy", description="x" * 60_000)
    for n in range(30):
        books.write(f"light{n}", project_id="light")
    before = {d.object_id: d.due_at for d in Delivery.objects.all()}
    relay = Relay()
    done = relay.batch()
    taken = held(engine)
    assert {(BOOK, f"light{n}") for n in range(30)} <= taken.keys()
    heavy = len(taken) - 30
    assert heavy == 2, "half of the bytes, and at most one document more"
    assert done.claimed == len(taken) == sum(map(len, books.loads))
    left = {d.object_id: (d.due_at, d.attempts, d.lease_owner) for d in Delivery.objects.all()}
    assert left == {one: (before[one], 0, "") for one in left}
    assert len(left) == 60 - heavy
    books.write("late", project_id="light")
    weights = []
    while (BOOK, "late") not in held(engine):
        before_it = len(held(engine))
        relay.batch()
        weights.append(len(held(engine)) - before_it)
    assert weights in ([1], [4, 1]), (
        "after one batch of the heavy project at most, and without any of its documents"
    )
    assert relay.drain() > 0
    assert len(held(engine)) == 91
    assert max(map(len, books.loads)) <= 64


def test_a_project_with_heavy_documents_rests_beside_others_and_not_alone(
    engine: Engine, books: Books, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "REST", 1000.0)
    settings.VITRINE = {**settings.VITRINE, SearchConfig: SearchConfig(relay_bytes=100_000)}
    for n in range(9):
        books.write(f"heavy{n}", project_id="heavy", description="x" * 60_000)
    relay = Relay(rests=True)
    while relay.batch().claimed:
        pass
    assert len(held(engine)) == 9
    for n in range(9):
        books.write(f"more{n}", project_id="heavy", description="x" * 60_000)
    books.write("light", project_id="light")
    while relay.batch().claimed:
        pass
    assert (BOOK, "light") in held(engine)
    assert len(held(engine)) < 19
    assert 0 < relay.pause(5.0) <= 5.0
    assert drain() > 0, "a relay that brings all up to date rests for nobody"
    assert len(held(engine)) == 19


def test_a_document_heavier_than_a_batch_gets_there(
    engine: Engine, books: Books, settings: Any
) -> None:
    settings.VITRINE = {**settings.VITRINE, SearchConfig: SearchConfig(relay_bytes=1)}
    for name in "abcde":
        books.write(name, project_id=name)
    assert drain() == 5
    assert len(held(engine)) == 5
