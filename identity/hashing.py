"""A bulkhead for hashing what strangers say is a password: a process hashes one at a time, and few queue for it.

A hash takes a thread and a processor, and counters (`identity.throttle`) know of a wrong password only afterwards. Who
signs in from an address that is known for this user does not queue.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from catalog.bulkhead import QUEUE, Bulkhead, BulkheadFull
from identity.errors import SignInsCrowded

STRANGERS = "strangers"
WAIT = 10.0
"""Seconds that somebody who holds no thread waits until fewer queue."""

ROOM = 1.0
"""Seconds that a promise of room holds."""

_bulkhead = Bulkhead()
_promised: list[float] = []
"""When each was promised room who has not come yet."""
_lock = Lock()


@contextmanager
def permit() -> Iterator[None]:
    """The permit of strangers, for one hash; SignInsCrowded when it does not become free in time."""
    with _lock:
        del _promised[:1]
    try:
        with _bulkhead.permit(1, key=STRANGERS, share=1):
            yield
    except BulkheadFull:
        raise SignInsCrowded(
            "Too many sign-ins from unknown addresses are under way; try again in 1 s.",
            retry_after=1,
            headers={"Retry-After": "1"},
        ) from None


class HashWait:
    """Until there is room in the queue, for `WAIT` seconds at most (`catalog.api.deferred`)."""

    def __init__(self) -> None:
        self._end = time.monotonic() + WAIT

    def poll(self) -> bool | None:
        """True: there is room, which is promised to as many as it is for. False: time ran out. None: poll again."""
        moment = time.monotonic()
        with _lock:
            _promised[:] = [one for one in _promised if one > moment - ROOM]
            if _bulkhead.queued(STRANGERS) + len(_promised) < QUEUE:
                _promised.append(moment)
                return True
        return False if moment >= self._end else None


def _forget() -> None:
    global _bulkhead, _lock
    _bulkhead, _lock = Bulkhead(), Lock()
    _promised.clear()


os.register_at_fork(after_in_child=_forget)
