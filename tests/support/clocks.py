"""Processes whose clock is wrong."""

import os
import subprocess
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


def environment(seconds: int) -> dict[str, str]:
    """Variables for a program of its own whose clock is wrong by so many seconds; what it measures passes as usual.

    The command `faketime` knows where its library lies. It would stay between the program and its signals.
    """
    command = [os.environ["VITRINE_TEST_FAKETIME"], "-m", "-f", f"{seconds:+d}s", "env"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return {
        "LD_PRELOAD": found["LD_PRELOAD"],
        "FAKETIME": found["FAKETIME"],
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
