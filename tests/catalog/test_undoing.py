"""Jobs that kill their workers, that fail for good, and that cannot be undone; and keys, which jobs keep."""

import time
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from typing_extensions import override

from catalog import failpoints
from catalog.actors import Actor
from catalog.clock import database_now
from catalog.conf import CatalogConfig
from catalog.errors import CatalogError, recorded
from catalog.jobs import leases, reconciling, registry, repeating
from catalog.jobs.lifecycle import FAILED, FAILING, QUEUED, RUNNING, SUCCEEDED
from catalog.jobs.queueing import enqueue
from catalog.jobs.reconciling import overdue, reconcile
from catalog.jobs.registry import JobKind, Progress, Step
from catalog.jobs.running import run
from catalog.models import Job
from tests.support import hints
from tests.support.configuring import Configure, configure

__all__ = ["configure"]

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor(user_id="u", project_id="p")
did: list[str] = []
inside: dict[str, Callable[[Job], object]] = {}
"""What happens in `run first`, `undo second`, …"""


given: list[Progress] = []


class Dies(BaseException):
    """The worker's process ends here."""


class Recorded(Step):
    @override
    def run(self, job: Job, progress: Progress) -> None:
        self._do("run", job)

    @override
    def undo(self, job: Job, progress: Progress) -> None:
        given.append(progress)
        self._do("undo", job)

    def _do(self, what: str, job: Job) -> None:
        name = f"{what} {self.name}"
        did.append(name)
        inside.get(name, bool)(job)


class First(Recorded):
    name = "first"


class Second(Recorded):
    name = "second"


class Third(Recorded):
    name = "third"


class Example(JobKind):
    name = "tests.undoing"
    steps: ClassVar[tuple[Step, ...]] = (First(), Second(), Third())

    @override
    def failed(self, job: Job) -> None:
        did.append("failed")
        inside.get("failed", bool)(job)


@pytest.fixture(autouse=True)
def _kind() -> None:
    registry.register(Example())
    did.clear()
    inside.clear()
    given.clear()
    hints.remembered.clear()
    reconciling._hinted.clear()


def raising(error: BaseException) -> Callable[[Job], object]:
    def throw(_: Job) -> None:
        raise error

    return throw


def made(key: str | None = None, **values: Any) -> Job:
    job = enqueue("tests.undoing", {}, actor=ACTOR, key=key)
    Job.objects.filter(pk=job.pk).update(**values)
    return job


def work(job: Job) -> bool:
    """Run it now, whenever it is due; a worker that dies lets its lease end."""
    Job.objects.filter(pk=job.pk).update(run_after=database_now())
    try:
        return run(job.pk)
    except Dies:
        return True
    finally:
        Job.objects.filter(pk=job.pk, lease_until__isnull=False).update(
            lease_until=database_now(-1)
        )


def row(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_a_job_that_kills_its_worker_is_tried_as_often_as_others_and_then_undone() -> None:
    job = made(max_attempts=3)
    inside["run second"] = raising(Dies())
    for _ in range(3):
        assert work(job)
    assert (row(job).state, row(job).attempts) == (RUNNING, 3)
    did.clear()
    assert work(job)
    found = row(job)
    assert (found.state, found.attempts, found.error_code) == (FAILED, 3, "job_workers_lost")
    assert "in the last of 3 attempts" in found.error
    assert did == ["undo second", "undo first", "failed"], "never forward, and not what never began"
    assert not work(job)


def test_its_error_tells_of_what_failed_before() -> None:
    job = made(max_attempts=2)
    inside["run first"] = raising(OSError("no route to host"))
    work(job)
    inside["run first"] = raising(Dies())
    work(job)
    work(job)
    assert row(job).error.endswith("one before that failed: no route to host")


@pytest.mark.parametrize("deaths", [1, 3])
def test_who_dies_while_undoing_is_followed_by_others(deaths: int) -> None:
    """What is undone is written down, so that nothing is undone again but the step that was under way."""
    job = made(max_attempts=5)
    inside["run third"] = raising(CatalogError("refused"))
    inside["undo second"] = raising(Dies())
    for _ in range(deaths):
        work(job)
        assert (row(job).state, row(job).steps_done) == (FAILING, ["first", "second"])
    del inside["undo second"]
    did.clear()
    work(job)
    assert did == ["undo second", "undo first", "failed"]
    found = row(job)
    assert (found.state, found.error, found.error_code) == (FAILED, "refused", "error")
    assert (found.steps_done, found.undo_attempts) == ([], deaths + 1)


def test_an_undo_that_raises_is_tried_again_later_and_the_others_wait_for_it() -> None:
    job = made()
    inside["run third"] = raising(CatalogError("refused"))
    inside["undo second"] = raising(OSError("disk gone"))
    assert work(job)
    found = row(job)
    assert (found.state, found.steps_done) == (FAILING, ["first", "second"])
    assert found.error == "refused\nundoing second failed: disk gone"
    assert Job.objects.filter(run_after__gt=database_now()).exists(), "not at once"
    assert not run(job.pk)
    assert reconcile() == 0
    Job.objects.update(run_after=database_now(-2))
    assert [one.id for one in overdue()] == [job.pk]
    del inside["undo second"]
    did.clear()
    assert work(job)
    assert did == ["undo second", "undo first", "failed"]
    assert (row(job).state, row(job).steps_done) == (FAILED, [])


@pytest.mark.parametrize("how", [OSError("disk gone"), Dies()], ids=["raises", "dies"])
def test_what_cannot_be_undone_is_named_in_the_end(how: BaseException) -> None:
    job = made(max_attempts=4)
    inside["run third"] = raising(CatalogError("refused"))
    inside["undo second"] = raising(how)
    for _ in range(6):
        work(job)
    found = row(job)
    assert (found.state, found.error_code, found.steps_done) == (
        FAILED,
        "error",
        ["first", "second"],
    )
    assert found.error.startswith("refused")
    assert found.error.endswith("left to undo: second, first")
    assert did.count("undo second") == 4
    assert did.count("undo third") == 1
    repeating.run_again(job.pk, actor=ACTOR)
    inside.clear()
    assert work(job)
    assert (row(job).state, row(job).undo_attempts) == (SUCCEEDED, 0)


def test_a_kind_that_cannot_bear_the_failure_is_told_again() -> None:
    job = made(max_attempts=2)
    inside["run first"] = raising(CatalogError("refused"))
    inside["failed"] = raising(OSError("nobody listens"))
    work(job)
    assert row(job).error == "refused\ntelling of the failure failed: nobody listens"
    work(job)
    assert (row(job).state, did.count("undo first"), did.count("failed")) == (FAILED, 1, 2)


def test_another_worker_undoes_with_what_the_first_one_found() -> None:
    job = made()

    def refuse(running: Job) -> None:
        running.result = {"reason": "it has no head"}
        raise CatalogError("refused")

    seen = []
    inside["run second"] = refuse
    inside["undo second"] = raising(Dies())
    work(job)
    inside["undo second"] = lambda failing: seen.append((failing.result, failing.error))
    work(job)
    assert seen == [({"reason": "it has no head"}, "refused")]


POINTS = [
    ("undo.after_failing", FAILING, ["first", "second"], ["undo second", "undo first", "failed"]),
    ("undo.after_step", FAILING, ["first", "second"], ["undo second", "undo first", "failed"]),
    ("undo.before_failed", FAILING, [], ["failed"]),
]


@pytest.mark.parametrize(("point", "state", "left", "then"), POINTS)
def test_death_at_each_moment_of_undoing(
    point: str, state: str, left: list[str], then: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(name: str) -> None:
        if name == point:
            monkeypatch.undo()
            raise Dies

    job = made()
    inside["run second"] = raising(CatalogError("refused"))
    monkeypatch.setattr(failpoints, "reach", die)
    assert work(job)
    monkeypatch.setattr(leases.LeaseWatch, "may_reclaim", lambda _: True)
    assert (row(job).state, row(job).steps_done) == (state, left)
    did.clear()
    assert work(job)
    assert (did, row(job).state) == (then, FAILED)


def test_a_step_that_the_code_knows_no_more_is_left_to_a_person() -> None:
    job = made(max_attempts=1, steps_done=["first", "gone"])
    inside["run second"] = raising(CatalogError("refused"))
    Job.objects.update(steps_done=["first", "gone"], state=FAILING, undo_attempts=0)
    work(job)
    assert "no code is registered for the step gone" in row(job).error
    assert row(job).error.endswith("left to undo: gone, first")


def test_a_long_undo_keeps_its_lease(configure: Configure) -> None:
    configure(CatalogConfig, job_lease=0.3)
    ends = []

    def last(job: Job) -> None:
        ends.append(row(job).lease_until)
        time.sleep(0.15)
        given[-1].check()
        ends.append(row(job).lease_until)

    inside["run second"] = raising(CatalogError("refused"))
    inside["undo second"] = last
    work(made())
    assert ends[1] > ends[0]


ODD = "\0 what a driver says " + "x" * 5000


@pytest.mark.parametrize(
    "how", [CatalogError(ODD), OSError(ODD)], ids=["for good", "to be tried again"]
)
def test_errors_of_any_text_are_written_down(how: Exception) -> None:
    job = made(max_attempts=2)
    inside["run first"] = raising(how)
    inside["undo first"] = raising(OSError(ODD))
    for _ in range(4):
        work(job)
    found = row(job)
    assert found.state == FAILED
    first, second, left = found.error.splitlines()
    assert first.startswith("\ufffd what a driver says x")
    assert len(first) == 4000
    assert second.startswith("undoing first failed: \ufffd what")
    assert left == "left to undo: first"


def test_half_characters_are_no_text_to_a_database() -> None:
    assert recorded("half \ud800 of one") == "half ? of one"


# -- keys


def test_a_job_that_waits_for_another_attempt_has_its_key() -> None:
    first = made("k")
    inside["run second"] = raising(OSError("away"))
    work(first)
    assert row(first).state == QUEUED
    assert made("k").pk == first.pk
    assert Job.objects.count() == 1


def test_one_that_is_asked_for_meanwhile_waits_until_the_first_has_ended() -> None:
    first = made("k")
    others: list[Job] = []

    def ask(_: Job) -> None:
        others.append(made("k"))
        assert others[-1].pk != first.pk
        assert not work(others[-1]), "not beside it"
        raise OSError("away")

    inside["run second"] = ask
    assert work(first)
    (second,) = {job.pk for job in others}
    assert not work(others[0]), "nor between its attempts"
    inside["run second"] = raising(CatalogError("refused"))
    inside["undo first"] = raising(OSError("disk gone"))
    work(first)
    assert row(first).state == FAILING
    assert not work(others[0]), "nor while it is undone"
    inside.clear()
    given.clear()
    hints.remembered.clear()
    work(first)
    assert hints.remembered == [second], "it is told of at once"
    assert work(others[0])
    assert row(others[0]).state == SUCCEEDED


def test_jobs_of_other_kinds_and_without_a_key_do_not_wait() -> None:
    class Other(JobKind):
        name = "tests.undoing_too"
        steps = ()

    registry.register(Other())
    held = made("k")
    Job.objects.filter(pk=held.pk).update(state=RUNNING, lease_until=database_now(60))
    assert work(enqueue("tests.undoing_too", {}, actor=ACTOR, key="k"))
    assert work(made("other"))
    assert work(made())
    assert work(made())


def test_a_job_that_is_run_again_waits_its_turn() -> None:
    failed = made("k", state=FAILED)
    begun = made("k", state=RUNNING, lease_until=database_now(60), attempts=1)
    repeating.run_again(failed.pk, actor=ACTOR)
    assert not work(failed)
    Job.objects.filter(pk=begun.pk).update(state=SUCCEEDED)
    assert work(failed)


# -- the database away


def away(times: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The next writes of leases fail."""
    left, real = [times], leases.Lease._write

    def write(lease: leases.Lease, values: dict[str, object]) -> None:
        if left[0]:
            left[0] -= 1
            raise OperationalError("the server closed the connection unexpectedly")
        real(lease, values)

    monkeypatch.setattr(leases.Lease, "_write", write)
    monkeypatch.setattr(leases, "AGAIN", 0.01)
    return left


def test_what_is_done_is_written_down_once_the_database_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = made()
    left = away(3, monkeypatch)
    assert work(job)
    assert (left, did, row(job).state) == ([0], ["run first", "run second", "run third"], SUCCEEDED)


def test_reports_that_cannot_be_written_end_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    job = made()
    left = away(0, monkeypatch)
    monkeypatch.setattr(leases, "section", lambda _: type("", (), {"job_lease": 0.03}))

    class Reporting(Step):
        name = "reporting"

        @override
        def run(self, job: Job, progress: Progress) -> None:
            left[0] = 2
            while left[0]:
                progress.report(0.25)
                progress.check()
            while Job.objects.get(pk=job.pk).progress < 0.5:
                progress.report(0.5)

    monkeypatch.setattr(Example, "steps", (Reporting(),))
    assert work(job)
    assert row(job).state == SUCCEEDED


# -- migrating


def test_migrating_there_and_back() -> None:
    executor = MigrationExecutor(connection)
    try:
        executor.migrate([("catalog", "0003_delivery_project")])
        old = executor.loader.project_state([("catalog", "0003_delivery_project")]).apps
        rows = old.get_model("catalog", "Job").objects
        for name in "ab":
            rows.create(id=name, kind="k", key="x", state="running", attempts=1)
        rows.create(id="c", kind="k", key="x", state="queued")
        executor.loader.build_graph()
        executor.migrate(executor.loader.graph.leaf_nodes())
        assert sorted(Job.objects.exclude(key=None).values_list("id", flat=True)) == ["a", "c"]
        Job.objects.filter(pk="a").update(state=QUEUED)
        Job.objects.filter(pk="b").update(state=FAILING)
        executor.loader.build_graph()
        executor.migrate([("catalog", "0003_delivery_project")])
        assert dict(rows.values_list("id", "state")) == {
            "a": "queued",
            "b": "running",
            "c": "queued",
        }
        assert list(rows.exclude(key=None).values_list("id", flat=True)) == ["c"]
    finally:
        executor.loader.build_graph()
        executor.migrate(executor.loader.graph.leaf_nodes())
