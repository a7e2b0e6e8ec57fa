"""A reader of a store, read in a pool of threads by a request that may be cancelled at any moment."""

import asyncio
from concurrent.futures import Executor, Future

from stores import Reader


class PrefetchingReader:
    """Reads a block at a time, or one ahead of who sends it: `begin` the next one, then `read` it."""

    def __init__(self, reader: Reader, threads: Executor) -> None:
        """Own the reader from now on."""
        self._reader, self._threads = reader, threads
        self._next: Future[bytes | None] | None = None

    def begin(self) -> "Future[bytes | None]":
        """Let a thread read the next block, unless one does."""
        if self._next is None:
            self._next = self._threads.submit(next, self._reader, None)
        return self._next

    async def read(self) -> bytes | None:
        """The next block; None at the end."""
        block = await asyncio.wrap_future(self.begin())
        self._next = None
        return block

    def close(self) -> None:
        """Close the reader, at once or by the thread that still reads: no descriptor is freed under it."""
        if self._next is None or self._next.cancel():
            self._reader.close()
        else:
            self._next.add_done_callback(lambda _: self._reader.close())
