"""Jobs: the row is the truth; leases, retries, undoing, and a worker that lost its job."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest
from typing_extensions import override

from catalog import requestids
from catalog.actors import Actor
from catalog.clock import database_now, now
from catalog.errors import CatalogError
from catalog.jobs import concurrency, reconciling, registry
from catalog.jobs.lifecycle import FAILED, QUEUED, RUNNING, SUCCEEDED
from catalog.jobs.queueing import enqueue
from catalog.jobs.reconciling import overdue, reconcile
from catalog.jobs.registry import JobKind, Places, Progress, Step
from catalog.jobs.running import run
from catalog.models import Job
from tests.support import hints

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor(user_id="u", project_id="p")
done: list[str] = []


class First(Step):
    name = "first"

    @override
    def run(self, job: Job, progress: Progress) -> None:
        done.append("first")

    @override
    def undo(self, job: Job, progress: Progress) -> None:
        done.append("undo first")


class Second(Step):
    name = "second"
    failure: ClassVar[Exception | None] = None
    steal: ClassVar[bool] = False

    @override
    def run(self, job: Job, progress: Progress) -> None:
        if Second.steal:
            Job.objects.filter(pk=job.pk).update(lease_owner="thief")
        if Second.failure is not None:
            raise Second.failure
        done.append("second")


class Example(JobKind):
    name = "tests.example"
    steps = (First(), Second())


@pytest.fixture(autouse=True)
def _kind() -> None:
    registry.register(Example())
    done.clear()
    hints.remembered.clear()
    Second.failure, Second.steal = None, False


def test_a_job_runs_its_steps_once() -> None:
    job = enqueue("tests.example", {"x": 1}, actor=ACTOR)
    assert hints.remembered == [job.id]
    assert run(job.id)
    job.refresh_from_db()
    assert (job.state, job.progress, done) == (SUCCEEDED, 1.0, ["first", "second"])
    assert not run(job.id), "a second hint finds nothing to do"


def test_a_job_runs_under_the_request_that_asked_for_it() -> None:
    class Telling(Step):
        name = "telling"

        @override
        def run(self, job: Job, progress: Progress) -> None:
            done.append(requestids.current.get())

    class Told(JobKind):
        name = "tests.told"
        steps = (Telling(),)

    registry.register(Told())
    assert run(enqueue("tests.told", {}, actor=replace(ACTOR, request_id="req-asked")).id)
    assert (done, requestids.current.get()) == (["req-asked"], "")


def test_an_unexpected_failure_is_tried_again_without_repeating_what_is_done() -> None:
    job = enqueue("tests.example", {}, actor=ACTOR)
    Second.failure = OSError("away")
    began = now()
    run(job.id)
    job.refresh_from_db()
    assert (job.state, job.error, job.steps_done) == (QUEUED, "away", ["first"])
    assert job.run_after > began + timedelta(seconds=1)
    Job.objects.update(run_after=now() + timedelta(hours=1))
    assert not run(job.id), "not before its time"
    Second.failure = None
    Job.objects.update(run_after=now())
    run(job.id)
    job.refresh_from_db()
    assert (job.state, done) == (SUCCEEDED, ["first", "second"])


def test_a_failure_for_good_is_undone_in_reverse() -> None:
    job = enqueue("tests.example", {}, actor=ACTOR)
    Second.failure = CatalogError("no such thing")
    run(job.id)
    job.refresh_from_db()
    assert (job.state, job.error_code, job.error) == (FAILED, "error", "no such thing")
    assert done == ["first", "undo first"]


def test_a_worker_that_lost_its_job_writes_nothing_more() -> None:
    job = enqueue("tests.example", {}, actor=ACTOR)
    Second.steal = True
    run(job.id)
    job.refresh_from_db()
    assert (job.state, job.lease_owner, job.steps_done) == (RUNNING, "thief", ["first"])


def test_a_dead_workers_job_is_brought_back() -> None:
    job = enqueue("tests.example", {}, actor=ACTOR)
    Job.objects.update(state=RUNNING, lease_owner="dead", lease_until=now() - timedelta(seconds=1))
    hints.remembered.clear()
    assert reconcile() == 1
    assert hints.remembered == [job.id]
    assert reconcile() == 0, "once per lease is enough"
    assert run(job.id)
    job.refresh_from_db()
    assert job.state == SUCCEEDED


def test_a_kind_may_be_run_by_few_threads_only() -> None:
    """A job that finds no place stays as it was, and is hinted at as soon as there is one."""

    class Waiting(Step):
        name = "waiting"

        @override
        def run(self, job: Job, progress: Progress) -> None:
            if job.pk == outer.pk:
                assert run(inner.pk) is False
                assert run(other.pk) is True, "of another kind"
            done.append(job.pk)

    class Few(JobKind):
        name = "tests.few"
        steps = (Waiting(),)

        @override
        def places(self) -> Places:
            return Places(1)

    registry.register(Few())
    outer, inner = (enqueue("tests.few", {}, actor=ACTOR) for _ in range(2))
    other = enqueue("tests.example", {}, actor=ACTOR)
    hints.remembered.clear()
    assert run(outer.pk) is True
    assert Job.objects.get(pk=inner.pk).attempts == 0
    assert hints.remembered == [inner.pk]
    assert run(inner.pk) is True
    assert done == ["first", "second", outer.pk, inner.pk]


def test_those_of_one_share_take_few_places_and_hide_nobody_behind_them() -> None:
    """A job whose share has all it may waits; one of another share that came later is hinted at before it."""

    class Waiting(Step):
        name = "waiting"

        @override
        def run(self, job: Job, progress: Progress) -> None:
            if job.pk == first.pk:
                assert run(second.pk) is False, "its share has a place already"
                assert run(other.pk) is True
                assert run(third.pk) is False, "and has no more after that"
                hints.remembered.clear()
                assert run(late.pk) is True
            done.append(job.pk)

    class Shared(JobKind):
        name = "tests.shared"
        steps = (Waiting(),)

        @override
        def places(self) -> Places:
            return Places(2, each=1)

        @override
        def share(self, job: Job) -> str:
            return str(job.input["of"])

    registry.register(Shared())
    first, second, third, other, late, latest = (
        enqueue("tests.shared", {"of": one}, actor=ACTOR) for one in "aaabcd"
    )
    assert run(first.pk) is True
    assert hints.remembered == [latest.pk, second.pk], "behind one, others; then its own in turn"
    assert done == [other.pk, late.pk, first.pk]


def test_hints_of_many_do_not_stand_before_those_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a kind with few places so many are hinted at as there are places; each that ends hints at the next."""

    class Crowd(JobKind):
        name = "tests.crowd"
        steps = (First(),)

        @override
        def places(self) -> Places:
            return Places(3, each=2)

        @override
        def share(self, job: Job) -> str:
            return str(job.actor_project_id)

    registry.register(Crowd())
    often = [enqueue("tests.crowd", {}, actor=replace(ACTOR, project_id="often")) for _ in range(9)]
    other = enqueue("tests.crowd", {}, actor=replace(ACTOR, project_id="other"))
    assert hints.remembered == [*[one.pk for one in often[:3]], other.pk]
    hints.remembered.clear()
    for at in range(8):
        assert run(often[at].pk)
    assert set(hints.remembered) >= {one.pk for one in often[1:]}, "the chain does not break"
    Job.objects.filter(pk=often[8].pk).update(run_after=database_now(-5))
    for full in (True, False):
        hints.remembered.clear()
        with monkeypatch.context() as patched:
            patched.setattr(concurrency, "_taken", Counter({("tests.crowd", "often"): 2 * full}))
            assert reconcile() == (0 if full else 1)
        assert hints.remembered == ([] if full else [often[8].pk])


def test_what_cannot_be_claimed_is_not_hinted_at_again_and_again() -> None:
    """A job waits while another one of its key is under way; those behind it do not."""

    class Kept(JobKind):
        name = "tests.kept"
        steps = (First(),)

        @override
        def places(self) -> Places:
            return Places(2)

    registry.register(Kept())
    begun = enqueue("tests.kept", {}, actor=ACTOR, key="k")
    Job.objects.filter(pk=begun.pk).update(state=RUNNING, lease_until=database_now(60))
    twin = enqueue("tests.kept", {}, actor=ACTOR, key="k")
    later = enqueue("tests.kept", {}, actor=ACTOR)
    hints.remembered.clear()
    run(twin.pk)
    assert Job.objects.get(pk=twin.pk).state == QUEUED
    assert hints.remembered == [later.pk]
    hints.remembered.clear()
    run(later.pk)
    assert hints.remembered == []


def test_a_backlog_hides_no_lost_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "LIMIT", 2)
    jobs = [enqueue("tests.example", {}, actor=ACTOR).pk for _ in range(5)]
    Job.objects.update(run_after=database_now(-5))
    hints.remembered.clear()
    assert [reconcile() for _ in range(4)] == [2, 2, 1, 0]
    assert sorted(hints.remembered) == sorted(jobs)


def test_a_lost_hint_costs_time_only() -> None:
    job = enqueue("tests.example", {}, actor=ACTOR)
    assert not overdue()
    Job.objects.update(run_after=database_now(-5))
    assert [one.id for one in overdue()] == [job.id]


def test_one_waiting_job_per_key() -> None:
    first = enqueue("tests.example", {}, actor=ACTOR, key="k")
    assert enqueue("tests.example", {}, actor=ACTOR, key="k").id == first.id
    run(first.id)
    assert enqueue("tests.example", {}, actor=ACTOR, key="k").id != first.id


def test_a_kind_nobody_knows_fails_with_its_name() -> None:
    job = enqueue("tests.nobody", {}, actor=ACTOR)
    run(job.id)
    job.refresh_from_db()
    assert job.state == FAILED
    assert "tests.nobody" in job.error
