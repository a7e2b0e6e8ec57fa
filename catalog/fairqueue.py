"""Which caller's work gets a thread next, so that one who keeps threads and processors busy leaves both to others.

As long as a single caller asks, it has all threads. Once there are several:

- a thread that becomes free goes to the caller who used the processor least of late;
- nobody has more than half of the threads;
- after a piece of work that kept a processor busy for long, its thread does none of that caller's work for `REST` times
  as long, so that all its threads together leave a part of one processor to the others.

Who waits does so on the event loop and holds no thread. Not safe from threads.
"""

import asyncio
import math
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import TypeVar

from catalog.errors import Unavailable

T = TypeVar("T")

WINDOW = 1.0
"""Seconds that use and presence count for."""
LONG, REST = 0.05, 4
"""Seconds of the processor beyond which a piece of work is a long one, and times that its thread then rests."""
LONGEST_REST = 2.0
REMEMBERED = 10_000


class FairQueue:
    """Turns on so many `threads`; at most `waiting` wait of one caller, and twice as many of all."""

    def __init__(self, threads: int, waiting: int) -> None:
        self._threads, self._most = threads, waiting
        self._running: Counter[str] = Counter()
        self._queued: dict[str, deque[asyncio.Future[bool]]] = {}
        self._use = Use()
        self._rests: dict[str, list[float]] = {}
        """When the rests of each caller's threads end."""
        self._alarm: asyncio.TimerHandle | None = None
        self.waiting = 0

    @property
    def running(self) -> int:
        return self._running.total()

    def took(self, caller: str) -> bool:
        """Whether the caller has a turn at once, until `give_back`."""
        self._use.saw(caller)
        free = self._free() > 0 and caller not in self._queued and self._may_run(caller)
        if free:
            self._running[caller] += 1
        return free

    async def wait(self, caller: str, gone: "asyncio.Future[None] | None" = None) -> bool:
        """Wait for a turn; False when `gone` came about before. Unavailable when too many wait."""
        if self.waiting >= 2 * self._most or len(self._queued.get(caller, ())) >= self._most:
            raise Unavailable(
                "all threads are busy and too many requests wait", headers={"Retry-After": "1"}
            )
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queued.setdefault(caller, deque()).append(turn)
        self.waiting += 1
        if self._free():
            self._dispatch()

        def left(_: object) -> None:
            if not turn.done():
                self._leave(caller, turn)
                turn.set_result(False)

        if gone is not None:
            gone.add_done_callback(left)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(caller, turn)
            elif turn.result():
                self.give_back(caller, 0.0)
            raise
        finally:
            if gone is not None:
                gone.remove_done_callback(left)

    def give_back(self, caller: str, seconds: float) -> None:
        """End a turn that took so many seconds of the processor."""
        self._running[caller] -= 1
        if not self._running[caller]:
            del self._running[caller]
        self._use.add(caller, seconds)
        if seconds > LONG:
            end = time.monotonic() + min(REST * seconds, LONGEST_REST)
            self._rests.setdefault(caller, []).append(end)
        self._dispatch()

    def _leave(self, caller: str, turn: "asyncio.Future[bool]") -> None:
        queue = self._queued.get(caller)
        if queue is None or turn not in queue:
            return
        queue.remove(turn)
        self.waiting -= 1
        if not queue:
            del self._queued[caller]

    def _free(self) -> int:
        return self._threads - self._running.total()

    def _may_run(self, caller: str) -> bool:
        if not self._use.contested(caller):
            return True
        moment = time.monotonic()
        resting = sum(1 for end in self._rests.get(caller, ()) if end > moment)
        return self._running[caller] + resting < max(1, self._threads // 2)

    def _dispatch(self) -> None:
        """Give free threads to who may have them."""
        if not self._queued and not self._rests:
            return
        while self._free() and (ready := [one for one in self._queued if self._may_run(one)]):
            caller = min(ready, key=self._use.of)
            turn = self._queued[caller][0]
            self._leave(caller, turn)
            if not turn.cancelled():
                self._running[caller] += 1
                turn.set_result(True)
        self._look_again()

    def _look_again(self) -> None:
        """Once somebody's rest is over, or nobody else is there any more, if nothing else happens before."""
        if self._rests:
            self._end_rests()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._queued and self._free():
            moment = time.monotonic()
            ends = [end for one in self._queued for end in self._rests.get(one, ())]
            pause = min([WINDOW / 4, *(end - moment for end in ends)])
            self._alarm = asyncio.get_running_loop().call_later(pause + 0.001, self._dispatch)

    def _end_rests(self) -> None:
        moment = time.monotonic()
        kept = {one: [end for end in ends if end > moment] for one, ends in self._rests.items()}
        self._rests = {one: ends for one, ends in kept.items() if ends}


class Use:
    """Who was there of late, and how much of the processor each used; older use fades."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._used: dict[str, tuple[float, float]] = {}

    def saw(self, caller: str) -> None:
        """Nobody's work, the service's own, is no other caller's."""
        if not caller:
            return
        self._seen[caller] = time.monotonic()
        self._seen.move_to_end(caller)
        while len(self._seen) > REMEMBERED:
            self._used.pop(self._seen.popitem(last=False)[0], None)

    def add(self, caller: str, seconds: float) -> None:
        if caller in self._seen:
            self._used[caller] = (self.of(caller) + seconds, time.monotonic())

    def of(self, caller: str) -> float:
        """Seconds of the processor within the window."""
        used, then = self._used.get(caller, (0.0, 0.0))
        return used * math.exp((then - time.monotonic()) / WINDOW) if used else 0.0

    def contested(self, caller: str) -> bool:
        """Whether somebody else was there within the window."""
        since = time.monotonic() - WINDOW
        for other in reversed(self._seen):
            if other != caller:
                return self._seen[other] > since
        return False


class Used:
    """What one piece of work used of the processor: `seconds`, once it has ended."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def measured(self, work: Callable[[], T]) -> Callable[[], T]:
        """The work, measured on the thread that does it."""

        def run() -> T:
            began = time.thread_time()
            try:
                return work()
            finally:
                self.seconds = time.thread_time() - began

        return run
