"""How far this process's clock is from the database's: nothing depends on it, and what people read is wrong by it."""

import logging
import time
from threading import Lock

from prometheus_client import Gauge

from catalog import clock

log = logging.getLogger(__name__)

PAUSE = 60.0
"""Seconds between two measurements."""
NOTABLE = 2.0
"""Seconds of drift that are told."""
DRIFT = Gauge(
    "vitrine_clock_drift_seconds",
    "How far the clock of this machine is ahead of the database's.",
    multiprocess_mode="mostrecent",
)
_lock = Lock()
_next = [0.0]


def measure() -> None:
    """Compare the clocks, at most once a minute; whatever the database answers with when it is away."""
    with _lock:
        moment = time.monotonic()
        if moment < _next[0]:
            return
        _next[0] = moment + PAUSE
    before = clock.now()
    theirs = clock.database_time()
    own = before + (clock.now() - before) / 2
    seconds = (own - theirs).total_seconds()
    DRIFT.set(seconds)
    if abs(seconds) >= NOTABLE:
        log.warning(
            "the clock of this machine differs from the database's",
            extra={"seconds": round(seconds, 1)},
        )
