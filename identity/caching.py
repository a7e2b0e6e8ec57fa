"""Validated tokens, remembered for a short time by this process."""

import time
from collections import OrderedDict
from datetime import datetime
from threading import Lock

from django.db import transaction

from catalog.actors import Actor
from catalog.clock import now
from catalog.conf import section
from identity.conf import IdentityConfig


class ActorCache:
    """Digest → actor: least recently used out first, each for `cache_seconds` and no longer than its token is good.

    Who fills it takes a ticket before reading the database: what was read before a `clear` is not kept.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: OrderedDict[str, tuple[float, Actor]] = OrderedDict()
        self._generation = 0

    def get(self, digest: str) -> Actor | None:
        with self._lock:
            entry = self._entries.get(digest)
            if entry is None:
                return None
            if entry[0] <= time.monotonic():
                del self._entries[digest]
                return None
            self._entries.move_to_end(digest)
        return entry[1]

    def ticket(self) -> int:
        return self._generation

    def put(self, digest: str, actor: Actor, expires_at: datetime, *, ticket: int) -> None:
        config = section(IdentityConfig)
        seconds = min(config.cache_seconds, (expires_at - now()).total_seconds())
        if seconds <= 0:
            return
        with self._lock:
            if ticket != self._generation:
                return
            self._entries[digest] = (time.monotonic() + seconds, actor)
            while len(self._entries) > config.cache_size:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._generation += 1


actors = ActorCache()


def rights_changed() -> None:
    """Forget all actors now and once more at the commit, since others may read the old state till then."""
    actors.clear()
    transaction.on_commit(actors.clear)
