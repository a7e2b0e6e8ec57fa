"""A line before something that may be slow: few threads are there at once, so that the others go on with other work.

::

    a place is free             ──►  go
    none is, and the line moves ──►  stand in line for `PATIENCE` seconds at most, then `Crowded`
    none is, and it stands      ──►  `Crowded` at once: nobody came back for as long

Who comes for somebody (`whose`) gets a `share` of the places, so that one who comes often leaves places to others; few
stand in line for the same. Where what is done in a place takes a processor, the place can rest: for as long as it was
held nobody takes it for the same again.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

PATIENCE = 1.0
"""Seconds: servers that are well answer sooner."""
STANDING = 3
"""Threads that stand in line at once for the same."""


class Crowded(Exception):
    """As many threads of this process are there, or wait, as may."""


class Line:
    """One process's line; safe from threads."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._freed = Condition()
        self._held: Counter[str] = Counter()
        self._standing: Counter[str] = Counter()
        self._moved = 0.0
        self._moved_of: dict[str, float] = {}
        self._rests: dict[str, list[float]] = {}
        """When the places that rest can be had again."""

    @contextmanager
    def place(
        self, most: int, *, whose: str = "", share: int | None = None, rests: bool = False
    ) -> Iterator[None]:
        """A place among `most`, of which `whose` has `share` at most (None: all), or Crowded. A place that `rests` does
        so for half of the patience at most.
        """
        with self._freed:
            if self._full_since(most, whose, share) is not None:
                if share is not None and self._standing[whose] >= STANDING:
                    raise Crowded
                self._stand(most, whose, share)
            self._held[whose] += 1
            came = self._moved = self._moved_of[whose] = time.monotonic()
        try:
            yield
        finally:
            with self._freed:
                self._leave(whose, came if rests else None)

    def standing(self, whose: str) -> int:
        """How many stand in line for the same."""
        with self._freed:
            return self._standing[whose]

    def _stand(self, most: int, whose: str, share: int | None) -> None:
        began = time.monotonic()
        self._standing[whose] += 1
        try:
            while (moved := self._full_since(most, whose, share)) is not None:
                left = min(began, moved) + self._patience - time.monotonic()
                if left <= 0:
                    raise Crowded
                self._freed.wait(
                    min([left, *(end - time.monotonic() for end in self._resting(whose))])
                )
        finally:
            self._standing[whose] -= 1
            if not self._standing[whose]:
                del self._standing[whose]

    def _full_since(self, most: int, whose: str, share: int | None) -> float | None:
        """When the places moved that are all held; None when one is free."""
        if share is not None and self._held[whose] + len(self._resting(whose)) >= share:
            return self._moved_of[whose]
        return self._moved if self._held.total() >= most else None

    def _resting(self, whose: str) -> list[float]:
        moment = time.monotonic()
        self._rests[whose] = [end for end in self._rests.get(whose, ()) if end > moment]
        return self._rests[whose] or self._rests.pop(whose)

    def _leave(self, whose: str, came: float | None) -> None:
        moment = self._moved = self._moved_of[whose] = time.monotonic()
        self._held[whose] -= 1
        if came is not None:
            rest = min(moment - came, self._patience / 2)
            self._rests.setdefault(whose, []).append(moment + rest)
        self._forget_idle()
        self._freed.notify_all()  # those in line wait for different places

    def _forget_idle(self) -> None:
        for whose in list(self._moved_of):
            if not self._held[whose] and not self._resting(whose):
                del self._held[whose], self._moved_of[whose]
