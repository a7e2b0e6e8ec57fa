"""The threads of the byte routes: one pool for bytes, small ones for the database and for servers of others.

Others answer when they like; what waits for them must not hold up the bytes that lie here.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

from django.db import close_old_connections

from artifacts import stores as store_registry
from artifacts.conf import ArtifactsConfig
from catalog import requestids
from catalog.conf import section

T = TypeVar("T")


@lru_cache(maxsize=1)
def data_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(section(ArtifactsConfig).data_threads, thread_name_prefix="data")


@lru_cache(maxsize=1)
def foreign_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(
        section(ArtifactsConfig).foreign_threads, thread_name_prefix="foreign"
    )


def threads_of(store: str) -> ThreadPoolExecutor:
    """Where the store of this name is read. UnknownStore."""
    return foreign_threads() if store_registry.store(store).url_schemes else data_threads()


@lru_cache(maxsize=1)
def database_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(
        section(ArtifactsConfig).database_threads, thread_name_prefix="data-db"
    )


async def in_database(work: Callable[[], T]) -> T:
    """Run short database work on its own threads; it ends even when the request is cancelled."""

    def run() -> T:
        token = requestids.current.set(request_id)
        close_old_connections()
        try:
            return work()
        finally:
            requestids.current.reset(token)

    request_id = requestids.current.get()
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(database_threads(), run))


async def in_pool(work: Callable[[], T], threads: ThreadPoolExecutor | None = None) -> T:
    """Run what reads, writes or hashes bytes; on the data threads unless others are named."""
    return await asyncio.get_running_loop().run_in_executor(threads or data_threads(), work)
