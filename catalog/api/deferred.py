"""Answers that must wait for something first. A server that can wait without a thread says so in the environment of
the request; the view then names what it waits for, and is asked again once that is over.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from django.http import HttpResponse

OFFERED = "vitrine.waits"
"""Key of the WSGI environment: true when the server waits itself."""
OUTCOME = "vitrine.waited"
"""Key of the WSGI environment: what `poll` said at last."""
WAITED = "vitrine.waited_for"
"""Key of the WSGI environment: the `Pollable` that said so."""

_FIRST, _LONGEST, _GROWTH = 0.005, 0.25, 1.6


class Pollable(Protocol):
    """Something that comes about, or is given up; whoever waits calls `poll` again and again."""

    def poll(self) -> bool | None:
        """Whether it came about; None: not yet. Blocks for moments only; raises CatalogError."""


class Deferred(HttpResponse):
    """Not an answer: the server asks again, with the outcome, when `waiting` is over."""

    def __init__(self, waiting: Pollable) -> None:
        super().__init__(status=503)
        self.waiting = waiting


def offered(environ: Mapping[str, Any]) -> bool:
    """Whether `Deferred` may be answered; not once there is an outcome."""
    return bool(environ.get(OFFERED)) and OUTCOME not in environ


def again(environ: Mapping[str, Any], begin: Callable[[], Pollable]) -> Deferred | None:
    """An answer to wait for what may have to be waited for more than once, all in all as long as the first `Pollable`
    lasts; None where no server waits, or when it was in vain.
    """
    if not environ.get(OFFERED) or environ.get(OUTCOME) is False:
        return None
    return Deferred(environ.get(WAITED) or begin())


def outcome(environ: Mapping[str, Any]) -> bool | None:
    """What the waiting came to; None when nobody has waited."""
    found: bool | None = environ.get(OUTCOME)
    return found


def pauses() -> Iterator[float]:
    """Seconds between two looks: short ones first."""
    pause = _FIRST
    while True:
        yield pause
        pause = min(pause * _GROWTH, _LONGEST)
