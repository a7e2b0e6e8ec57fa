"""A web server of others, on loopback: files by path, and the oddities that servers have."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

from typing_extensions import override

from tests.support.loopback import Loopback, LoopbackServer, running

MODIFIED = "Wed, 21 Oct 2026 07:28:00 GMT"


class WebServer(Loopback):
    """`files` by path (a query is kept in it), `redirects`, and what every request was: `(method, path, headers)`.

    `head`: whether HEAD is answered; `ranges`: whether ranges are known; `sized`: whether sizes are told; `before`: called
    before the content of a GET is sent; `cut`: how many bytes are sent at most; `drip`: "headers" or "body", which then
    comes a byte at a time as long as it is set and somebody listens.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.statuses: dict[str, int] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.head = self.ranges = self.sized = True
        self.headers: dict[str, str] = {}
        self.cut: int | None = None
        self.drip = ""
        self.before: Callable[[], object] = lambda: None
        super().__init__(type("Handler", (_Handler,), {"web": self}), _Quiet)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def put(self, path: str, content: bytes) -> str:
        """Serve the content from now on; its address."""
        self.files[path] = content
        return self.url(path)

    def asked(self, method: str) -> list[str]:
        return [path for one, path, _ in self.requests if one == method]


def web_server() -> AbstractContextManager[WebServer]:
    return running(WebServer())


class _Quiet(LoopbackServer):
    """Clients may leave whenever they want."""

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        return


class _Handler(BaseHTTPRequestHandler):
    web: ClassVar[WebServer]

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        return

    def _answer(self) -> None:
        web, headers = self.web, {name.lower(): value for name, value in self.headers.items()}
        web.requests.append((self.command, self.path, headers))
        if web.drip == "headers":
            return self._drip(b"HTTP/1.1 200 OK\r\nX: ", b"x")
        if self.command == "HEAD" and not web.head:
            return self._begin(405, {"Content-Length": "0"})
        if self.path in web.redirects:
            return self._begin(302, {"Location": web.redirects[self.path]})
        if self.path not in web.files or self.path in web.statuses:
            return self._begin(web.statuses.get(self.path, 404), {"Content-Length": "0"})
        content = web.files[self.path]
        wanted = headers.get("range", "") if web.ranges else ""
        status, part, extra = _part(content, wanted)
        size = {"Content-Length": str(len(part))} if web.sized else {}
        self._begin(status, {"Last-Modified": MODIFIED, **size, **extra, **web.headers})
        if self.command == "GET":
            web.before()
            if web.drip:
                return self._drip(b"", b"x")
            with suppress(OSError):
                self.wfile.write(part[: web.cut] if web.cut is not None else part)
        return None

    def _drip(self, first: bytes, drop: bytes) -> None:
        with suppress(OSError):
            self.wfile.write(first)
            while self.web.drip:
                self.wfile.write(drop)
                time.sleep(0.02)

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _part(content: bytes, wanted: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, bytes and headers for a `bytes=a-b` range."""
    if not wanted:
        return 200, content, {}
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last) if last else len(content), len(content) - 1)
    if start >= len(content):
        return 416, b"", {"Content-Range": f"bytes */{len(content)}"}
    return (
        206,
        content[start : end + 1],
        {"Content-Range": f"bytes {start}-{end}/{len(content)}"},
    )
