"""The bulkhead before a slow server: few wait, who finds no permit is told, and at once when nobody comes back."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from catalog.bulkhead import QUEUE, Bulkhead, BulkheadFull
from tests.support.patience import eventually

LONG = 600.0


def occupied(bulkhead: Bulkhead, count: int, **options: Any) -> Callable[[], None]:
    """Take as many places; what ends it."""
    over, taken = threading.Event(), threading.Barrier(count + 1)

    def hold() -> None:
        with bulkhead.permit(**({"most": count} | options)):
            taken.wait(60)
            over.wait(60)

    threads = [threading.Thread(target=hold) for _ in range(count)]
    for one in threads:
        one.start()
    taken.wait(60)

    def leave() -> None:
        over.set()
        for one in threads:
            one.join()

    return leave


def test_who_finds_no_place_waits_for_a_moment() -> None:
    bulkhead = Bulkhead(patience=0.2)
    leave = occupied(bulkhead, 2)
    with pytest.raises(BulkheadFull), bulkhead.permit(2):
        pass
    leave()
    with bulkhead.permit(2):
        pass


def test_a_bulkhead_from_which_nobody_comes_back_is_left_at_once() -> None:
    bulkhead = Bulkhead(patience=0.5)
    leave = occupied(bulkhead, 1)
    with pytest.raises(BulkheadFull), bulkhead.permit(1):
        pass
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(BulkheadFull), bulkhead.permit(1):
            pass
    assert time.monotonic() - began < 25, "not half a second for each"
    leave()


def test_a_permit_that_is_freed_goes_to_who_queues() -> None:
    bulkhead, entered = Bulkhead(patience=LONG), threading.Event()
    leave = occupied(bulkhead, 1)

    def enter() -> None:
        with bulkhead.permit(1):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.wait(0.1)
    leave()
    assert entered.wait(60)
    thread.join()


def test_a_place_is_freed_whatever_happens_there() -> None:
    bulkhead = Bulkhead(patience=0.0)
    with pytest.raises(ValueError, match="inside"), bulkhead.permit(1):
        raise ValueError("inside")
    with bulkhead.permit(1):
        pass


def test_never_more_than_may() -> None:
    bulkhead, lock, inside, most = Bulkhead(patience=LONG), threading.Lock(), [0], [0]

    def work() -> None:
        for _ in range(50):
            with bulkhead.permit(3):
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                with lock:
                    inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert eventually(lambda: inside[0] == 0)
    assert most[0] <= 3


def test_one_who_comes_often_leaves_places_to_others() -> None:
    bulkhead = Bulkhead(patience=0.0)
    leave = occupied(bulkhead, 2, most=4, key="often", share=2)
    with pytest.raises(BulkheadFull), bulkhead.permit(4, key="often", share=2):
        pass
    leave_too = occupied(bulkhead, 2, most=4, key="other", share=2)
    with pytest.raises(BulkheadFull), bulkhead.permit(4, key="third", share=2):
        pass
    leave_too()
    leave()
    with bulkhead.permit(4, key="often", share=2):
        pass


def test_few_queue_for_one_key() -> None:
    bulkhead, entered = Bulkhead(patience=LONG), []
    leave = occupied(bulkhead, 1, most=2, key="often", share=1)

    def enter() -> None:
        with bulkhead.permit(2, key="often", share=1):
            entered.append(1)

    threads = [threading.Thread(target=enter) for _ in range(QUEUE)]
    for one in threads:
        one.start()
    assert eventually(lambda: bulkhead._queued["often"] == QUEUE)
    with pytest.raises(BulkheadFull), bulkhead.permit(2, key="often", share=1):
        pass
    with bulkhead.permit(2, key="other", share=1):
        pass
    assert not entered
    leave()
    for one in threads:
        one.join(60)
    assert len(entered) == QUEUE


def test_a_share_from_which_nobody_comes_back_is_left_at_once_though_others_come_and_go() -> None:
    bulkhead = Bulkhead(patience=0.2)
    leave = occupied(bulkhead, 1, most=2, key="slow", share=1)
    with pytest.raises(BulkheadFull), bulkhead.permit(2, key="slow", share=1):
        pass
    with bulkhead.permit(2, key="other", share=1):
        pass
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(BulkheadFull), bulkhead.permit(2, key="slow", share=1):
            pass
    assert time.monotonic() - began < 10, "not a fifth of a second for each"
    leave()
    assert not bulkhead._used
    assert not bulkhead._queued
    assert not bulkhead._moved_of


def test_a_place_rests_for_as_long_as_it_was_held() -> None:
    bulkhead = Bulkhead(patience=LONG)
    with bulkhead.permit(2, key="often", share=1, rests=True):
        time.sleep(0.2)
    began = time.monotonic()
    with bulkhead.permit(2, key="other", share=1, rests=True):
        pass
    with bulkhead.permit(2, key="often"):
        pass
    assert time.monotonic() - began < 0.15, "others do not wait for it, nor who has no share"
    with bulkhead.permit(2, key="often", share=1, rests=True):
        pass
    assert time.monotonic() - began >= 0.15


def test_a_permit_rests_no_longer_than_one_queues_for_it() -> None:
    bulkhead = Bulkhead(patience=0.4)
    with bulkhead.permit(1, key="often", share=1, rests=True):
        time.sleep(0.6)
    with bulkhead.permit(1, key="often", share=1, rests=True):
        pass


def test_nobody_is_remembered_for_longer_than_their_places_rest() -> None:
    bulkhead = Bulkhead(patience=0.1)
    for number in range(100):
        with bulkhead.permit(1, key=f"project {number}", share=1, rests=True):
            pass
    time.sleep(0.1)
    with bulkhead.permit(1, key="last", share=1):
        pass
    assert not bulkhead._rests
    assert not bulkhead._moved_of
