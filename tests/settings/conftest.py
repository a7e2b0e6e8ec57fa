"""A real server on a free port of this machine, around the shell with views and routes of the tests."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from catalog import requestids
from catalog.errors import Conflict
from catalog.fairqueue import Use
from settings.asgi_application import assemble
from settings.bridge import Bridge
from settings.hosts import Hosts
from settings.proxies import TrustedProxies
from settings.sections import HttpConfig
from settings.serving.protocol import BoundedProtocol
from tests.settings import views

LIMIT = 64 * 1024


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool = True

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    port: int
    prepared: list[str] = field(default_factory=list)
    bridge: Bridge | None = None
    running: uvicorn.Server | None = None

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    @property
    def connections(self) -> int:
        assert self.running is not None
        return len(self.running.server_state.connections)

    @property
    def waits(self) -> int:
        """Requests that wait for something else than a thread."""
        assert self.bridge is not None
        return self.bridge._waits.used

    @property
    def busy(self) -> int:
        """Requests that have a thread or wait for one."""
        assert self.bridge is not None
        return self.bridge._queue.running + self.bridge._queue.waiting

    def ask(self, method: str, path: str, *headers: str, body: bytes | None = None) -> Answer:
        """One request as bytes on a connection of its own; `headers` go out as they are."""
        lines = [f"{method} {path} HTTP/1.1", "Host: catalog.test", "Connection: close", *headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        with self.connect() as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
            return read_answer(connection, head=method == "HEAD")


@contextmanager
def narrow(server: Server) -> Iterator[socket.socket]:
    """A connection on which little is on its way to the client at once."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", server.port))
        yield connection


def read_answer(connection: socket.socket, *, head: bool = False) -> Answer:
    """Everything until the server closes; `complete` says whether the body ended as announced."""
    data = b""
    while part := connection.recv(65536):
        data += part
    start, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = start.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked" and not head:
        body, complete = unchunked(rest)
    else:
        body = rest
        complete = head or len(rest) == int(headers.get("content-length", 0))
    return Answer(int(first.split()[1]), headers, body, complete)


def unchunked(data: bytes) -> tuple[bytes, bool]:
    found = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        if int(size or b"0", 16) == 0:
            return found, bool(size)
        found, data = found + data[: int(size, 16)], data[int(size, 16) + 2 :]
    return found, False


async def _taken(request: Request) -> PlainTextResponse:
    size = 0
    async for part in request.stream():
        size += len(part)
    return PlainTextResponse(f"{size} {requestids.current.get()}")


async def _refused(request: Request) -> PlainTextResponse:
    raise Conflict("not now")


async def _broken(request: Request) -> PlainTextResponse:
    raise RuntimeError("a secret of the inside")


async def _databaseless(request: Request) -> PlainTextResponse:
    raise OperationalError('connection to server at "db.inside" failed')


async def _cut(request: Request) -> StreamingResponse:
    async def parts() -> Any:
        yield b"first"
        raise RuntimeError("in the middle")

    return StreamingResponse(parts())


NATIVE = [
    Route("/data/{id}", _taken, methods=["PUT"]),
    Route("/data-refused", _refused),
    Route("/data-broken", _broken),
    Route("/data-databaseless", _databaseless),
    Route("/data-cut", _cut),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Two threads, a queue of two, eight that wait, bodies up to 64 KiB."""
    yield from serving(())


@pytest.fixture(scope="module")
def behind_proxy() -> Iterator[Server]:
    """The same, which believes proxies at these addresses."""
    yield from serving(("127.0.0.1", "10.0.0.0/8"))


def serving(
    proxies: tuple[str, ...], body_seconds: float = 600.0, grace: int = 5
) -> Iterator[Server]:
    listening = socket.create_server(("127.0.0.1", 0))
    found = Server(listening.getsockname()[1])

    class Seen(Bridge):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            found.bridge = self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("settings.asgi_application.Bridge", Seen)
        patch.setattr("settings.bodies.DISCARD_SECONDS", 60.0)
        patch.setattr("django.conf.settings.ROOT_URLCONF", views.__name__)
        app = assemble(
            WSGIHandler(),
            NATIVE,
            proxies=TrustedProxies.parse(proxies),
            hosts=Hosts(("*",)),
            body_limit=LIMIT,
            http=HttpConfig(web_threads=2, web_queue=2, web_waits=8, body_seconds=body_seconds),
            prepare=lambda: found.prepared.append(threading.current_thread().name),
        )
        config = uvicorn.Config(
            app,
            http=BoundedProtocol,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=grace,
        )
        running = found.running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, args=([listening],))
        thread.start()
        try:
            yield found
        finally:
            views.gate.set()
            running.should_exit = True
            thread.join(60)
            assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _one_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked a moment ago, in another test, has no part of the threads."""
    monkeypatch.setattr(Use, "contested", lambda *_: False)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    views.ended, views.gate = threading.Event(), threading.Event()
    yield
    views.gate.set()  # nobody waits on after a test that failed
