"""Who finds out that a server is away tells all others in the process."""

from contextlib import suppress

import pytest

from catalog.presence import Away, Presence

LONG = 600.0


def attempt(presence: Presence, error: Exception | None = None) -> None:
    with suppress(OSError, ValueError), presence.watching():
        if error is not None:
            raise error


def made(seconds: float = LONG, after: int = 1) -> Presence:
    return Presence(seconds=seconds, patience=LONG, lost=OSError, after=after)


def test_who_comes_after_a_failure_is_refused() -> None:
    presence = made()
    attempt(presence)
    attempt(presence, OSError())
    with pytest.raises(Away):
        attempt(presence)


def test_a_refusal_is_an_answer() -> None:
    presence = made()
    attempt(presence, ValueError())
    attempt(presence)


def test_one_tries_for_all_and_finds_it() -> None:
    presence = made(seconds=1e-9)
    attempt(presence, OSError())
    with presence.watching(), pytest.raises(Away):
        attempt(presence)
    attempt(presence)


def test_a_cluster_is_away_when_no_node_is_there() -> None:
    presence = made(after=2)
    attempt(presence, OSError())
    attempt(presence)
    attempt(presence, OSError())
    attempt(presence, OSError())
    with pytest.raises(Away):
        attempt(presence)
