"""Outages in the log: a line a second for each, whoever meets them."""

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError, connection

from catalog.outage_log import Outages, of_database

log = logging.getLogger("tests.outages")


def reasons(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record.__dict__["reason"] for record in caplog.records]


def test_one_line_a_second_whoever_meets_it(caplog: pytest.LogCaptureFixture) -> None:
    moments = iter([0.0, 0.1, 0.9, 1.0, 1.5, 2.1])
    outages = Outages(clock=lambda: next(moments))
    for n in range(6):
        outages.tell(log, "it is away", reason=f"{n}")
    assert reasons(caplog) == ["0", "3", "5"]


def test_different_outages_hide_nothing_of_each_other(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages()
    outages.tell(log, "the one is away", reason="a")
    outages.tell(log, "the other is away", reason="b")
    assert reasons(caplog) == ["a", "b"]


def test_threads_share_the_line(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages(clock=lambda: 0.0)
    threads = [
        threading.Thread(target=lambda: outages.tell(log, "it is away", reason="x"))
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert reasons(caplog) == ["x"]


def test_the_reason_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    Outages().tell_database(log, OperationalError("connection failed\n\tIs the server running?"))
    Outages().tell_database(log, InterfaceError())
    assert reasons(caplog) == ["connection failed", "InterfaceError"]
    assert all(record.exc_info is None for record in caplog.records)


def test_a_statement_that_is_wrong_is_no_outage(caplog: pytest.LogCaptureFixture) -> None:
    Outages().tell_database(log, ProgrammingError("no such column"))
    assert caplog.records[0].exc_info is not None


@pytest.mark.django_db
def test_a_statement_that_no_database_understands_is_no_outage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
        cursor.execute("SELECT nothing_of_this_name")
    assert not of_database(refused.value)
    Outages().tell_database(log, refused.value)
    assert caplog.records[0].exc_info is not None


def test_a_database_file_that_is_no_file_is_an_outage(tmp_path: Path) -> None:
    with pytest.raises(OperationalError) as refused:
        raise OperationalError from _of_sqlite(tmp_path)
    assert of_database(refused.value)


def _of_sqlite(folder: Path) -> sqlite3.Error:
    with pytest.raises(sqlite3.OperationalError) as refused:
        sqlite3.connect(folder)
    return refused.value
