"""Places for hashing what strangers say is a password: a process hashes one at a time, and few stand in line for it.

A hash takes a thread and a processor, and counters (`identity.throttle`) know of a wrong password only afterwards. Who
signs in from an address that is known for this user stands in no line.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from catalog.line import STANDING, Crowded, Line
from identity.errors import SignInsCrowded

STRANGERS = "strangers"
WAIT = 10.0
"""Seconds that somebody who holds no thread waits until fewer stand in line."""

ROOM = 1.0
"""Seconds that room is kept for who was told of it."""

_line = Line()
_told: list[float] = []
"""When each was told that there is room who has not come yet."""
_lock = Lock()


@contextmanager
def place() -> Iterator[None]:
    """The place of strangers, for one hash; SignInsCrowded when it does not become free in time."""
    with _lock:
        del _told[:1]
    try:
        with _line.place(1, whose=STRANGERS, share=1):
            yield
    except Crowded:
        raise SignInsCrowded(
            "Too many sign-ins from unknown addresses are under way; try again in 1 s.",
            retry_after=1,
            headers={"Retry-After": "1"},
        ) from None


class Waiting:
    """Until there is room in the line, for `WAIT` seconds at most (`catalog.api.later`)."""

    def __init__(self) -> None:
        self._end = time.monotonic() + WAIT

    def look(self) -> bool | None:
        """True: there is room, which is told to as many as it is for. False: time ran out. None: look again."""
        moment = time.monotonic()
        with _lock:
            _told[:] = [one for one in _told if one > moment - ROOM]
            if _line.standing(STRANGERS) + len(_told) < STANDING:
                _told.append(moment)
                return True
        return False if moment >= self._end else None


def _forget() -> None:
    global _line, _lock
    _line, _lock = Line(), Lock()
    _told.clear()


os.register_at_fork(after_in_child=_forget)
