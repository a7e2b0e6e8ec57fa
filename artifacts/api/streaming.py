"""The bytes' way through the service: native async, outside Django's request cycle.

Rights, quota and state are checked before the first byte is read, in short database work on threads of its own; no
connection and no transaction is held while bytes travel. One block of 1 MiB is in flight per upload: hashed, written
and looked at side by side, while the next one is gathered.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from prometheus_client import Counter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from artifacts import stores as store_registry
from artifacts.api import handover
from artifacts.api.holding import Holder
from artifacts.api.ranges import Span
from artifacts.api.threads import data_threads, in_database, in_pool, threads_of
from artifacts.conf import ArtifactsConfig
from artifacts.services import uploads
from artifacts.services.intake import Intake, SizeMismatch
from artifacts.services.uploads import Upload
from catalog import failpoints, requestids
from catalog.actors import Actor
from catalog.api.authentication import authenticate
from catalog.api.dialects import Dialect
from catalog.conf import section
from catalog.errors import (
    CatalogError,
    Invalid,
    InvalidParameter,
    NotFound,
    TimedOut,
    TooLarge,
    UnsupportedMediaType,
)
from stores import (
    BlobNotFound,
    BlobStat,
    BlobStore,
    Ingest,
    Ingested,
    Reader,
    StoreError,
    StoreUnavailable,
    gather,
    without_query,
)

log = logging.getLogger(__name__)

UPLOADED = Counter("vitrine_uploaded_bytes", "Bytes taken in by uploads")
DOWNLOADED = Counter(
    "vitrine_downloaded_bytes", "Bytes sent by downloads, or left to a proxy to send"
)
DISCARD = 32 << 20
"""How many bytes of a refused upload are read, so that the client comes to read the answer."""
DISCARD_SECONDS = 2.0
UPLOADS = Holder(uploads.wanted)
T = TypeVar("T")


class ClientGone(Invalid):
    """The client left before all bytes came."""

    code = "client_gone"


class BytesLost(NotFound):
    """The rows speak of bytes that no store has."""

    code = "bytes_lost"


@dataclass(frozen=True, slots=True)
class Source:
    """One place where bytes can be read, and how many must be there (None: whatever is there)."""

    store: str
    key: str
    size: int | None = None


def caller(request: Request) -> Actor:
    """Who sends the request; blocks, so it is called inside `in_database`."""
    return authenticate(request.headers, request_id=requestids.current.get())


def require_plain(request: Request) -> None:
    """UnsupportedMediaType when the bytes are coded: they would be stored as they come, and be something else."""
    for header, plain in (("content-encoding", "identity"), ("transfer-encoding", "chunked")):
        found = request.headers.get(header, plain).strip().lower()
        if found not in (plain, ""):
            raise UnsupportedMediaType(
                f"data is taken without {header} {found[:40]!r}", header=header
            )


def announced_size(request: Request) -> int | None:
    """How many bytes the client says it sends: by OpenStack's header, which chunked bodies may have, or Content-Length.

    InvalidParameter; SizeMismatch when both are there and differ; UnsupportedMediaType when the bytes are coded.
    """
    require_plain(request)
    found: int | None = None
    for header in ("x-openstack-image-size", "content-length"):
        text = request.headers.get(header)
        if text is None:
            continue
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise InvalidParameter(
                f"{header} must be a number of bytes, not {text[:40]!r}", header=header
            )
        if found is not None and found != int(text):
            raise SizeMismatch(
                f"x-openstack-image-size announces {found} bytes, Content-Length {text}",
                expected=found,
                found=int(text),
            )
        found = int(text) if found is None else found
    return found


def error_response(error: CatalogError, request: Request, dialect: Dialect) -> Response:
    status = dialect.status(error)
    content, content_type = dialect.body(error, status, request.headers.get("accept"))
    headers = dialect.headers(error)
    if request.method in {"PUT", "PATCH", "POST"}:
        headers["Connection"] = "close"
    return Response(content, status, {**headers, "Content-Type": content_type})


async def receive(
    request: Request,
    upload: Upload,
    actor: Actor,
    *,
    intake: Intake,
    finish: Callable[[Ingested], T],
) -> T:
    """Take the body into the upload's store and call `finish` with what came in, once the bytes are durable.

    On any failure, the client's leaving and a cancelled request included, the upload is abandoned: no bytes stay.
    """
    body = Body(request)
    try:
        async with aclosing(body.chunks()) as chunks:
            return await store(chunks, upload, actor, intake=intake, finish=finish)
    except ClientDisconnect:
        raise ClientGone("the client left before all data came", id=upload.artifact_id) from None
    except CatalogError as error:
        if not isinstance(error, TimedOut):
            await body.discard()
        raise


async def store(
    chunks: AsyncGenerator[bytes, None],
    upload: Upload,
    actor: Actor,
    *,
    intake: Intake,
    finish: Callable[[Ingested], T],
) -> T:
    """Like `receive`, from wherever the bytes come."""
    ingest: Ingest | None = None
    try:
        writer = await in_pool(lambda: store_registry.store(upload.store).begin(upload.key))
        ingest = Ingest(writer, intake.hashes, executor=data_threads(), observers=intake.observers)
        content = await UPLOADS.hold(
            upload.object_id,
            _take_in(chunks, upload, ingest, intake),
            renew=partial(uploads.renew, upload),
        )
        return await in_database(lambda: finish(content))
    except BaseException as error:
        await asyncio.shield(_undo(ingest, upload, actor))
        if isinstance(error, StoreError):
            raise store_registry.translated(error) from error
        raise


async def _take_in(
    chunks: AsyncGenerator[bytes, None], upload: Upload, ingest: Ingest, intake: Intake
) -> Ingested:
    """The bytes, durable in the store."""
    await _feed(chunks, upload, ingest, intake.size)
    content = await ingest.finish()
    await in_pool(lambda: intake.check(content))
    failpoints.reach(uploads.BEFORE_COMMIT)
    await in_database(partial(uploads.renew, upload))
    await ingest.commit()
    return content


async def _feed(
    chunks: AsyncGenerator[bytes, None], upload: Upload, ingest: Ingest, expected_size: int | None
) -> None:
    limit = upload.size_limit if expected_size is None else min(upload.size_limit, expected_size)
    async for block in gather(chunks):
        if ingest.size + len(block) > limit:
            raise _too_long(upload, expected_size)
        await ingest.feed(block)
        UPLOADED.inc(len(block))


async def before_bytes(request: Request, work: Awaitable[T]) -> T:
    """What `work` returns. When it refuses the request, some of the body is read all the same: a client that is
    sending would find its connection reset instead of an answer. One that waits for a go-ahead is answered at once.
    """
    try:
        return await work
    except CatalogError:
        if "expect" not in request.headers:
            await Body(request).discard()
        raise


class Body:
    """A request's body as it comes."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._ended = False

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The chunks; TimedOut when none comes for the idle time, ClientDisconnect when the client is gone.

        The time is the client's alone: it stands still while the consumer works.
        """
        idle = section(ArtifactsConfig).idle_timeout
        while not self._ended:
            try:
                async with asyncio.timeout(idle):
                    message = await self._request.receive()
            except TimeoutError:
                raise TimedOut(f"no data came for {idle:g} seconds", seconds=idle) from None
            self._ended = not message.get("more_body", False)
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            if chunk := message.get("body", b""):
                yield chunk

    async def discard(self) -> None:
        """Read on for a while: a client that still sends would find its connection reset instead of an answer."""
        left = DISCARD
        try:
            async with asyncio.timeout(DISCARD_SECONDS), aclosing(self.chunks()) as chunks:
                async for chunk in chunks:
                    left -= len(chunk)
                    if left <= 0:
                        return
        except (TimeoutError, TimedOut, ClientDisconnect):
            return


def _too_long(upload: Upload, expected_size: int | None) -> CatalogError:
    if expected_size is not None and expected_size <= upload.size_limit:
        return SizeMismatch(
            f"more data came than the {expected_size} bytes announced", expected=expected_size
        )
    return TooLarge(
        f"the data is larger than the {upload.size_limit} bytes allowed", maximum=upload.size_limit
    )


async def _undo(ingest: Ingest | None, upload: Upload, actor: Actor) -> None:
    if ingest is not None and ingest.committed is None:
        await ingest.abort()
    await in_database(lambda: uploads.abandon(upload, actor=actor))


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

    BytesLost when no source has them; Unavailable when one that does not answer might.
    """
    if not counted and handover.wanted(request) and (path := await _local_file(sources[0])):
        DOWNLOADED.inc(span.length)
        return handover.answer(path, headers, content_type)
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
    return _Sending(reader, threads, status, headers, content_type)


async def _local_file(source: Source) -> Path | None:
    """The file that is the source; None where there is none, and the usual way finds another or tells why."""
    look_up = partial(handover.local_file, source.store, source.key, source.size)
    try:
        return await in_pool(look_up, threads_of(source.store))
    except (StoreError, OSError):
        return None


async def _first(
    sources: Sequence[Source], ask: Callable[[BlobStore, str], T]
) -> tuple[T, ThreadPoolExecutor]:
    """The first answer, and where its store is read on; a source that fails is passed over and noted."""
    failed: StoreError | None = None
    for source in sources:
        try:
            threads = threads_of(source.store)
            return await in_pool(partial(_ask, source, ask), threads), threads
        except StoreError as error:
            log.warning(
                "a source of bytes fails",
                extra={
                    "store": source.store,
                    "key": without_query(source.key),
                    "reason": str(error),
                },
            )
            failed = failed if isinstance(error, BlobNotFound) else error
    if failed is not None:
        raise store_registry.translated(failed) from failed
    raise BytesLost("no store has the bytes that belong here")


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


class _Sending(StreamingResponse):
    """Sends a reader's blocks and closes it however the client leaves, also before the first block."""

    def __init__(
        self,
        reader: Reader,
        threads: ThreadPoolExecutor,
        status: int,
        headers: dict[str, str],
        content_type: str,
    ) -> None:
        self._reader, self._threads = reader, threads
        self._ahead: asyncio.Future[bytes | None] | None = None
        super().__init__(self._blocks(), status, headers, media_type=content_type)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._ahead is not None:
                await asyncio.wait([self._ahead])
            self._reader.close()

    async def _blocks(self) -> AsyncIterator[bytes | memoryview]:
        while (found := self._reader.at_hand()) is not None:
            yield memoryview(found)
            DOWNLOADED.inc(len(found))
            await asyncio.sleep(0)  # a client as fast as memory would keep the loop to itself
        self._read()
        while self._ahead is not None and (block := await asyncio.shield(self._ahead)) is not None:
            self._read()
            yield block
            DOWNLOADED.inc(len(block))

    def _read(self) -> None:
        loop = asyncio.get_running_loop()
        self._ahead = loop.run_in_executor(self._threads, next, self._reader, None)
