"""Work of a request on another thread than the one that Django handles it on."""

from collections.abc import Callable
from typing import TypeVar

from django.db import close_old_connections

from catalog import requestids

T = TypeVar("T")


def outside_request(work: Callable[[], T]) -> Callable[[], T]:
    """The work, outside Django's handling of a request: with the request's id, and on no connection that has ended."""
    request_id = requestids.current.get()

    def run() -> T:
        token = requestids.current.set(request_id)
        close_old_connections()
        try:
            return work()
        finally:
            requestids.current.reset(token)

    return run
