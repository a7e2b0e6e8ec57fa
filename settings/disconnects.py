"""Whether the client of a request has left."""

import asyncio
import contextlib
from collections.abc import Iterator

from starlette.types import Receive

LOOK_AFTER = 0.05
"""Seconds that an answer may take before it is looked whether its client has left: most are over by then."""


@contextlib.contextmanager
def leaving(receive: Receive) -> Iterator["asyncio.Future[None]"]:
    """Done once the client has left, within the block; only for requests whose body was read to its end."""
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    looking: list[asyncio.Task[None]] = []

    async def look() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set_result(None)

    timer = loop.call_later(LOOK_AFTER, lambda: looking.append(loop.create_task(look())))
    try:
        yield gone
    finally:
        timer.cancel()
        for task in looking:
            task.cancel()
