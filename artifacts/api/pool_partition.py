"""A pool of threads of which nobody gets more than a few at once, however much of it waits for others."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import copy_context
from functools import partial
from threading import Lock
from typing import ParamSpec, TypeVar
from weakref import WeakSet, WeakValueDictionary

from typing_extensions import override

P = ParamSpec("P")
T = TypeVar("T")


class PoolPartition(Executor):
    """One's share of a pool: `each` threads; what is more waits for these, and holds none of the others.

    All work is done in the context of who asked for it.
    """

    def __init__(self, pool: Executor, each: int) -> None:
        self._pool, self._free = pool, each
        self._held: WeakSet[object] = WeakSet()
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = Lock()

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        work = partial(copy_context().run, _run, future, partial(fn, *args, **kwargs))
        with self._lock:
            if not self._free:
                self._waiting.append(work)
                return future
            self._free -= 1
        self._pool.submit(self._in_turn, work)
        return future

    def hold(self, thing: object, most: int) -> bool:
        """Count something that is open until it is let go of, or nobody has it; False when there are `most` already."""
        with self._lock:
            room = len(self._held) < most
            if room:
                self._held.add(thing)
            return room

    def let_go(self, thing: object) -> None:
        with self._lock:
            self._held.discard(thing)

    def _in_turn(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            with self._lock:
                following = self._waiting.popleft() if self._waiting else None
                self._free += following is None
            if following is not None:
                self._pool.submit(self._in_turn, following)


class PoolPartitions:
    """The shares of a pool by who has them; one that is idle costs nothing."""

    def __init__(self, pool: Executor, each: int) -> None:
        self._pool, self._each = pool, each
        self._known: WeakValueDictionary[str, PoolPartition] = WeakValueDictionary()
        self._lock = Lock()

    def __len__(self) -> int:
        """How many are known now."""
        return len(self._known)

    def of(self, name: str) -> PoolPartition:
        with self._lock:
            found = self._known.get(name)
            if found is None:
                found = self._known[name] = PoolPartition(self._pool, self._each)
            return found


def _run(future: Future[T], work: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - it is told to who waits for the future
        future.set_exception(error)
    else:
        future.set_result(result)
    finally:
        del future, work  # an error would keep itself, by the frame it came through
