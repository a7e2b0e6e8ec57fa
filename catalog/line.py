"""A line before a server that may be slow: few threads wait for it at once, so that the others go on with other work.

::

    a place is free             ──►  ask
    none is, and the line moves ──►  stand in line for `PATIENCE` seconds at most, then `Crowded`
    none is, and it stands      ──►  `Crowded` at once: nobody came back for as long
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

PATIENCE = 1.0
"""Seconds: servers that are well answer sooner."""


class Crowded(Exception):
    """As many threads of this process wait as may."""


class Line:
    """One process's line; safe from threads."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._freed = Condition()
        self._count = 0
        self._moved = 0.0

    @contextmanager
    def place(self, most: int) -> Iterator[None]:
        """A place among `most`, or Crowded."""
        began = time.monotonic()
        with self._freed:
            while self._count >= most:
                left = min(began, self._moved) + self._patience - time.monotonic()
                if left <= 0:
                    raise Crowded
                self._freed.wait(left)
            self._count += 1
            self._moved = time.monotonic()
        try:
            yield
        finally:
            with self._freed:
                self._count -= 1
                self._moved = time.monotonic()
                self._freed.notify()
