"""Whether a server that much depends on can be reached: who finds out that it cannot tells all others in the process.

::

    present ──could not be reached──► away ──`seconds` later──► one asks, the others are refused
       ▲                               ▲                                   │
       └──────────── it answered ──────┴──────── could not be reached ─────┘

Without this, every thread that needs the server would wait for as long as a request may take.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Away(Exception):
    """It could not be reached a moment ago, and nobody has found it since."""


class Presence:
    """One process's knowledge; safe from threads. `patience` is how long one attempt may take, in seconds.

    `lost`: what is raised when it could not be reached. `after`: how many attempts in a row must fail before it counts
    as away; a cluster of which one node hangs is not. `failures` counts the attempts that failed: who waited for
    another's attempt sees by it how that went.
    """

    def __init__(
        self,
        *,
        seconds: float,
        patience: float,
        lost: type[Exception] | tuple[type[Exception], ...],
        after: int = 1,
    ) -> None:
        self._seconds = seconds
        self._patience = patience
        self._lost = lost
        self._after = after
        self._lock = Lock()
        self._until: float | None = None
        self._in_a_row = 0
        self.failures = 0

    def require(self) -> None:
        """Nothing, or Away. Who gets through while it is away tries for all."""
        with self._lock:
            if self._until is None:
                return
            moment = time.monotonic()
            if moment < self._until:
                raise Away
            self._until = moment + self._patience

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Learn from an attempt how it is; Away instead of the attempt when that is known."""
        self.require()
        try:
            yield
        except Away:
            raise
        except self._lost:
            self.failed()
            raise
        except Exception:
            self._found()  # a refusal is an answer
            raise
        self._found()

    def failed(self) -> None:
        """It could not be reached just now."""
        with self._lock:
            self.failures += 1
            self._in_a_row += 1
            if self._in_a_row >= self._after:
                self._until = time.monotonic() + self._seconds if self._seconds else None

    def _found(self) -> None:
        with self._lock:
            self._until = None
            self._in_a_row = 0
