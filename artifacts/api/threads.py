"""The threads of the byte routes: one pool for bytes, small ones for the database and for servers of others.

Others answer when they like; what waits for them must not hold up the bytes that lie here, nor what waits for the
servers of another project's data. Whose data it is counts, not who reads it.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache, partial
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db import close_old_connections
from typing_extensions import override

from artifacts import configured_stores as store_registry
from artifacts.api.pool_partition import PoolPartitions
from artifacts.conf import ArtifactsConfig
from catalog import callers
from catalog.conf import section
from catalog.errors import Unavailable
from catalog.fairqueue import FairQueue, Used
from catalog.outside_request import outside_request

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


class ServersBusy(Unavailable):
    """As many downloads read from the servers that keep a project's data as may."""

    code = "data_servers_busy"

    def __init__(self) -> None:
        super().__init__(
            "other downloads of this project's data wait for the servers that keep it; try again",
            headers={"Retry-After": "5"},
        )


class Threads(ThreadPoolExecutor):
    """A pool whose threads work in the context of who asked: lines of the log carry the request's id."""

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return super().submit(copy_context().run, partial(fn, *args, **kwargs))


@lru_cache(maxsize=1)
def data_threads() -> Threads:
    return Threads(section(ArtifactsConfig).data_threads, thread_name_prefix="data")


@lru_cache(maxsize=1)
def foreign_threads() -> Threads:
    return Threads(section(ArtifactsConfig).foreign_threads, thread_name_prefix="foreign")


@lru_cache(maxsize=1)
def _shares() -> PoolPartitions:
    return PoolPartitions(foreign_threads(), section(ArtifactsConfig).foreign_threads_each)


def threads_of(store: str, owner: str | None) -> Executor:
    """Where the store of this name is read; servers of others on the share of the project whose data it is.

    UnknownStore.
    """
    foreign = store_registry.store(store).url_schemes
    return _shares().of(owner or "") if foreign else data_threads()


@lru_cache(maxsize=1)
def database_threads() -> Threads:
    return Threads(section(ArtifactsConfig).database_threads, thread_name_prefix="data-db")


def _database_queue() -> FairQueue:
    """The event loop's own. Nobody is refused: what waits may be the end of an upload, or the renewal of a lease."""
    loop = asyncio.get_running_loop()
    if loop not in _queues:
        _queues[loop] = FairQueue(section(ArtifactsConfig).database_threads, waiting=sys.maxsize)
    return _queues[loop]


_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, FairQueue] = WeakKeyDictionary()


async def in_database(work: Callable[[], T], *, undo: Callable[[T], object] | None = None) -> T:
    """Run short database work on its own threads; it ends even when the request is cancelled.

    `undo` then takes back what it returned, as nobody else will.
    """
    caller, queue, used = callers.current.get(), _database_queue(), Used()
    if not queue.took(caller):
        await queue.wait(caller)
    running = database_threads().submit(outside_request(used.measured(work)))
    ended = asyncio.wrap_future(running)
    ended.add_done_callback(lambda _: queue.give_back(caller, used.seconds))
    try:
        return await asyncio.shield(ended)
    except asyncio.CancelledError:
        if undo is not None:
            _take_back(running, database_threads(), partial(_undone, undo))
        raise


async def in_pool(
    work: Callable[[], T],
    threads: Executor | None = None,
    *,
    undo: Callable[[T], object] | None = None,
    patience: float | None = None,
) -> T:
    """Run what reads, writes or hashes bytes; on the data threads unless others are named.

    When the request is cancelled, work that has begun ends all the same; `undo` then gives back what it returned.
    ServersBusy when no thread has begun with it after `patience` seconds.
    """
    pool = threads or data_threads()
    running = pool.submit(work)
    waiting = asyncio.wrap_future(running)
    try:
        if patience is not None:
            await asyncio.wait({waiting}, timeout=patience)
            if not waiting.done() and running.cancel():
                raise ServersBusy
        return await waiting
    except asyncio.CancelledError:
        running.cancel()
        if undo is not None:
            _take_back(running, pool, undo)
        raise
    finally:
        del running, waiting  # an error of theirs would keep itself, by the frames it came through


def _undone(undo: Callable[[T], object], found: T) -> None:
    close_old_connections()
    undo(found)


def _take_back(running: Future[T], pool: Executor, undo: Callable[[T], object]) -> None:
    """Call `undo` in the pool with what the work returns, once it does; nothing when it fails or never began."""

    def quietly(found: T) -> None:
        try:
            undo(found)
        except Exception:
            log.exception("what a cancelled request began cannot be taken back")

    context = copy_context()

    def told(found: T) -> None:
        context.run(quietly, found)

    def ended(done: Future[T]) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        try:
            pool.submit(told, done.result())
        except RuntimeError:  # the process ends
            told(done.result())

    running.add_done_callback(ended)
