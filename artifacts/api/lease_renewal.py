"""Keeping a transfer alive, and ending it when nobody wants it any more.

A lease is renewed as long as the process lives, however slow the client and the store are. It is lost only when the
database says so: while that is away, the transfer goes on, for nobody takes a lease back then (`catalog.lease_watch`).
Deletions are noticed within a second, by one query for all transfers of the process.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Never, TypeVar
from weakref import WeakKeyDictionary

from django.db import Error as DatabaseError

from artifacts.api.threads import in_database
from artifacts.conf import ArtifactsConfig
from catalog import outage_log
from catalog.conf import section
from catalog.errors import Gone

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks."""
AGAIN = 0.5
"""Seconds after which a database that is away is asked again."""
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


async def ask(work: Callable[[], T], *, undo: Callable[[T], object] | None = None) -> T:
    """As `in_database`, and asked again as long as the database is away. Work whose answer was lost is done twice."""
    while True:
        try:
            return await in_database(work, undo=undo)
        except DatabaseError as error:
            if not outage_log.of_database(error):
                raise
            outage_log.tell_database(log, error)
        await asyncio.sleep(AGAIN)


async def let_go(work: Callable[[], object]) -> None:
    """Do `work`, which gives back what was held, even when the request is cancelled; what a database that is away does
    not hear of comes free with its lease.
    """
    try:
        await asyncio.shield(in_database(work))
    except DatabaseError as error:
        outage_log.tell_database(log, error)


async def _keep(renew: Callable[[], None]) -> Never:
    """Renew for ever; ends only by what `renew` raises."""
    while True:
        await asyncio.sleep(section(ArtifactsConfig).upload_lease / 3)
        await ask(renew)


class LeaseRenewer(Generic[K]):
    """Looks after the transfers of one kind; `wanted` says, in a thread, which of those ids are still wanted."""

    def __init__(self, wanted: Callable[[Collection[K]], set[K]]) -> None:
        self._wanted = wanted
        self._watches: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch[K]] = WeakKeyDictionary()

    async def hold(self, id_: K, work: Awaitable[T], *, renew: Callable[[], None]) -> T:
        """What `work` returns. It is cancelled, and Gone raised, as soon as `renew` raises that or nobody wants it."""
        running, keeping = asyncio.ensure_future(work), asyncio.ensure_future(_keep(renew))
        try:
            with self._watch().over(id_) as lost:
                either: set[asyncio.Future[Any]] = {running, keeping, lost}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    return running.result()
                if lost.done():
                    raise Gone("it was deleted while its data was being uploaded")
                return keeping.result()
        finally:
            if ending := {one for one in (keeping, running) if one.cancel()}:
                await asyncio.wait(ending)

    def _watch(self) -> "_Watch[K]":
        loop = asyncio.get_running_loop()
        if loop not in self._watches:
            self._watches[loop] = _Watch(self._wanted)
        return self._watches[loop]


class _Watch(Generic[K]):
    """The transfers of one event loop; it looks only while there are any."""

    def __init__(self, wanted: Callable[[Collection[K]], set[K]]) -> None:
        self._wanted = wanted
        self._waiting: dict[asyncio.Future[None], K] = {}
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, id_: K) -> Iterator[asyncio.Future[None]]:
        """A future that is done once `id_` is wanted no more."""
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[lost] = id_
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            yield lost
        finally:
            del self._waiting[lost]

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(INTERVAL)
            asked = set(self._waiting.values())
            try:
                wanted = await in_database(lambda: self._wanted(asked)) if asked else set()  # noqa: B023 - awaited here
            except DatabaseError as error:
                outage_log.tell_database(log, error)
                continue
            for lost, id_ in self._waiting.items():
                if id_ in asked - wanted and not lost.done():
                    lost.set_result(None)
