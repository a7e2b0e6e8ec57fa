"""The backend for SQLite: writers queue, and whoever leaves it, however, lets the next one go."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction

from artifacts.models import Artifact, Tag
from catalog.sql.sqlite import base
from tests.support.patience import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _on_sqlite() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("of SQLite")


@pytest.fixture
def other() -> Iterator[ThreadPoolExecutor]:
    """A thread with a connection of its own."""
    with ThreadPoolExecutor(1) as pool:
        yield pool
        pool.submit(connections.close_all).result()


@pytest.fixture
def foreign() -> Iterator[sqlite3.Connection]:
    """As another process is connected."""
    name = str(connection.settings_dict["NAME"])
    found = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    yield found
    found.close()


def write(name: str) -> None:
    with transaction.atomic():
        Artifact.objects.create(type="images", name=name, status="queued")


def impatient() -> None:
    """Makes the thread's connection wait for a moment only."""
    ours = connections["default"]
    options = {**ours.settings_dict["OPTIONS"], "timeout": 0.05}
    ours.settings_dict = {**ours.settings_dict, "OPTIONS": options}


def test_a_writer_waits_for_another_of_its_process(other: ThreadPoolExecutor) -> None:
    with transaction.atomic():
        waiting = other.submit(write, "second")
        write("first")
    waiting.result(30)
    assert set(Artifact.objects.values_list("name", flat=True)) == {"first", "second"}


def test_a_writer_waits_for_another_process(
    other: ThreadPoolExecutor, foreign: sqlite3.Connection
) -> None:
    foreign.execute("BEGIN IMMEDIATE")
    waiting = other.submit(write, "second")
    threading.Timer(0.2, foreign.execute, ["COMMIT"]).start()
    waiting.result(30)
    assert Artifact.objects.filter(name="second").exists()


def test_who_waits_too_long_is_told_and_leaves_the_queue(
    other: ThreadPoolExecutor, foreign: sqlite3.Connection
) -> None:
    other.submit(impatient).result()
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        other.submit(write, "second").result(30)
    foreign.execute("COMMIT")
    write("first")
    with transaction.atomic(), pytest.raises(OperationalError, match="locked"):
        other.submit(write, "second").result(30)
    other.submit(write, "third").result(30)
    assert set(Artifact.objects.values_list("name", flat=True)) == {"first", "third"}


def _raised() -> None:
    with transaction.atomic():
        raise KeyError


def _undone() -> None:
    with transaction.atomic():
        transaction.set_rollback(True)


def _refused_at_the_end() -> None:
    """Foreign keys are looked at by COMMIT."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("PRAGMA defer_foreign_keys = ON")
        Tag.objects.create(artifact_id="nobody", value="lost")


def _closed() -> None:
    with transaction.atomic():
        connection.close()


@pytest.mark.parametrize("ending", [_raised, _undone, _refused_at_the_end, _closed])
def test_however_a_transaction_ends_the_next_begins(
    ending: Callable[[], None], other: ThreadPoolExecutor
) -> None:
    with suppress(KeyError, IntegrityError):
        ending()
    other.submit(impatient).result()
    other.submit(write, "next").result(30)
    assert Artifact.objects.filter(name="next").exists()


def test_a_statement_outside_of_a_transaction_waits_as_well(other: ThreadPoolExecutor) -> None:
    row = Artifact.objects.create(type="images", name="one", status="queued")
    queue = base._queues[str(connection.settings_dict["NAME"])]
    with transaction.atomic():
        waiting = other.submit(Artifact.objects.filter(pk=row.pk).update, name="two")
        eventually(lambda: len(queue._waiting) == 1)
        other_reads = Artifact.objects.get(pk=row.pk).name
        assert other_reads == "one"
    assert waiting.result(30) == 1
    assert not queue._waiting
    assert not queue._taken


def test_whoever_came_first_is_next() -> None:
    """Also before the one who has just had a turn and asks again at once."""
    queue, order = base.WriterQueue(), []
    assert queue.take(0)

    def wait(name: str) -> None:
        assert queue.take(30)
        order.append(name)
        queue.leave()

    threads = []
    for number, name in enumerate(("first", "second"), 1):
        threads.append(threading.Thread(target=wait, args=(name,)))
        threads[-1].start()
        eventually(lambda number=number: len(queue._waiting) == number)
    assert not queue.take(0.01), "and who gives up leaves the others where they are"
    queue.leave()
    wait("again")
    for thread in threads:
        thread.join(30)
    assert order == ["first", "second", "again"]
