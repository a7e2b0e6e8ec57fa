"""Django as WSGI behind an ASGI server: a fixed pool of threads that keep their database connections.

Bodies are gathered before a thread is taken (`settings.bodies`), answers leave their thread at once: those that Django
holds whole are sent by the event loop, of streamed ones each part is made on a thread and sent without one. Who must
wait for something else first (`catalog.api.deferred`) waits here, and bytes that a view names (`catalog.api.delegated`)
are sent from here. At most `waiting` requests of a caller queue for a thread.
"""

import asyncio
import contextlib
import io
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes

from django.db import connections
from django.urls import Resolver404, resolve
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from catalog import callers, requestids
from catalog.api import deferred, delegated
from catalog.api.addresses import PROXIED, RAW_PATH
from catalog.errors import CatalogError, NotFound, TooLarge, UnsupportedMediaType
from catalog.fairqueue import FairQueue, Used
from catalog.outside_request import outside_request
from settings.bodies import Bodies, ClientGone, Reservation, client_key
from settings.capacity import CapacityBudget
from settings.disconnects import leaving

Headers = list[tuple[bytes, bytes]]
WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
T = TypeVar("T")

LARGE = 64 << 10
"""Bytes of a whole answer beyond which it is counted until it is sent."""
PIECE = 256 << 10
NO_CONTENT = frozenset({100, 101, 102, 103, 204, 304})


class Bridge:
    """An ASGI application around a WSGI one; `close` ends its threads and their connections."""

    def __init__(
        self,
        application: WsgiApplication,
        *,
        threads: int,
        waiting: int,
        bodies: Bodies,
        waits: CapacityBudget,
        answers: CapacityBudget,
        sender: Callable[[dict[str, Any]], str],
    ) -> None:
        """`sender` tells on a thread who sends a request; `waits` bounds those that wait for something else, `answers`
        the bytes that clients have not taken yet.
        """
        self._application = application
        self._threads = threads
        self._queue = FairQueue(threads, waiting)
        self._bodies, self._waits, self._answers = bodies, waits, answers
        self._sender = sender
        self._closing = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._bodies.reservation(scope) as reserved:
            body = await self._body(scope, receive, reserved)
            with leaving(receive) as gone:
                await self._answer(scope, body, send, gone)

    async def _body(self, scope: Scope, receive: Receive, reserved: Reservation) -> bytes:
        try:
            return await self._bodies.gather(
                scope, receive, reserved, partial(self._sent_by, scope)
            )
        except TooLarge as error:
            if not _known(scope["path"]):  # no body is too long for what is not there
                raise NotFound("there is nothing at this address", **error.facts) from None
            if _is_data(scope):
                said = "a JSON document is taken here, no application/octet-stream"
                raise UnsupportedMediaType(said, **error.facts) from None
            raise

    async def _sent_by(self, scope: Scope) -> str:
        return await self._on_thread(outside_request(partial(self._sender, environ(scope, b""))))

    async def _answer(
        self, scope: Scope, body: bytes, send: Send, gone: "asyncio.Future[None]"
    ) -> None:
        asked = environ(scope, body)
        answer = await self._on_thread(self._exchange(asked | _OFFER, gone), gone)
        while isinstance(answer, _Waits):
            outcome = await self._wait(client_key(scope), answer.waiting, gone)
            came = {deferred.OUTCOME: outcome, deferred.WAITED: answer.waiting}
            again = environ(scope, body) | _OFFER | came
            answer = await self._on_thread(self._exchange(again, gone), gone)
        if isinstance(answer, _Carries):
            await _carry(answer, scope, send, gone)
        elif isinstance(answer, _Streamed):
            await self._stream(answer, send, gone)
        elif isinstance(answer, _Whole):
            if gone.done():
                raise ClientGone
            await self._send(answer, answer.key or client_key(scope), send)

    def _exchange(
        self, asked: dict[str, Any], gone: "asyncio.Future[None]"
    ) -> Callable[[], "_Answer"]:
        return _Exchange(self._application, asked, self._sender, gone).run

    async def _send(self, answer: "_Whole", key: str, send: Send) -> None:
        """Send a whole answer; a large one is held by the client's name until its last piece is on its way."""
        body, counted, at = answer.body, 0, 0
        if len(body) > LARGE:
            counted = min(len(body), self._answers.share)
            self._answers.reserve(key, counted)
        try:
            await send(answer.start)
            while len(body) - at > PIECE:
                part, at = body[at : at + PIECE], at + PIECE
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": body[at:]})
        finally:
            if counted:
                self._answers.release(key, counted)

    async def _on_thread(
        self, work: Callable[[], T], gone: "asyncio.Future[None] | None" = None
    ) -> T:
        """What `work` returns; Unavailable when too many wait for a thread, ClientGone for whom it is too late."""
        caller = callers.current.get()
        if not self._queue.took(caller) and not await self._queue.wait(caller, gone):
            raise ClientGone
        used = Used()
        try:
            running = self._pool.submit(self._kept_open, used.measured(work))
            return await asyncio.wrap_future(running)
        finally:
            self._queue.give_back(caller, used.seconds)

    async def _wait(
        self, key: str, waiting: deferred.Pollable, gone: "asyncio.Future[None]"
    ) -> bool:
        """What the waiting comes to; a thread is taken for each look alone."""
        self._waits.reserve(key, 1)
        try:
            pauses = deferred.pauses()
            while (found := await self._in_pool(outside_request(waiting.poll))) is None:
                await asyncio.wait([gone], timeout=next(pauses))
                if gone.done():
                    raise ClientGone
            return found
        finally:
            self._waits.release(key, 1)

    async def _stream(self, answer: "_Streamed", send: Send, gone: "asyncio.Future[None]") -> None:
        """Pass the parts on, and close the answer however that ends."""
        making: asyncio.Future[bytes | None] | None = None
        try:
            await send(answer.start)
            while not gone.done():
                making = asyncio.ensure_future(self._in_pool(answer.next_part))
                part = await asyncio.shield(making)
                if part is None:
                    await send({"type": "http.response.body", "body": b""})
                    return
                await send({"type": "http.response.body", "body": part, "more_body": True})
            raise ClientGone
        finally:
            if making is not None:
                await asyncio.wait([making])
            await asyncio.shield(self._in_pool(answer.close))

    async def _in_pool(self, work: Callable[[], T]) -> T:
        """For what goes on with a request that was let in already, and is over in a moment."""
        return await asyncio.wrap_future(self._pool.submit(self._kept_open, work))

    def _kept_open(self, work: Callable[[], T]) -> T:
        """What `work` returns; the thread's connections stay for the next request, unless `close` left it behind."""
        try:
            return work()
        finally:
            if self._closing:
                connections.close_all()

    async def warm(self, work: Callable[[], None]) -> None:
        """Run `work` once on a thread of the pool."""
        await self._in_pool(work)

    def close(self, patience: float = 2.0) -> None:
        """Close every thread's connections and end the threads; one still at work is left behind and does it later."""
        self._closing = True
        everyone = threading.Barrier(self._threads)

        def leave() -> None:
            with contextlib.suppress(threading.BrokenBarrierError):
                everyone.wait(patience)  # so that each thread takes exactly one of these
            connections.close_all()

        for _ in range(self._threads):
            self._pool.submit(leave)
        self._pool.shutdown(wait=False)
        for thread in list(self._pool._threads):  # noqa: SLF001 - the pool offers no bounded wait
            thread.join(patience)


_OFFER = {deferred.OFFERED: True}


@dataclass(frozen=True, slots=True)
class _Whole:
    start: dict[str, Any]
    body: bytes
    key: str = ""


@dataclass(frozen=True, slots=True)
class _Waits:
    waiting: deferred.Pollable


@dataclass(frozen=True, slots=True)
class _Carries:
    sender: delegated.Send
    headers: Headers


@dataclass(frozen=True, slots=True)
class _Streamed:
    start: dict[str, Any]
    parts: Iterator[bytes]
    close: Callable[[], None]

    def next_part(self) -> bytes | None:
        """The next part that is not empty; None at the end."""
        return next(filter(None, self.parts), None)


_Answer: TypeAlias = _Whole | _Streamed | _Waits | _Carries


class _Exchange:
    """One request on its thread."""

    def __init__(
        self,
        application: WsgiApplication,
        asked: dict[str, Any],
        sender: Callable[[dict[str, Any]], str],
        gone: "asyncio.Future[None]",
    ) -> None:
        self._application, self._sender = application, sender
        self._environ = asked
        self._gone = gone
        self._head = asked["REQUEST_METHOD"] == "HEAD"
        self._status = 500
        self._headers: Headers = []

    def run(self) -> _Answer:
        """The answer: whole, its beginning, or what must be waited for first."""
        token = requestids.current.set(self._environ[requestids.ENVIRON])
        try:
            with callers.watched(self._gone.done):
                return self._answer()
        finally:
            requestids.current.reset(token)

    def _answer(self) -> _Answer:
        parts = self._application(self._environ, self._start)
        close: Callable[[], None] = getattr(parts, "close", lambda: None)
        if getattr(
            parts, "streaming", True
        ):  # Django says so of answers that it does not hold whole
            found = iter(() if self._head else parts)
            return _Streamed(self._begin(self._headers), found, close)
        try:
            if isinstance(parts, deferred.Deferred):
                return _Waits(parts.waiting)
            if isinstance(parts, delegated.Delegated):
                return _Carries(parts.sender, self._headers)
            return self._whole(b"".join(parts))
        finally:
            close()

    def _start(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        self._status = int(status[:3])
        self._headers = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers]

    def _begin(self, headers: Headers) -> dict[str, Any]:
        return {"type": "http.response.start", "status": self._status, "headers": headers}

    def _whole(self, body: bytes) -> _Whole:
        if self._status in NO_CONTENT:
            kept = [h for h in self._headers if h[0] != b"content-length"]
            return _Whole(self._begin(kept), b"")
        if not any(name == b"content-length" for name, _ in self._headers):
            self._headers.append((b"content-length", b"%d" % len(body)))
        if self._head:
            return _Whole(self._begin(self._headers), b"")
        return _Whole(
            self._begin(self._headers), body, self._caller_key() if len(body) > LARGE else ""
        )

    def _caller_key(self) -> str:
        """Whose the answer is; empty where nobody says who asks."""
        try:
            return self._sender(self._environ)
        except CatalogError:
            return ""


def environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """The WSGI environment; names that differ only by `_` and `-` cannot meet, since those with `_` are dropped."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = unquote_to_bytes(raw) if b"%" in raw else raw
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client")
    found: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": "HTTP/" + scope["http_version"],
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 80),
        "REMOTE_ADDR": client[0] if client else "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        requestids.ENVIRON: requestids.current.get(),
        PROXIED: bool(scope.get(PROXIED)),
        RAW_PATH: raw.decode("latin-1"),
    }
    for name, value in scope["headers"]:
        variable = _variable(name)
        if variable is None:
            continue
        text = value.decode("latin-1")
        if variable in found:
            text = f"{found[variable]}{'; ' if variable == 'HTTP_COOKIE' else ','}{text}"
        found[variable] = text
    return found


@lru_cache(maxsize=512)
def _variable(name: bytes) -> str | None:
    if b"_" in name or name in {b"content-length", b"transfer-encoding", b"proxy"}:
        return None
    if name == b"content-type":
        return "CONTENT_TYPE"
    return "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


async def _carry(answer: _Carries, scope: Scope, send: Send, gone: "asyncio.Future[None]") -> None:
    async def receive() -> Message:
        await asyncio.wait([gone])
        return {"type": "http.disconnect"}

    response = await answer.sender(Request(scope, receive))
    for name, value in answer.headers:
        response.headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    await response(scope, receive, send)


def _is_data(scope: Scope) -> bool:
    """Whether the body is sent as bytes of whatever kind."""
    content_type: bytes = dict(scope["headers"]).get(b"content-type", b"")
    return content_type.lower().startswith(b"application/octet-stream")


def _known(path: str) -> bool:
    """Whether Django has something at the address, for whatever method."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
