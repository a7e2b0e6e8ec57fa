"""A circuit breaker: who finds that a server cannot be reached tells all other threads of the process.

::

    closed ──`after` attempts failed──► open ──`seconds` later──► half open: one attempt, the others are refused
       ▲                                  ▲                            │
       └──────────── it answered ─────────┴─────── attempt failed ─────┘

Without it, every thread that needs the server would wait for as long as a request may take.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class CircuitOpen(Exception):
    """The server could not be reached a moment ago, and no attempt has succeeded since."""


class CircuitBreaker:
    """The breaker of one process; safe from threads. `patience` is how long one attempt may take, in seconds.

    `failure`: the exceptions that count as not reached. `after`: how many attempts in a row must fail before it opens:
    a cluster of which one node hangs is reachable. `failures` counts the attempts that failed: who waited for another's
    attempt sees by it how that went.
    """

    def __init__(
        self,
        *,
        seconds: float,
        patience: float,
        failure: type[Exception] | tuple[type[Exception], ...],
        after: int = 1,
    ) -> None:
        self._seconds = seconds
        self._patience = patience
        self._failure = failure
        self._after = after
        self._lock = Lock()
        self._open_until: float | None = None
        self._in_a_row = 0
        self.failures = 0

    def require_closed(self) -> None:
        """Nothing, or CircuitOpen. Who gets through while it is half open tries for all."""
        with self._lock:
            if self._open_until is None:
                return
            moment = time.monotonic()
            if moment < self._open_until:
                raise CircuitOpen
            self._open_until = moment + self._patience

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """Make an attempt in the block and learn from it; CircuitOpen instead while the circuit is open."""
        self.require_closed()
        try:
            yield
        except CircuitOpen:
            raise
        except self._failure:
            self.record_failure()
            raise
        except Exception:
            self._close()  # a refusal is an answer
            raise
        self._close()

    def record_failure(self) -> None:
        """The server could not be reached just now."""
        with self._lock:
            self.failures += 1
            self._in_a_row += 1
            if self._in_a_row >= self._after:
                self._open_until = time.monotonic() + self._seconds if self._seconds else None

    def _close(self) -> None:
        with self._lock:
            self._open_until = None
            self._in_a_row = 0
