"""The bytes' way in: native async, outside Django's request cycle.

Rights, quota and state are checked before the first byte is read, in short database work on threads of its own; no
connection and no transaction is held while bytes travel. A few blocks of 1 MiB are in flight per upload: hashed,
written and looked at side by side, while the next one is gathered.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from functools import partial
from operator import methodcaller
from typing import TypeVar

from prometheus_client import Counter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from artifacts import configured_stores as store_registry
from artifacts.api.lease_renewal import LeaseRenewer, ask
from artifacts.api.threads import data_threads, in_database, in_pool
from artifacts.conf import ArtifactsConfig
from artifacts.services import uploads
from artifacts.services.upload_conditions import Intake, SizeMismatch
from artifacts.services.uploads import Upload
from catalog import failpoints, requestids
from catalog.actors import Actor
from catalog.api import bodies
from catalog.api.authentication import authenticate
from catalog.api.error_responses import Dialect
from catalog.conf import section
from catalog.errors import (
    CatalogError,
    Invalid,
    InvalidParameter,
    TimedOut,
    TooLarge,
    UnsupportedMediaType,
)
from stores import Ingest, Ingested, Observer, StoreError, gather

UPLOADED = Counter("vitrine_uploaded_bytes", "Bytes taken in by uploads")
DISCARD = 32 << 20
"""How many bytes of a refused upload are read, so that the client comes to read the answer."""
DISCARD_SECONDS = 2.0
UPLOADS = LeaseRenewer(uploads.wanted)
T = TypeVar("T")


class ClientGone(Invalid):
    """The client left before all bytes came."""

    code = "client_gone"


def caller(request: Request) -> Actor:
    """Who sends the request; blocks, so it is called inside `in_database`."""
    return authenticate(request.headers, request_id=requestids.current.get())


def require_plain(request: Request) -> None:
    """UnsupportedMediaType when the bytes are coded: they would be stored as they come, and be something else.

    LengthRequired when nothing says where they end.
    """
    framed = "content-length" in request.headers or "transfer-encoding" in request.headers
    bodies.require_length(request.scope["http_version"], framed=framed)
    for header, plain in (("content-encoding", "identity"), ("transfer-encoding", "chunked")):
        found = request.headers.get(header, plain).strip().lower()
        if found not in (plain, ""):
            raise UnsupportedMediaType(
                f"data is taken without {header} {found[:40]!r}", header=header
            )


def announced_size(request: Request) -> int | None:
    """How many bytes the client says it sends: by OpenStack's header, which chunked bodies may have, or Content-Length.

    InvalidParameter; SizeMismatch when both are there and differ; and what `require_plain` raises.
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
    finish: Callable[[Ingested], object],
) -> None:
    """Take the body into the upload's store and call `finish` with what came in, once the bytes are durable.

    On any failure, the client's leaving and a cancelled request included, the upload is abandoned: no bytes stay.
    A database that is away is none: it is waited for.
    """
    body = Body(request)
    try:
        async with aclosing(body.chunks()) as chunks:
            await store(chunks, upload, actor, intake=intake, finish=finish)
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
    finish: Callable[[Ingested], object],
) -> None:
    """Like `receive`, from wherever the bytes come."""
    ingest: Ingest | None = None
    try:
        ingest = await ingest_into(
            upload.store, upload.key, intake.hashes, observers=intake.observers
        )
        content = await UPLOADS.hold(
            upload.object_id,
            _take_in(chunks, upload, ingest, intake),
            renew=partial(uploads.renew, upload),
        )
        await _conclude(upload, partial(finish, content))
    except BaseException as error:
        await asyncio.shield(_undo(ingest, upload, actor))
        if isinstance(error, StoreError):
            raise store_registry.translated(error) from error
        raise


async def ingest_into(
    store: str, key: str, algorithms: Iterable[str], *, observers: Iterable[Observer] = ()
) -> Ingest:
    """An ingest into a new blob; the caller ends it."""
    begin = partial(store_registry.store(store).begin, key)
    writer = await in_pool(begin, undo=methodcaller("abort"))
    try:
        return Ingest(writer, algorithms, executor=data_threads(), observers=observers)
    except BaseException:
        writer.abort()
        raise


async def _conclude(upload: Upload, finish: Callable[[], object]) -> None:
    """Write down that the bytes are there, once, though an answer of the database may be lost."""
    tried = False

    def once() -> None:
        nonlocal tried
        if not tried or not uploads.finished(upload):
            tried = True
            finish()

    await ask(once)


async def _take_in(
    chunks: AsyncGenerator[bytes, None], upload: Upload, ingest: Ingest, intake: Intake
) -> Ingested:
    """The bytes, durable in the store."""
    await _feed(chunks, upload, ingest, intake.size)
    content = await ingest.finish()
    await in_pool(lambda: intake.check(content))
    failpoints.reach(uploads.BEFORE_COMMIT)
    await ask(partial(uploads.renew, upload))
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
