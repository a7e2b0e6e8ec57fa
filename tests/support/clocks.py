"""Processes whose clock is wrong."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection

from catalog import clock

NEEDS_SERVER = "SQLite has the clock of the process"


def move(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let this process's clock be wrong by so many seconds from now on; zero sets it right.

    Skips the test where the database has no clock of its own.
    """
    if connection.vendor != "postgresql":
        pytest.skip(NEEDS_SERVER)
    moved = SimpleNamespace(now=lambda zone: datetime.now(zone) + timedelta(seconds=seconds))
    patch.setattr(clock, "datetime", moved if seconds else datetime)
