"""What machines compare is compared by the database's clock, whatever the clocks of the processes say."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from catalog import clock, drift, parking
from catalog.actors import Actor
from catalog.clock import database_now, database_time, now, spelled
from catalog.jobs import reconciling, registry
from catalog.jobs.leases import claim
from catalog.jobs.lifecycle import QUEUED, SUCCEEDED
from catalog.jobs.queueing import enqueue
from catalog.jobs.reconciling import overdue
from catalog.jobs.registry import JobKind
from catalog.jobs.running import run
from catalog.models import Delivery, Job
from catalog.outbox import claiming
from catalog.outbox.deliveries import add_deliveries
from tests.support import clocks

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor(user_id="u", project_id="p")
AHEAD, BEHIND = 70.0, -70.0


class Nothing(JobKind):
    name = "tests.nothing"
    steps = ()


@pytest.fixture(autouse=True)
def _kind() -> None:
    registry.register(Nothing())
    reconciling._hinted.clear()


def deliver() -> None:
    with transaction.atomic():
        add_deliveries("search", "T", ["1"])


def test_the_moment_is_the_statements_and_can_be_moved() -> None:
    deliver()
    rows = Delivery.objects.all()
    assert rows.filter(due_at__lte=database_now()).exists()
    assert not rows.filter(due_at__lte=database_now(-60)).exists()
    rows.update(due_at=database_now(60.5))
    assert rows.filter(due_at__gt=database_now(50), due_at__lt=database_now(70)).exists()
    with transaction.atomic():
        first, second = database_time(), database_time()
    assert first < second, "also inside one transaction"
    assert abs((now() - second).total_seconds()) < 30


def test_it_can_be_spelled_in_raw_sql() -> None:
    moment, values = spelled(5)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM catalog_delivery WHERE due_at < {moment}", values)
        assert cursor.fetchone()[0] == 0


@pytest.mark.parametrize(("writer", "reader"), [(AHEAD, 0.0), (0.0, BEHIND), (BEHIND, AHEAD)])
def test_a_debt_is_due_at_once(
    writer: float, reader: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.move(monkeypatch, writer)
    deliver()
    clocks.move(monkeypatch, reader)
    (claimed,) = claiming.claim("search", owner="a", lease=60, limit=10)
    claiming.give_back([claimed], owner="a", error="away", poison=False)
    row = Delivery.objects.get()
    clocks.move(monkeypatch, 0)
    assert abs(row.due_at - database_time()) < timedelta(seconds=30)
    assert abs(row.created_at - database_time()) < timedelta(seconds=30)


def test_a_retried_delivery_is_due_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver()
    Delivery.objects.update(parked=True)
    clocks.move(monkeypatch, AHEAD)
    parking.retry([Delivery.objects.get().pk], actor=ACTOR)
    clocks.move(monkeypatch, 0)
    assert len(claiming.claim("search", owner="a", lease=60, limit=10)) == 1


@pytest.mark.parametrize(("holder", "other"), [(0.0, AHEAD), (BEHIND, 0.0), (BEHIND, AHEAD)])
def test_leases_hold_before_other_clocks(
    holder: float, other: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver()
    job = enqueue("tests.nothing", {}, actor=ACTOR)
    clocks.move(monkeypatch, holder)
    assert claiming.claim("search", owner="a", lease=60, limit=10)
    assert claim(job.id, "somebody") is not None
    clocks.move(monkeypatch, other)
    assert claiming.claim("search", owner="b", lease=60, limit=10) == []
    assert claim(job.id, "another") is None
    assert not overdue()


@pytest.mark.parametrize("worker", [AHEAD, BEHIND])
def test_a_job_starts_at_its_time(worker: float, monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.move(monkeypatch, -worker)
    job = enqueue("tests.nothing", {}, actor=ACTOR)
    assert abs((job.run_after - database_time()).total_seconds()) < 30
    clocks.move(monkeypatch, worker)
    Job.objects.update(run_after=database_now(30))
    assert not run(job.id)
    assert Job.objects.get().state == QUEUED
    Job.objects.update(run_after=database_now())
    assert run(job.id)
    assert Job.objects.get().state == SUCCEEDED


def test_a_process_has_its_own_clock_for_what_people_read(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.move(monkeypatch, AHEAD)
    assert (clock.now() - database_time()).total_seconds() > 60


@pytest.mark.parametrize(("seconds", "told"), [(AHEAD, True), (BEHIND, True), (1.0, False)])
def test_a_clock_that_is_wrong_is_told(
    seconds: float,
    told: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    clocks.move(monkeypatch, seconds)
    monkeypatch.setattr(drift, "_next", [0.0])
    for _ in range(2):
        drift.measure()
    assert abs(drift.DRIFT._value.get() - seconds) < 1
    assert ["clock of this machine differs" in one.message for one in caplog.records] == [
        True
    ] * told
