"""Nobody takes back leases that nobody could renew."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from catalog import lease_watch
from catalog.lease_watch import LeaseWatch

CALM = LeaseWatch.may_reclaim
LEASE = 60.0
START = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db


class Database:
    """Its clock, and whether it is there."""

    def __init__(self) -> None:
        self.seconds, self.away = 0.0, False

    def __call__(self) -> datetime:
        if self.away:
            raise OperationalError("away")
        return START + timedelta(seconds=self.seconds)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    found = Database()
    monkeypatch.setattr(lease_watch, "database_time", found)
    monkeypatch.setattr(lease_watch, "_watches", [])
    monkeypatch.setattr(LeaseWatch, "may_reclaim", CALM)
    return found


def looks(database: Database, seconds: float) -> None:
    """Look as the periodic task does, for so many seconds; what the database does not answer is passed over."""
    end = database.seconds + seconds
    while database.seconds < end:
        database.seconds += lease_watch.pause(LEASE)
        if not database.away:
            lease_watch.look()


def test_a_process_that_has_just_started_waits_for_a_lease(database: Database) -> None:
    watch = LeaseWatch(lambda: LEASE)
    assert not watch.may_reclaim()
    looks(database, 50)
    assert not watch.may_reclaim()
    looks(database, 10)
    assert watch.may_reclaim()


@pytest.mark.parametrize("seconds", [35, 61, 3600])
def test_an_outage_is_followed_by_a_whole_lease_of_calm(database: Database, seconds: int) -> None:
    watch = LeaseWatch(lambda: LEASE)
    looks(database, 100)
    database.away = True
    looks(database, seconds)
    with pytest.raises(OperationalError):
        watch.may_reclaim()
    database.away = False
    assert not watch.may_reclaim(), "whoever asks first finds the gap, too"
    looks(database, 55)
    assert not watch.may_reclaim()
    looks(database, 5)
    assert watch.may_reclaim()


def test_a_database_that_answers_late_was_away(database: Database) -> None:
    """As one that stood still: no question fails."""
    watch = LeaseWatch(lambda: LEASE)
    looks(database, 100)
    database.seconds += 45
    assert not watch.may_reclaim()


def test_a_short_absence_is_none(database: Database) -> None:
    watch = LeaseWatch(lambda: LEASE)
    looks(database, 100)
    database.seconds += 20
    assert watch.may_reclaim()


def test_each_lease_has_its_own_measure(database: Database) -> None:
    short, long = LeaseWatch(lambda: 10.0), LeaseWatch(lambda: LEASE)
    looks(database, 100)
    database.seconds += 8
    assert (short.may_reclaim(), long.may_reclaim()) == (False, True)
