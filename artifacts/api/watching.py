"""Telling running uploads that what they are for was deleted, within a second and with one query for all of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from django.db import Error as DatabaseError

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks."""


class Watch:
    """Looks after the transfers of one event loop, as long as there are any.

    `alive` says, in a thread, which of the ids it is given are still wanted.
    """

    def __init__(self, alive: Callable[[set[int]], Awaitable[set[int]]]) -> None:
        self._alive = alive
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, id_: int) -> Iterator[asyncio.Future[None]]:
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
                alive = await self._alive(asked) if asked else set()
            except DatabaseError as error:
                log.warning(
                    "running transfers cannot be looked after", extra={"reason": str(error)}
                )
                continue
            for id_ in asked - alive:
                lost = self._waiting.get(id_)
                if lost is not None and not lost.done():
                    lost.set_result(None)
