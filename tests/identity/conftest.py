from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog import clock as real
from identity.models import Project, User
from tests.support.identity import *  # noqa: F403 - the fixtures are for here
from tests.support.identity import make_project, make_user

READERS = ("throttle", "services.issuing", "services.credentials", "services.signing_in")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = real.now()

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **time: float) -> None:
        self.moment += timedelta(**time)


@pytest.fixture
def ours(db: None) -> Project:
    return make_project("ours")


@pytest.fixture
def ada(ours: Project) -> User:
    """A member of `ours`."""
    return make_user("ada", ours)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time as all of identity reads it, of the database and of the process."""
    made = Clock()

    def spelled(connection: Any, seconds: float) -> tuple[str, tuple[Any, ...]]:
        moment = made() + timedelta(seconds=seconds)
        return "%s", (connection.ops.adapt_datetimefield_value(moment),)

    monkeypatch.setattr("catalog.clock._spelled", spelled)
    for module in READERS:
        monkeypatch.setattr(f"identity.{module}.database_time", made)
    monkeypatch.setattr("identity.caching.now", made)
    monkeypatch.setattr("identity.caching.time.monotonic", lambda: made().timestamp())
    return made
