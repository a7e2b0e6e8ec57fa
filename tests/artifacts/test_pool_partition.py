"""Partitions of a pool: few threads for each, all work done in its turn, nothing kept of those that are idle."""

import gc
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from artifacts.api.pool_partition import PoolPartitions
from tests.support.patience import eventually


def test_one_that_is_stuck_leaves_threads_to_others() -> None:
    with ThreadPoolExecutor(3) as pool:
        shares, let_go, begun = PoolPartitions(pool, each=2), Event(), list[int]()

        def stuck(number: int) -> int:
            begun.append(number)
            let_go.wait(60)
            return number

        slow = [shares.of("a").submit(stuck, number) for number in range(20)]
        try:
            assert shares.of("b").submit(lambda: "done").result(60) == "done"
            assert eventually(lambda: sorted(begun) == [0, 1])
            assert slow[2].cancel(), "what has not begun can be called off"
        finally:
            let_go.set()
        assert [one.result(60) for one in slow if not one.cancelled()] == [0, 1, *range(3, 20)]
        assert 2 not in begun


def test_what_fails_fails_for_who_asked_and_goes_on() -> None:
    with ThreadPoolExecutor(1) as pool:
        share = PoolPartitions(pool, each=1).of("a")
        failing: Future[float] = share.submit(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            failing.result(60)
        assert share.submit(lambda: "more").result(60) == "more"


def test_idle_shares_are_forgotten() -> None:
    with ThreadPoolExecutor(1) as pool:
        shares = PoolPartitions(pool, each=1)
        for number in range(100):
            shares.of(str(number)).submit(int).result(60)
        pool.submit(int).result(60)

        def forgotten() -> bool:
            gc.collect()
            return len(shares) <= 1

        assert eventually(forgotten)
