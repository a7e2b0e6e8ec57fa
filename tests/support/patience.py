"""Waiting for what comes about by itself; the limits are generous, since the machine may be busy."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def eventually(ask: Callable[[], T], accept: Callable[[T], Any] = bool, seconds: float = 60) -> T:
    """The first answer of `ask` that `accept` takes, or the last one when `seconds` have passed."""
    end = time.monotonic() + seconds
    while True:
        found = ask()
        if accept(found) or time.monotonic() > end:
            return found
        time.sleep(0.05)
