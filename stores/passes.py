"""What an ingest does with each block, in a thread pool: every pass in order, the passes side by side."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import copy_context
from threading import RLock
from typing import Any

from stores.base import Block

Observer = Callable[[Block], object]
"""Sees each block once, in order, in a pool thread; what it raises fails the ingest."""


class Pass:
    """One observer and the blocks it has not seen yet.

    It sees them one after the other, each as a job of its own, so that many passes share a pool
    fairly, in the context of who made the pass. A failure is the last thing that happens in it.
    """

    def __init__(self, see: Observer, executor: Executor, moved: Callable[[], None]) -> None:
        """`moved` is called in a pool thread whenever a block is through, or will never be."""
        self._see, self._context = see, copy_context()
        self._executor = executor
        self._moved = moved
        self._lock = RLock()  # a job may be through before its end is listened for
        self._blocks: deque[Block] = deque()
        self._job: Future[Any] | None = None
        self._stopped = False
        self.failure: BaseException | None = None

    @property
    def backlog(self) -> int:
        """How many blocks wait or are being seen."""
        return len(self._blocks)

    def put(self, block: Block) -> None:
        """Let the observer see the block after those before; RuntimeError when the pool is shut down."""
        with self._lock:
            self._blocks.append(block)
            if len(self._blocks) == 1:
                self._begin()

    def stop(self) -> Future[Any] | None:
        """Begin no other block; what is returned is done once none is being seen."""
        with self._lock:
            self._stopped = True
            return self._job

    def _begin(self) -> None:
        self._job = self._executor.submit(self._context.run, self._see, self._blocks[0])
        self._job.add_done_callback(self._ended)

    def _ended(self, job: Future[Any]) -> None:
        self.failure = RuntimeError("the pool is shut down") if job.cancelled() else job.exception()
        with self._lock:
            if self.failure is None:
                self._blocks.popleft()
                if self._blocks and not self._stopped:
                    try:
                        self._begin()
                    except RuntimeError as error:
                        self.failure = error
        self._moved()
