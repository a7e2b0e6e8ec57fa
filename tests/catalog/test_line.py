"""The line before a slow server: few wait, who finds no place is told, and at once when nobody comes back."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from catalog.line import STANDING, Crowded, Line
from tests.support.patience import eventually

LONG = 600.0


def occupied(line: Line, count: int, **options: Any) -> Callable[[], None]:
    """Take as many places; what ends it."""
    over, taken = threading.Event(), threading.Barrier(count + 1)

    def hold() -> None:
        with line.place(**({"most": count} | options)):
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
    line = Line(patience=0.2)
    leave = occupied(line, 2)
    with pytest.raises(Crowded), line.place(2):
        pass
    leave()
    with line.place(2):
        pass


def test_a_line_that_stands_is_left_at_once() -> None:
    line = Line(patience=0.5)
    leave = occupied(line, 1)
    with pytest.raises(Crowded), line.place(1):
        pass
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(Crowded), line.place(1):
            pass
    assert time.monotonic() - began < 25, "not half a second for each"
    leave()


def test_a_place_that_is_freed_goes_to_who_stands_in_line() -> None:
    line, entered = Line(patience=LONG), threading.Event()
    leave = occupied(line, 1)

    def stand() -> None:
        with line.place(1):
            entered.set()

    thread = threading.Thread(target=stand)
    thread.start()
    assert not entered.wait(0.1)
    leave()
    assert entered.wait(60)
    thread.join()


def test_a_place_is_freed_whatever_happens_there() -> None:
    line = Line(patience=0.0)
    with pytest.raises(ValueError, match="inside"), line.place(1):
        raise ValueError("inside")
    with line.place(1):
        pass


def test_never_more_than_may() -> None:
    line, lock, inside, most = Line(patience=LONG), threading.Lock(), [0], [0]

    def work() -> None:
        for _ in range(50):
            with line.place(3):
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
    line = Line(patience=0.0)
    leave = occupied(line, 2, most=4, whose="often", share=2)
    with pytest.raises(Crowded), line.place(4, whose="often", share=2):
        pass
    leave_too = occupied(line, 2, most=4, whose="other", share=2)
    with pytest.raises(Crowded), line.place(4, whose="third", share=2):
        pass
    leave_too()
    leave()
    with line.place(4, whose="often", share=2):
        pass


def test_few_stand_in_line_for_the_same() -> None:
    line, entered = Line(patience=LONG), []
    leave = occupied(line, 1, most=2, whose="often", share=1)

    def stand() -> None:
        with line.place(2, whose="often", share=1):
            entered.append(1)

    threads = [threading.Thread(target=stand) for _ in range(STANDING)]
    for one in threads:
        one.start()
    assert eventually(lambda: line._standing["often"] == STANDING)
    with pytest.raises(Crowded), line.place(2, whose="often", share=1):
        pass
    with line.place(2, whose="other", share=1):
        pass
    assert not entered
    leave()
    for one in threads:
        one.join(60)
    assert len(entered) == STANDING


def test_a_share_that_stands_is_left_at_once_though_others_come_and_go() -> None:
    line = Line(patience=0.2)
    leave = occupied(line, 1, most=2, whose="slow", share=1)
    with pytest.raises(Crowded), line.place(2, whose="slow", share=1):
        pass
    with line.place(2, whose="other", share=1):
        pass
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(Crowded), line.place(2, whose="slow", share=1):
            pass
    assert time.monotonic() - began < 10, "not a fifth of a second for each"
    leave()
    assert not line._held
    assert not line._standing
    assert not line._moved_of


def test_a_place_rests_for_as_long_as_it_was_held() -> None:
    line = Line(patience=LONG)
    with line.place(2, whose="often", share=1, rests=True):
        time.sleep(0.2)
    began = time.monotonic()
    with line.place(2, whose="other", share=1, rests=True):
        pass
    with line.place(2, whose="often"):
        pass
    assert time.monotonic() - began < 0.15, "others do not wait for it, nor who has no share"
    with line.place(2, whose="often", share=1, rests=True):
        pass
    assert time.monotonic() - began >= 0.15


def test_a_place_rests_no_longer_than_one_stands_in_line_for_it() -> None:
    line = Line(patience=0.4)
    with line.place(1, whose="often", share=1, rests=True):
        time.sleep(0.6)
    with line.place(1, whose="often", share=1, rests=True):
        pass


def test_nobody_is_remembered_for_longer_than_their_places_rest() -> None:
    line = Line(patience=0.1)
    for number in range(100):
        with line.place(1, whose=f"project {number}", share=1, rests=True):
            pass
    time.sleep(0.1)
    with line.place(1, whose="last", share=1):
        pass
    assert not line._rests
    assert not line._moved_of
