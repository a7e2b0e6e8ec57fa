"""Bytes into a writer from asyncio: hashed, inspected and written side by side in a thread pool.

hashlib and the system calls release the GIL, so a block costs the slowest of its passes rather
than their sum. A few blocks are in flight while the next is gathered: no pass waits for another
one at every block, and the memory is bounded, which holds the sender back.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from concurrent.futures import CancelledError, Executor, Future
from contextlib import suppress
from enum import Enum
from types import TracebackType
from typing import Any, Self

from stores.base import BLOCK, BlobStat, Block, Writer
from stores.errors import WriterClosed
from stores.hashing import Ingested, MultiHash
from stores.passes import Observer, Pass

AHEAD = 4
"""Blocks that may be on their way through the slowest pass."""


async def gather(chunks: AsyncIterable[bytes], size: int = BLOCK) -> AsyncIterator[bytes]:
    """Join chunks into blocks of at least `size` bytes; only the last one may be smaller."""
    parts: list[bytes] = []
    held = 0
    async for chunk in chunks:
        parts.append(chunk)
        held += len(chunk)
        if held >= size:
            yield b"".join(parts)
            parts, held = [], 0
    if held:
        yield b"".join(parts)


class Ingest:
    """One upload: `feed` each block, `finish`, compare, `commit`; or `abort` at any point.

    It belongs to one task. A call that fails or is cancelled leaves only `abort`, for a block may be missing. Pool work
    that has begun always ends, and the writer is aborted only after that: no descriptor is freed under a running
    thread. As an asynchronous context manager it aborts on the way out unless it was committed.
    """

    def __init__(
        self,
        writer: Writer,
        algorithms: Iterable[str],
        *,
        executor: Executor,
        observers: Iterable[Observer] = (),
        ahead: int = AHEAD,
    ) -> None:
        """Own the writer from now on; UnknownAlgorithm leaves it to the caller."""
        self._hash = MultiHash(algorithms)
        self._writer = writer
        self._executor = executor
        self._ahead = ahead
        self._loop = asyncio.get_running_loop()
        self._moved = asyncio.Event()
        hashes = (found.update for found in self._hash.hashes.values())
        self._passes = tuple(
            Pass(see, executor, self._tell) for see in (writer.write, *hashes, *observers)
        )
        self._stage = _Stage.FEEDING
        self._committing: Future[BlobStat] | None = None
        self._ending: Future[None] | None = None
        self.size = 0
        self.committed: BlobStat | None = None
        """The blob, once there is one; tells after a cancelled `commit` whether it happened."""

    async def feed(self, block: Block) -> None:
        """Start the block once there is room for it; raise what failed before.

        The block must not change until `finish` has returned.
        """
        self._leave(_Stage.FEEDING)
        await self._settle(self._ahead - 1)
        if size := memoryview(block).nbytes:
            self.size += size
            for one in self._passes:
                one.put(block)
        self._stage = _Stage.FEEDING

    async def finish(self) -> Ingested:
        """Wait for the last block and say what came in; nothing is committed yet."""
        self._leave(_Stage.FEEDING)
        await self._settle(0)
        self._stage = _Stage.FINISHED
        return Ingested(size=self.size, digests=self._hash.hexdigests())

    async def commit(self) -> BlobStat:
        """Make the blob visible, after `finish`.

        When it is cancelled it runs on, and may succeed: `committed` tells once `abort` returned.
        """
        self._leave(_Stage.FINISHED)
        self._committing = self._executor.submit(self._commit)
        waiting = asyncio.wrap_future(self._committing)
        waiting.add_done_callback(_retrieve)
        return await asyncio.shield(waiting)

    async def abort(self) -> None:
        """Forget what was fed once all pool work has ended; nothing happens after commit.

        It happens even when the waiting is cancelled.
        """
        self._stage = _Stage.CLOSED
        if self._ending is None:
            begun = (*(one.stop() for one in self._passes), self._committing)
            try:
                self._ending = self._executor.submit(self._abort, begun)
            except RuntimeError:  # the pool is shut down: what it still runs is short
                self._abort(begun)
                return
        await asyncio.shield(asyncio.wrap_future(self._ending))

    async def __aenter__(self) -> Self:
        """Enter a block that ends in `commit`, or else aborts."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Abort unless committed."""
        if self.committed is None:
            await self.abort()

    def _leave(self, stage: "_Stage") -> None:
        """Close until the step taken from `stage` succeeds; WriterClosed from any other."""
        if self._stage is not stage:
            raise WriterClosed("not the next step of an ingest", stage=self._stage.value)
        self._stage = _Stage.CLOSED

    async def _settle(self, backlog: int) -> None:
        """Wait until no pass has more blocks before it; raise the first failure."""
        while True:
            self._moved.clear()
            for one in self._passes:
                if one.failure is not None:
                    raise one.failure
            if all(one.backlog <= backlog for one in self._passes):
                return
            await self._moved.wait()

    def _tell(self) -> None:
        """Wake whoever settles, from a pool thread; a loop that is gone has nobody waiting."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._moved.set)

    def _commit(self) -> BlobStat:
        """Commit in the pool and remember it."""
        self.committed = self._writer.commit()
        return self.committed

    def _abort(self, begun: Iterable[Future[Any] | None]) -> None:
        """Abort the writer after the jobs that use it.

        Waiting for them in their own pool is safe: it takes work in order, so they have begun.
        """
        for job in begun:
            if job is not None:
                with suppress(CancelledError):
                    job.exception()
        self._writer.abort()


class _Stage(Enum):
    """What the ingest may do next."""

    FEEDING = "feeding"
    FINISHED = "finished"
    CLOSED = "closed"


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Look at the outcome, so that asyncio does not report it as forgotten."""
    if not future.cancelled():
        future.exception()
