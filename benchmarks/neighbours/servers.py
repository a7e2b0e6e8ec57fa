"""A neighbour whose own server hardly answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import ClassVar

from typing_extensions import override

from benchmarks.neighbours.member import IMAGES, Member
from benchmarks.neighbours.neighbour import Neighbour

SIZE = 1 << 20


class SlowServers(Neighbour):
    """Registers locations at a server of a byte a second, to be hashed, and downloads from them all the time."""

    name = "slow servers"
    connections = 24
    most: ClassVar[int] = 100

    @override
    def prepare(self, member: Member) -> None:
        self._server = _Server(("127.0.0.1", member.place.slow_port), _Dripping)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._images: list[str] = []

    @override
    def turn(self, member: Member, number: int) -> None:
        turn = next(_TURNS)
        if len(self._images) < self.most and number % 2 == 0:
            image = {"name": "slow", "disk_format": "raw", "container_format": "bare"}
            answer = member.ask("POST", IMAGES, image)
            if answer.status != 201:
                return
            found = str(answer.json()["id"])
            self._images.append(found)
            url = f"http://127.0.0.1:{member.place.slow_port}/{turn}"
            member.ask("POST", f"{IMAGES}/{found}/locations", {"url": url}, number=number)
        elif self._images:
            image_id = self._images[turn % len(self._images)]
            member.ask("GET", f"{IMAGES}/{image_id}/file", number=number)

    @override
    def clean(self, member: Member) -> None:
        self._server.shutdown()
        self._server.over.set()
        for image in self._images:
            member.ask("DELETE", f"{IMAGES}/{image}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: object) -> None:
        self.over = threading.Event()
        super().__init__(*arguments)  # type: ignore[arg-type]


class _Dripping(BaseHTTPRequestHandler):
    """Says at once how many bytes there are, and sends one of them a second."""

    server: _Server

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        for byte in _bytes():
            if self.server.over.wait(1.0):
                return
            try:
                self.wfile.write(byte)
            except OSError:
                return

    @override
    def log_message(self, *_: object) -> None: ...


def _bytes() -> Iterator[bytes]:
    return (b"." for _ in range(SIZE))


_TURNS = count()
