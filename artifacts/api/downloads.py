"""An artifact's bytes on their way out, from the first place that has them.

Rights are checked before; no connection and no transaction is held while bytes travel.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from artifacts import configured_stores as store_registry
from artifacts.api import accel_redirect
from artifacts.api.pool_partition import PoolPartition
from artifacts.api.prefetching import PrefetchingReader
from artifacts.api.ranges import Span
from artifacts.api.threads import ServersBusy, in_database, in_pool, threads_of
from artifacts.conf import ArtifactsConfig
from artifacts.missing_bytes import bytes_lost
from artifacts.services.objects import are_kept
from catalog.conf import section
from catalog.errors import NotFound
from stores import (
    BlobNotFound,
    BlobStat,
    BlobStore,
    Reader,
    StoreError,
    StoreUnavailable,
    without_query,
)

log = logging.getLogger(__name__)

DOWNLOADED = Counter(
    "vitrine_downloaded_bytes", "Bytes sent by downloads, or left to a proxy to send"
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """One place where bytes can be read, how many must be there (None: whatever is there), and whose they are."""

    store: str
    key: str
    size: int | None = None
    owner: str | None = None


async def send(
    request: Request,
    sources: Sequence[Source],
    span: Span,
    *,
    headers: dict[str, str],
    content_type: str,
    counted: bool = False,
) -> Response:
    """The bytes of a span from the first source that has them, a block ahead of the socket unless they are at hand;
    HEAD reads none. A proxy that can may send them, unless they are to be `counted` here.

    BytesLost when no source has them; Unavailable when one that does not answer might; NotFound when they were let go
    of meanwhile.
    """
    if not counted and accel_redirect.wanted(request) and (path := await _local_file(sources[0])):
        DOWNLOADED.inc(span.length)
        return accel_redirect.answer(path, headers, content_type)
    headers = {**headers, "Content-Length": str(span.length), "Accept-Ranges": "bytes"}
    if span.partial:
        headers["Content-Range"] = span.content_range
    status = 206 if span.partial else 200
    if request.method == "HEAD":
        await _first(sources, lambda store, key: store.stat(key))
        return Response(None, status, headers, media_type=content_type)
    reader, threads = await _first(
        sources, lambda store, key: store.open(key, span.start, span.length)
    )
    sending = _Sending(reader, threads, status, headers, content_type)
    most = section(ArtifactsConfig).foreign_downloads_each
    if isinstance(threads, PoolPartition) and not threads.hold(sending, most):
        sending.close()
        raise ServersBusy
    return sending


async def _local_file(source: Source) -> Path | None:
    """The file that is the source; None where there is none, and the usual way finds another or tells why."""
    if not store_registry.store(source.store).has_local_path:
        return None
    look_up = partial(accel_redirect.local_file, source.store, source.key, source.size)
    try:
        return await in_pool(look_up, threads_of(source.store, source.owner))
    except (StoreError, OSError):
        return None


async def _first(
    sources: Sequence[Source], ask: Callable[[BlobStore, str], T]
) -> tuple[T, Executor]:
    """The first answer, and where its store is read on; a source that fails is passed over and noted."""
    failed: StoreError | ServersBusy | None = None
    for source in sources:
        try:
            threads, asking = threads_of(source.store, source.owner), partial(_ask, source, ask)
            return await in_pool(asking, threads, undo=_close, patience=_patience(source)), threads
        except (StoreError, ServersBusy) as error:
            log.warning(
                "a source of bytes fails",
                extra={
                    "store": source.store,
                    "key": without_query(source.key),
                    "reason": str(error),
                },
            )
            failed = failed if isinstance(error, BlobNotFound) else error
    if isinstance(failed, StoreError):
        raise store_registry.translated(failed) from failed
    if failed is not None:
        raise failed
    if not await in_database(partial(are_kept, [(one.store, one.key) for one in sources])):
        raise NotFound("the data was deleted just now")
    raise bytes_lost(places=[f"{one.store}:{without_query(one.key)}" for one in sources])


def _patience(source: Source) -> float | None:
    """Seconds to wait for a thread: disks of our own are waited for, others' servers are not."""
    foreign = store_registry.store(source.store).url_schemes
    return section(ArtifactsConfig).foreign_patience if foreign else None


def _ask(source: Source, ask: Callable[[BlobStore, str], T]) -> T:
    found = ask(store_registry.store(source.store), source.key)
    stat = found.stat if isinstance(found, Reader) else found
    if source.size is None or not isinstance(stat, BlobStat) or stat.size == source.size:
        return found
    if isinstance(found, Reader):
        found.close()
    raise StoreUnavailable(
        "the data is not as large as it was", store=source.store, key=without_query(source.key)
    )


def _close(found: object) -> None:
    if isinstance(found, Reader):
        found.close()


class _Sending(StreamingResponse):
    """Sends a reader's blocks and closes it however the client leaves, also before the first block."""

    def __init__(
        self,
        reader: Reader,
        threads: Executor,
        status: int,
        headers: dict[str, str],
        content_type: str,
    ) -> None:
        self._reader, self._threads = reader, threads
        self._ahead = PrefetchingReader(reader, threads)
        super().__init__(self._blocks(), status, headers, media_type=content_type)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.close()

    def close(self) -> None:
        self._ahead.close()
        if isinstance(self._threads, PoolPartition):
            self._threads.let_go(self)

    async def _blocks(self) -> AsyncIterator[bytes | memoryview]:
        while (found := self._reader.at_hand()) is not None:
            yield memoryview(found)
            DOWNLOADED.inc(len(found))
            await asyncio.sleep(0)  # a client as fast as memory would keep the loop to itself
        while (block := await self._ahead.read()) is not None:
            self._ahead.begin()
            yield block
            DOWNLOADED.inc(len(block))
