"""Whether somebody waits still for the answer under way: work of many steps asks between them, and ends when not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from catalog.errors import Unavailable


class CallerGone(Unavailable):
    """Who asked has left; nobody reads this."""

    code = "caller_gone"


_left: ContextVar[Callable[[], bool]] = ContextVar("caller_left", default=lambda: False)


@contextmanager
def watched(left: Callable[[], bool]) -> Iterator[None]:
    """Within the block `left` tells whether the caller is gone; it must be quick, and safe from threads."""
    token = _left.set(left)
    try:
        yield
    finally:
        _left.reset(token)


def require_caller() -> None:
    """CallerGone when nobody waits any more; outside a request somebody always does."""
    if _left.get()():
        raise CallerGone("the caller has left")
