"""The relay's process while the search engine or the database is away, and when they are back."""

import dataclasses
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from catalog.clock import now
from catalog.conf import CatalogConfig
from catalog.models import Delivery
from catalog.outbox import claiming
from search import metrics, relay_process
from search.engine import Engine
from search.errors import EngineUnavailable
from search.relay import Relay
from search.relay_process import RelayProcess
from tests.search.shelf import Books
from tests.support.patience import eventually

pytestmark = pytest.mark.django_db(transaction=True)

NEVER = 10_000.0
"""Seconds that no test lasts."""


@pytest.fixture
def _signals() -> Iterator[None]:
    held = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    yield
    for one, handler in held.items():
        signal.signal(one, handler)


@pytest.fixture
def running_relay(engine: Engine, _signals: None) -> Callable[[Callable[[], None]], None]:
    """A relay runs in this thread for as long as what it is given takes in another one; that one's failure is ours."""

    def run(script: Callable[[], None]) -> None:
        process, failures = RelayProcess(), []

        def follow() -> None:
            try:
                script()
            except BaseException as error:  # noqa: BLE001 - it is raised below
                failures.append(error)
            finally:
                connection.close()
                process.stop()

        thread = threading.Thread(target=follow)
        thread.start()
        process.run()
        thread.join()
        if failures:
            raise failures[0]

    return run


class Away:
    """While it is set the engine answers nothing."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.on, self.attempts = threading.Event(), 0
        for name in ("ensure", "live", "bulk", "search", "refresh", "versions"):
            monkeypatch.setattr(engine, name, self._cut(getattr(engine, name)))

    def _cut(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*args: Any, **options: Any) -> Any:
            if self.on.is_set():
                self.attempts += 1
                raise EngineUnavailable("the engine is away")
            return method(*args, **options)

        return ask


@pytest.fixture
def away(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Away:
    return Away(engine, monkeypatch)


def long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that sleeps once it failed: only who wakes it lets it go on."""
    monkeypatch.setattr(relay_process, "FIRST_PAUSE", NEVER)
    monkeypatch.setattr(relay_process, "LONGEST_PAUSE", NEVER)


def test_an_engine_that_is_back_gets_what_it_is_owed_at_once(
    books: Books,
    away: Away,
    running_relay: Callable[[Callable[[], None]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long_pauses(monkeypatch)

    def script() -> None:
        away.on.set()
        books.write("a")
        assert eventually(lambda: Delivery.objects.filter(error="the engine is away").exists())
        away.on.clear()
        assert eventually(lambda: not Delivery.objects.exists())

    running_relay(script)


def test_a_database_that_is_back_gets_its_claims_back_at_once(
    books: Books,
    running_relay: Callable[[Callable[[], None]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was claimed when the database went does not wait for the end of its lease."""
    long_pauses(monkeypatch)
    patient = dataclasses.replace(settings.VITRINE[CatalogConfig], delivery_lease=NEVER)
    monkeypatch.setitem(settings.VITRINE, CatalogConfig, patient)
    failed, gone, whole = threading.Event(), threading.Event(), books.load
    gone.set()

    def load(ids: Sequence[str]) -> Any:
        if gone.is_set():
            failed.set()
            raise OperationalError("the connection is closed\nis the server running?")
        return whole(ids)

    monkeypatch.setattr(books, "load", load)

    def script() -> None:
        books.write("a")
        assert failed.wait(60)
        gone.clear()
        assert eventually(lambda: not Delivery.objects.exists())

    running_relay(script)


def test_the_numbers_tell_of_the_debt_while_the_engine_is_away(
    books: Books, away: Away, running_relay: Callable[[Callable[[], None]], None]
) -> None:
    def script() -> None:
        assert eventually(lambda: metrics.OUTSTANDING._value.get() == 0)
        away.on.set()
        for name in "abc":
            books.write(name)
        Delivery.objects.update(created_at=now() - timedelta(hours=1))
        Delivery.objects.create(consumer="search", topic="x", object_id="x", parked=True)
        assert eventually(lambda: metrics.OUTSTANDING._value.get() == 3)
        assert eventually(lambda: metrics.PARKED._value.get() == 1)
        assert eventually(lambda: metrics.LAG._value.get() > 3000), "though it is tried again later"

    running_relay(script)


def test_outages_are_told_in_lines_and_not_in_tracebacks(
    books: Books,
    away: Away,
    running_relay: Callable[[Callable[[], None]], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(consumer: str) -> None:
        raise OperationalError("the connection is closed\nis the server running?")

    def script() -> None:
        with monkeypatch.context() as database:
            database.setattr(metrics, "observe", refuse)
            assert eventually(lambda: "the connection is closed" in reasons())
        away.on.set()
        assert eventually(lambda: "the engine is away" in reasons())

    def reasons() -> list[str]:
        return [getattr(record, "reason", "") for record in caplog.records]

    with caplog.at_level(logging.WARNING):
        running_relay(script)
    assert all(record.exc_info is None for record in caplog.records)
    assert all("\n" not in reason for reason in reasons())


def test_an_outage_is_not_counted_as_the_documents_own_fault(
    engine: Engine, books: Books, away: Away
) -> None:
    """Otherwise the first fault after a long outage would set it aside for good."""
    books.write("a")
    away.on.set()
    for _ in range(claiming.PARK_AFTER + 1):
        Relay().batch()
        Delivery.objects.update(due_at=now())
    away.on.clear()
    books.spoilt.add("a")
    Relay().batch()
    delivery = Delivery.objects.get()
    assert not delivery.parked
    assert "this row is spoilt" in delivery.error


def test_claims_are_given_up_by_their_owner_alone(engine: Engine, books: Books) -> None:
    books.write("a")
    books.write("b")
    assert claiming.claim("search", owner="one", lease=NEVER, limit=1)
    assert claiming.claim("search", owner="two", lease=NEVER, limit=1)
    claiming.release("search", owner="one")
    assert len(claiming.claim("search", owner="three", lease=NEVER, limit=5)) == 1
