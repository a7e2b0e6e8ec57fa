"""Who waits for the answer under way, and whether anybody still does.

Work of many steps asks between them, and ends when nobody waits. Before it is known who a token belongs to, its
requests count as those of one caller; later they count as their project's (`catalog.fairqueue`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

from catalog.errors import Unavailable


class CallerGone(Unavailable):
    """Who asked has left; nobody reads this."""

    code = "caller_gone"


current: ContextVar[str] = ContextVar("caller", default="")
"""The name that the work of the request under way is counted under."""
REMEMBERED = 10_000
_projects: dict[int, str] = {}
"""By hashes of tokens."""
_lock = Lock()
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


def name(token: str | None, address: str) -> str:
    """The caller's name: its project's once somebody has looked at the token, the token's before, else the address."""
    if token is None:
        return address
    known = hash(token)
    return _projects.get(known) or f"token {known}"


def learn(token: str, project: str) -> None:
    """Count the requests of this token as the project's."""
    known = hash(token)
    if known not in _projects:
        with _lock:
            while len(_projects) >= REMEMBERED:
                del _projects[next(iter(_projects))]
            _projects[known] = project
