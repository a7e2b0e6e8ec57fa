"""A bulkhead: few threads at once use a thing that may be slow, so that the others go on with other work.

::

    a permit is free                 ──►  go
    none is, and one moved lately    ──►  queue for `PATIENCE` seconds at most, then `BulkheadFull`
    none is, and none moved          ──►  `BulkheadFull` at once: nobody came back for as long

Permits may be counted by `key`, of which each gets a `share`, so that one that comes often leaves permits to others;
few threads queue for one key. Where the work takes a processor, a permit can rest: for as long as it was used its key
does not get it again.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

PATIENCE = 1.0
"""Seconds: servers that are well answer sooner."""
QUEUE = 3
"""Threads that queue at once for one key."""


class BulkheadFull(Exception):
    """As many threads of this process are in, or queue, as may."""


class Bulkhead:
    """The bulkhead of one process; safe from threads."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._freed = Condition()
        self._used: Counter[str] = Counter()
        self._queued: Counter[str] = Counter()
        self._moved = 0.0
        self._moved_of: dict[str, float] = {}
        self._rests: dict[str, list[float]] = {}
        """When the permits that rest can be had again."""

    @contextmanager
    def permit(
        self, most: int, *, key: str = "", share: int | None = None, rests: bool = False
    ) -> Iterator[None]:
        """One of `most` permits, of which `key` has `share` at most (None: all), or BulkheadFull. A permit that `rests`
        does so for half of the patience at most.
        """
        with self._freed:
            if self._full_since(most, key, share) is not None:
                if share is not None and self._queued[key] >= QUEUE:
                    raise BulkheadFull
                self._queue(most, key, share)
            self._used[key] += 1
            came = self._moved = self._moved_of[key] = time.monotonic()
        try:
            yield
        finally:
            with self._freed:
                self._leave(key, came if rests else None)

    def queued(self, key: str) -> int:
        """How many threads queue for the key."""
        with self._freed:
            return self._queued[key]

    def _queue(self, most: int, key: str, share: int | None) -> None:
        began = time.monotonic()
        self._queued[key] += 1
        try:
            while (moved := self._full_since(most, key, share)) is not None:
                left = min(began, moved) + self._patience - time.monotonic()
                if left <= 0:
                    raise BulkheadFull
                self._freed.wait(
                    min([left, *(end - time.monotonic() for end in self._resting(key))])
                )
        finally:
            self._queued[key] -= 1
            if not self._queued[key]:
                del self._queued[key]

    def _full_since(self, most: int, key: str, share: int | None) -> float | None:
        """When a permit was last taken or freed, where none is free; else None."""
        if share is not None and self._used[key] + len(self._resting(key)) >= share:
            return self._moved_of[key]
        return self._moved if self._used.total() >= most else None

    def _resting(self, key: str) -> list[float]:
        moment = time.monotonic()
        self._rests[key] = [end for end in self._rests.get(key, ()) if end > moment]
        return self._rests[key] or self._rests.pop(key)

    def _leave(self, key: str, came: float | None) -> None:
        moment = self._moved = self._moved_of[key] = time.monotonic()
        self._used[key] -= 1
        if came is not None:
            rest = min(moment - came, self._patience / 2)
            self._rests.setdefault(key, []).append(moment + rest)
        self._forget_idle()
        self._freed.notify_all()  # those that queue wait for different permits

    def _forget_idle(self) -> None:
        for key in list(self._moved_of):
            if not self._used[key] and not self._resting(key):
                del self._used[key], self._moved_of[key]
