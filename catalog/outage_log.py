"""Outages in the log: a line, at most once a second for each, instead of a traceback per attempt."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeGuard

from django.db import Error, InterfaceError, OperationalError

from catalog.errors import first_line

SECONDS = 1.0


def of_database(error: BaseException | None) -> TypeGuard[Error]:
    """Whether the database is away, full or busy. What SQLite says of a statement that it does not understand comes as
    an OperationalError too, and is a defect here.
    """
    said = getattr(getattr(error, "__cause__", None), "sqlite_errorname", "")
    return isinstance(error, OperationalError | InterfaceError) and said != "SQLITE_ERROR"


class Outages:
    """What was told, and when; safe from threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._told: dict[str, float] = {}

    def tell(self, log: logging.Logger, message: str, *, reason: str) -> None:
        """Log a warning, unless this message was written less than a second ago."""
        with self._lock:
            moment = self._clock()
            last = self._told.get(message)
            if last is not None and moment - last < SECONDS:
                return
            self._told[message] = moment
        log.warning(message, extra={"reason": reason})

    def tell_database(self, log: logging.Logger, error: Error) -> None:
        """Say that the database is away; any other fault of it is a defect here, and keeps its traceback."""
        if of_database(error):
            log.debug("a statement failed", exc_info=error)
            self.tell(log, "the database is away", reason=first_line(error))
        else:
            log.error("the database refuses a statement", exc_info=error)


_process = Outages()
tell, tell_database = _process.tell, _process.tell_database
