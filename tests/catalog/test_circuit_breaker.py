"""Who finds out that a server is away tells all others in the process."""

from contextlib import suppress

import pytest

from catalog.circuit_breaker import CircuitBreaker, CircuitOpen

LONG = 600.0


def attempt(breaker: CircuitBreaker, error: Exception | None = None) -> None:
    with suppress(OSError, ValueError), breaker.guarding():
        if error is not None:
            raise error


def made(seconds: float = LONG, after: int = 1) -> CircuitBreaker:
    return CircuitBreaker(seconds=seconds, patience=LONG, failure=OSError, after=after)


def test_who_comes_after_a_failure_is_refused() -> None:
    breaker = made()
    attempt(breaker)
    attempt(breaker, OSError())
    with pytest.raises(CircuitOpen):
        attempt(breaker)


def test_a_refusal_is_an_answer() -> None:
    breaker = made()
    attempt(breaker, ValueError())
    attempt(breaker)


def test_one_tries_for_all_and_finds_it() -> None:
    breaker = made(seconds=1e-9)
    attempt(breaker, OSError())
    with breaker.guarding(), pytest.raises(CircuitOpen):
        attempt(breaker)
    attempt(breaker)


def test_a_cluster_is_away_when_no_node_is_there() -> None:
    breaker = made(after=2)
    attempt(breaker, OSError())
    attempt(breaker)
    attempt(breaker, OSError())
    attempt(breaker, OSError())
    with pytest.raises(CircuitOpen):
        attempt(breaker)
