"""Telling leases that expired because their holder died from those that nobody could renew.

While the database is away no holder can renew its lease; all of them expire, and their holders live. So who takes back
what the dead held looks at the database every few moments, and takes nothing before it has found it there for a whole
lease without a gap: by then whoever lives has renewed. The gaps are measured by the database's own clock.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from django.db import transaction

from catalog.clock import database_time

LONGEST_PAUSE = 5.0


class LeaseWatch:
    """One process's knowledge about leases of `lease()` seconds that are renewed every third of them."""

    def __init__(self, lease: Callable[[], float]) -> None:
        self._lease = lease
        self._lock = Lock()
        self._since: datetime | None = None
        self._last: datetime | None = None
        _watches.append(self)

    def saw(self, moment: datetime) -> None:
        """The database was there."""
        with self._lock:
            gap = timedelta(seconds=self._lease() / 2)
            if self._since is None or self._last is None or moment - self._last > gap:
                self._since = moment
            self._last = moment

    def may_reclaim(self) -> bool:
        """Look once more; whether what has expired may be taken back."""
        look()
        with self._lock:
            if self._since is None or self._last is None:
                return False
            return self._last - self._since >= timedelta(seconds=self._lease())


_watches: list[LeaseWatch] = []


def pause(*leases: float) -> float:
    """Seconds after which to `look` again, for leases of so many seconds."""
    return min(LONGEST_PAUSE, *(one / 10 for one in leases))


def look() -> None:
    """Tell all watches that the database is there and can be written to; its error when it is not."""
    with transaction.atomic():  # on SQLite this takes the lock that a renewal needs
        moment = database_time()
    for one in _watches:
        one.saw(moment)
