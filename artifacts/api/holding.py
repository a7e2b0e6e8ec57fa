"""Keeping a transfer alive, and ending it when nobody wants it any more.

A lease is renewed as long as the process lives, however slow the client and the store are. Deletions are noticed within
a second, by one query for all transfers of the process.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import Error as DatabaseError

from artifacts.api.threads import in_database
from artifacts.conf import ArtifactsConfig
from catalog.conf import section
from catalog.errors import Gone

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks."""
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Holder(Generic[K]):
    """Looks after the transfers of one kind; `wanted` says, in a thread, which of those ids are still wanted."""

    def __init__(self, wanted: Callable[[Collection[K]], set[K]]) -> None:
        self._wanted = wanted
        self._watches: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch[K]] = WeakKeyDictionary()

    async def hold(self, id_: K, work: Awaitable[T], *, renew: Callable[[], None]) -> T:
        """What `work` returns. It is cancelled, and Gone raised, as soon as `renew` raises that or nobody wants it."""
        running = asyncio.ensure_future(work)
        pause = section(ArtifactsConfig).upload_lease / 3
        try:
            with self._watch().over(id_) as lost:
                either: set[asyncio.Future[Any]] = {running, lost}
                while not running.done():
                    await asyncio.wait(either, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                    if running.done():
                        break
                    if lost.done():
                        raise Gone("it was deleted while its data was being uploaded")
                    await in_database(renew)
            return running.result()
        finally:
            if running.cancel():
                await asyncio.wait({running})

    def _watch(self) -> "_Watch[K]":
        loop = asyncio.get_running_loop()
        if loop not in self._watches:
            self._watches[loop] = _Watch(self._wanted)
        return self._watches[loop]


class _Watch(Generic[K]):
    """The transfers of one event loop; it looks only while there are any."""

    def __init__(self, wanted: Callable[[Collection[K]], set[K]]) -> None:
        self._wanted = wanted
        self._waiting: dict[K, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, id_: K) -> Iterator[asyncio.Future[None]]:
        """A future that is done once `id_` is wanted no more."""
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[id_] = lost
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            yield lost
        finally:
            del self._waiting[id_]

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(INTERVAL)
            asked = set(self._waiting)
            try:
                wanted = await in_database(lambda: self._wanted(asked)) if asked else set()  # noqa: B023 - awaited here
            except DatabaseError as error:
                log.warning("transfers cannot be looked after", extra={"reason": str(error)})
                continue
            for id_ in asked - wanted:
                lost = self._waiting.get(id_)
                if lost is not None and not lost.done():
                    lost.set_result(None)
