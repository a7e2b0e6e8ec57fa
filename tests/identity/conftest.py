from datetime import datetime, timedelta

import pytest

from catalog import clock as real
from tests.support.identity import *  # noqa: F403 - the fixtures are for here

READERS = (
    *("facts", "authentication", "throttle", "services.issuing"),
    *("services.credentials", "services.signing_in"),
)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = real.now()

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **time: float) -> None:
        self.moment += timedelta(**time)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time as all of identity reads it."""
    made = Clock()
    for module in READERS:
        monkeypatch.setattr(f"identity.{module}.now", made)
    return made
