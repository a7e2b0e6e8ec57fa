"""Django as WSGI behind an ASGI server: a fixed pool of threads that keep their database connections.

Bodies are gathered before a thread is taken (`settings.bodies`), answers that Django holds whole leave their thread
at once, streamed ones are passed on part by part and stop when the client leaves. At most `waiting` requests queue
for a thread.
"""

import asyncio
import contextlib
import io
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from django.db import connections
from django.urls import Resolver404, resolve
from starlette.types import Receive, Scope, Send

from catalog import callers, requestids
from catalog.errors import NotFound, TooLarge, Unavailable
from settings.bodies import Bodies, ClientGone

Headers = list[tuple[bytes, bytes]]
WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

NO_CONTENT = frozenset({100, 101, 102, 103, 204, 304})
STALLED = 60.0


class Bridge:
    """An ASGI application around a WSGI one; `close` ends its threads and their connections."""

    def __init__(
        self, application: WsgiApplication, *, threads: int, waiting: int, bodies: Bodies
    ) -> None:
        self._application = application
        self._threads, self._waiting = threads, waiting
        self._bodies = bodies
        self._busy = 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self._bodies.gather(scope, receive)
        except TooLarge as error:
            if not _known(scope["path"]):  # no body is too long for what is not there
                raise NotFound("there is nothing at this address", **error.facts) from None
            raise
        try:
            if self._busy >= self._threads + self._waiting:
                raise Unavailable(
                    "all threads are busy and too many requests wait", headers={"Retry-After": "1"}
                )
            self._busy += 1
            try:
                await self._answer(_Exchange(self._application, scope, body, receive, send), send)
            finally:
                self._busy -= 1
        finally:
            self._bodies.release(len(body))

    async def _answer(self, exchange: "_Exchange", send: Send) -> None:
        running = self._pool.submit(exchange.run)
        answer = asyncio.wrap_future(running)
        try:
            if self._busy > self._threads:
                await _started_or_gone(running, answer, exchange.gone)
            whole = await answer
        finally:
            exchange.forget()
        if whole is not None:
            await send(
                {"type": "http.response.start", "status": whole.status, "headers": whole.headers}
            )
            await send({"type": "http.response.body", "body": whole.body})

    async def warm(self, work: Callable[[], None]) -> None:
        """Run `work` once on a thread of the pool."""
        await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self, patience: float = 2.0) -> None:
        """Close every thread's connections and end the threads; one that is still at work is left behind."""
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


@dataclass(frozen=True, slots=True)
class _Whole:
    status: int
    headers: Headers
    body: bytes


class _Exchange:
    """One request on its thread; `run` gives the whole answer, or None when it was streamed."""

    def __init__(
        self, application: WsgiApplication, scope: Scope, body: bytes, receive: Receive, send: Send
    ) -> None:
        self._application = application
        self._environ = environ(scope, body)
        self._send = send
        self._loop = asyncio.get_running_loop()
        self.gone = asyncio.ensure_future(until_gone(receive))
        self._head = scope["method"] == "HEAD"
        self._status = 500
        self._headers: Headers = []
        self._started = False

    def run(self) -> _Whole | None:
        token = requestids.current.set(self._environ[requestids.ENVIRON])
        try:
            with callers.watched(self.gone.done):
                return self._answer()
        finally:
            requestids.current.reset(token)

    def _answer(self) -> _Whole | None:
        parts = self._application(self._environ, self._start)
        try:
            if not getattr(parts, "streaming", True):  # Django says so of answers it holds whole
                return self._whole(b"".join(parts))
            if not self._head:
                for part in parts:
                    if part:
                        self._emit(part)
            self._emit(b"", more=False)
            return None
        finally:
            if close := getattr(parts, "close", None):
                close()

    def _start(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        self._status = int(status[:3])
        self._headers = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers]

    def _whole(self, body: bytes) -> _Whole:
        if self._status in NO_CONTENT:
            return _Whole(
                self._status, [h for h in self._headers if h[0] != b"content-length"], b""
            )
        if not any(name == b"content-length" for name, _ in self._headers):
            self._headers.append((b"content-length", b"%d" % len(body)))
        return _Whole(self._status, self._headers, b"" if self._head else body)

    def _emit(self, part: bytes, *, more: bool = True) -> None:
        passing = asyncio.run_coroutine_threadsafe(self._pass_on(part, more=more), self._loop)
        passing.result(STALLED + 5)

    async def _pass_on(self, part: bytes, *, more: bool) -> None:
        if not self._started:
            self._started = True
            await self._send(
                {"type": "http.response.start", "status": self._status, "headers": self._headers}
            )
        if self.gone.done():
            raise ClientGone
        async with asyncio.timeout(STALLED):
            await self._send({"type": "http.response.body", "body": part, "more_body": more})

    def forget(self) -> None:
        """Stop watching the client."""
        self.gone.cancel()


async def _started_or_gone(
    running: Future[_Whole | None],
    answer: "asyncio.Future[_Whole | None]",
    gone: "asyncio.Future[None]",
) -> None:
    """Wait for a request that queues for a thread; ClientGone when its client left before it began."""
    both: set[asyncio.Future[Any]] = {answer, gone}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if gone.done() and running.cancel():
        raise ClientGone


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


def _known(path: str) -> bool:
    """Whether Django has something at the address, for whatever method."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


async def until_gone(receive: Receive) -> None:
    """Return when the client has left; only for requests whose body was read to its end."""
    while (await receive())["type"] != "http.disconnect":
        pass
