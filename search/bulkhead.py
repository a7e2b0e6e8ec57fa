"""The bulkhead of searches that take a while: few run at once, and of one project half of those at most.

So a project that asks such questions without pause leaves a permit, threads of the process, and half of a processor, to
others.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from catalog.actors import Actor
from catalog.bulkhead import Bulkhead, BulkheadFull
from catalog.conf import section
from search.conf import SearchConfig
from search.errors import TooManySearches
from search.query_cost import LIGHT

_bulkhead = Bulkhead()


@contextmanager
def permit(actor: Actor, price: int) -> Iterator[None]:
    """A permit in the block for a search of this price; TooManySearches when none became free in time."""
    if price <= LIGHT:
        yield
        return
    config = section(SearchConfig)
    most = config.waiters if config.engine == "elasticsearch" else config.places
    key = actor.project_id or actor.user_id or ""
    try:
        with _bulkhead.permit(most, key=key, share=max(1, most // 2), rests=True):
            yield
    except BulkheadFull:
        raise TooManySearches("too many searches are under way; try again") from None


def _forget() -> None:
    global _bulkhead  # noqa: PLW0603 - a child has none of its parent's threads
    _bulkhead = Bulkhead()


os.register_at_fork(after_in_child=_forget)
