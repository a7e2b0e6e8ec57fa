"""Turns on threads: one caller alone has them all, beside others nobody keeps them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from catalog import callers, fairqueue
from catalog.errors import Unavailable
from catalog.fairqueue import LONG, REST, WINDOW, FairQueue, Used

MOMENT = 0.01


class Clock:
    def __init__(self) -> None:
        self.moment = 1000.0

    def monotonic(self) -> float:
        return self.moment


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(fairqueue, "time", found)
    return found


def run(test: Callable[[], Awaitable[Any]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))


async def waiting(queue: FairQueue, caller: str) -> "asyncio.Task[bool]":
    assert not queue.took(caller)
    task = asyncio.ensure_future(queue.wait(caller))
    await asyncio.sleep(MOMENT)
    return task


def test_one_caller_alone_has_all_threads(clock: Clock) -> None:
    queue = FairQueue(4, waiting=2)
    for _ in range(4):
        assert queue.took("often")
        queue._use.add("often", 10 * LONG)
    assert not queue.took("often")
    assert queue.running == 4


def test_beside_others_nobody_has_more_than_half(clock: Clock) -> None:
    queue = FairQueue(4, waiting=2)
    assert queue.took("other")
    assert [queue.took("often") for _ in range(3)] == [True, True, False]
    assert queue.took("other")
    clock.moment += 2 * WINDOW
    queue.give_back("other", 0.0)
    assert queue.took("often"), "the others have not asked for a while"


def test_a_free_thread_goes_to_who_used_least(clock: Clock) -> None:
    async def test() -> None:
        queue = FairQueue(1, waiting=9)
        for caller, seconds in (("heavy", 0.04), ("light", 0.01)):
            assert queue.took(caller)
            queue.give_back(caller, seconds)
        assert queue.took("busy")
        came: list[str] = []
        for caller in ("heavy", "heavy", "light", "new"):
            task = await waiting(queue, caller)
            task.add_done_callback(lambda _, caller=caller: came.append(caller))  # type: ignore[misc]
        for caller in ("busy", "new", "light", "heavy"):
            queue.give_back(caller, 0.0)
            await asyncio.sleep(MOMENT)
        assert came == ["new", "light", "heavy", "heavy"]

    run(test)


def test_a_thread_rests_after_a_long_piece(clock: Clock) -> None:
    async def test() -> None:
        queue = FairQueue(4, waiting=9)
        queue._use.saw("other")
        assert queue.took("heavy")
        assert queue.took("heavy")
        coming = [await waiting(queue, "heavy") for _ in range(2)]
        queue.give_back("heavy", 0.1)
        queue.give_back("heavy", LONG)
        await asyncio.sleep(MOMENT)
        assert [one.done() for one in coming] == [True, False], "one thread rests"
        assert queue.took("other")
        for step, done in ((REST * 0.1 - 0.01, False), (0.02, True)):
            clock.moment += step
            queue._use.saw("other")
            queue._dispatch()
            await asyncio.sleep(MOMENT)
            assert coming[1].done() == done

    run(test)


def test_who_is_alone_does_not_rest(clock: Clock) -> None:
    queue = FairQueue(2, waiting=9)
    for _ in range(5):
        assert queue.took("heavy")
        queue.give_back("heavy", 0.3)
    assert queue.took("heavy")
    assert queue.took("heavy")


def test_a_rest_ends_by_itself() -> None:
    async def test() -> None:
        queue = FairQueue(1, waiting=9)
        queue._use.saw("other")
        assert queue.took("heavy")
        coming = await waiting(queue, "heavy")
        queue.give_back("heavy", 0.07)
        await asyncio.sleep(MOMENT)
        assert not coming.done()
        assert await coming

    run(test)


def test_who_is_alone_again_gets_the_other_threads_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fairqueue, "WINDOW", 0.05)

    async def test() -> None:
        queue = FairQueue(2, waiting=9)
        assert queue.took("other")
        queue.give_back("other", 0.0)
        assert queue.took("often")
        assert await (await waiting(queue, "often"))

    run(test)


def test_the_services_own_work_is_no_caller() -> None:
    queue = FairQueue(2, waiting=9)
    assert queue.took("")
    queue.give_back("", 1.0)
    assert queue.took("often")
    assert queue.took("often")


def test_rests_have_an_end(clock: Clock) -> None:
    async def test() -> None:
        queue = FairQueue(1, waiting=9)
        queue._use.saw("other")
        assert queue.took("heavy")
        coming = await waiting(queue, "heavy")
        queue.give_back("heavy", 1000.0)
        clock.moment += fairqueue.LONGEST_REST
        queue._dispatch()
        assert await coming

    run(test)


def test_too_many_are_told() -> None:
    async def test() -> None:
        queue = FairQueue(1, waiting=2)
        assert queue.took("busy")
        tasks = [await waiting(queue, caller) for caller in ("often", "often", "other", "other")]
        for caller in ("often", "third"):
            with pytest.raises(Unavailable):
                await queue.wait(caller)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (queue.waiting, queue._queued) == (0, {})

    run(test)


def test_who_leaves_keeps_no_place_and_no_turn() -> None:
    async def test() -> None:
        queue = FairQueue(1, waiting=9)
        assert queue.took("busy")
        gone = asyncio.get_running_loop().create_future()
        leaving = asyncio.ensure_future(queue.wait("often", gone))
        await asyncio.sleep(MOMENT)
        gone.set_result(None)
        assert await leaving is False
        assert queue.waiting == 0
        cancelled = await waiting(queue, "often")
        queue.give_back("busy", 0.0)  # it has the turn now and does not know
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert (queue.running, queue.waiting) == (0, 0)

    run(test)


def test_a_turn_goes_to_nobody_whose_request_was_just_cancelled() -> None:
    async def test() -> None:
        queue = FairQueue(1, waiting=9)
        assert queue.took("busy")
        cancelled, next_one = await waiting(queue, "often"), await waiting(queue, "often")
        cancelled.cancel()  # it has not run yet, and stands first
        queue.give_back("busy", 0.0)
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert await next_one
        assert (queue.running, queue.waiting) == (1, 0)

    run(test)


def test_use_is_measured_on_the_thread_that_works() -> None:
    used = Used()

    def work() -> int:
        end = time.thread_time() + 0.02
        while time.thread_time() < end:
            pass
        return 7

    assert used.measured(work)() == 7
    assert used.seconds >= 0.02
    with pytest.raises(ZeroDivisionError):
        used.measured(lambda: 1 // 0)()


def test_nobody_is_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fairqueue, "REMEMBERED", 10)
    queue = FairQueue(1, waiting=1)
    for number in range(100):
        assert queue.took(str(number))
        queue.give_back(str(number), 0.2)
    assert len(queue._use._seen) == 10
    assert len(queue._use._used) <= 10


@pytest.fixture
def _unlearnt(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(callers, "_projects", {})
    monkeypatch.setattr(callers, "REMEMBERED", 3)
    return None


@pytest.mark.usefixtures("_unlearnt")
def test_tokens_count_as_their_project_once_they_were_looked_at() -> None:
    assert callers.name(None, "192.0.2.1") == "192.0.2.1"
    first, second = callers.name("a", "192.0.2.1"), callers.name("b", "192.0.2.1")
    assert first != second
    callers.learn("a", "project")
    callers.learn("b", "project")
    assert callers.name("a", "192.0.2.1") == callers.name("b", "192.0.2.2") == "project"
    for number in range(10):
        callers.learn(str(number), "other")
    assert len(callers._projects) == 3
