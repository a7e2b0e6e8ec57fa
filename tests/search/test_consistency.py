"""`consistency=wait`: what had been written when the question came is in the answer, or the answer says that it may not be."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.db import connection

from catalog.clock import now
from catalog.models import Delivery
from search import consistency
from search.engine import Engine
from search.relay import Relay
from tests.search.shelf import BOOK, Books

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def relaying(engine: Engine) -> Iterator[threading.Event]:
    """A relay in a thread, which works while the event is set."""
    going, over = threading.Event(), threading.Event()

    def run() -> None:
        relay = Relay(engine)
        try:
            while not over.is_set():
                if going.is_set():
                    relay.batch()
                time.sleep(0.02)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield going
    over.set()
    thread.join()


def test_nothing_owed_needs_no_waiting(engine: Engine, books: Books) -> None:
    started = time.monotonic()
    assert consistency.wait(30)
    assert time.monotonic() - started < 15


def test_it_waits_until_what_was_owed_is_there(
    engine: Engine, books: Books, relaying: threading.Event
) -> None:
    for n in range(20):
        books.write(f"b{n}")
    started = time.monotonic()
    threading.Timer(0.3, relaying.set).start()
    assert consistency.wait(120)
    assert time.monotonic() - started >= 0.25
    assert len(list(engine.scan())) == 20


def test_time_runs_out(engine: Engine, books: Books) -> None:
    books.write("a")
    started = time.monotonic()
    assert not consistency.wait(0.4)
    assert 0.1 < time.monotonic() - started < 15


def test_an_object_that_is_written_all_the_time_does_not_hold_it_up(
    engine: Engine, books: Books, relaying: threading.Event
) -> None:
    version = books.write("hot")
    over = threading.Event()

    def write_on() -> None:
        try:
            while not over.is_set():
                books.write("hot")
                # As if the relay were always a step behind: the row is never gone.
                Delivery.objects.filter(object_id="hot").update(generation=1000)
                time.sleep(0.01)
        finally:
            connection.close()

    thread = threading.Thread(target=write_on)
    thread.start()
    time.sleep(0.05)
    relaying.set()
    try:
        assert consistency.wait(120)
        assert engine.versions([(BOOK, "hot")])[BOOK, "hot"] >= version
    finally:
        over.set()
        thread.join()


def test_a_deletion_is_waited_for(engine: Engine, books: Books, relaying: threading.Event) -> None:
    books.write("a")
    relaying.set()
    assert consistency.wait(120)
    books.delete("a")
    assert consistency.wait(120)
    assert list(engine.scan()) == []


def test_what_was_set_aside_is_not_waited_for_and_is_told(engine: Engine, books: Books) -> None:
    books.write("a")
    Delivery.objects.update(parked=True)
    assert not consistency.wait(60)
    Delivery.objects.all().delete()
    assert consistency.wait(5)


def test_what_comes_later_is_not_waited_for(
    engine: Engine, books: Books, relaying: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.write("a")

    def write_later() -> None:
        """In the place of waking the relay, which comes after what is outstanding was noted."""
        Delivery.objects.create(
            consumer="search", topic=BOOK, object_id="z", due_at=now() + timedelta(hours=1)
        )
        relaying.set()

    monkeypatch.setattr("search.consistency.waking.wake", write_later)
    assert consistency.wait(120)
    assert [d.object_id for d in Delivery.objects.all()] == ["z"]


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_what_is_owed_is_walked_in_portions(
    engine: Engine, books: Books, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Whatever order the relay takes, and whatever is written and raised meanwhile."""
    monkeypatch.setattr(consistency, "PORTION", 3)
    outstanding = {(BOOK, f"b{n}"): books.write(f"b{n}") for n in range(20)}
    waiting, relay = consistency.IndexWait(300), Relay(engine)
    assert waiting.poll() is None
    found = None
    for step in range(400):
        books.write(f"b{step % 20}")
        books.write(f"later{step}")
        relay.batch(batch)
        if found := waiting.poll():
            break
    assert found
    held = engine.versions(list(outstanding))
    assert [key for key, version in outstanding.items() if held.get(key, 0) < version] == []
    Delivery.objects.all().delete()


def test_a_look_at_what_does_not_move_costs_the_same_however_much_is_owed(
    engine: Engine,
    books: Books,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    monkeypatch.setattr(consistency, "PORTION", 5)
    for n in range(40):
        books.write(f"b{n}")
    waiting = consistency.IndexWait(300)
    with django_assert_num_queries(3):
        assert waiting.poll() is None
    with django_assert_num_queries(1):
        assert waiting.poll() is None
