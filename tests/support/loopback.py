"""A server of others in a thread of this process, on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

TICK = 0.005
"""Seconds."""


class LoopbackServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class Loopback:
    """What such servers share: a socket of their own from the beginning, answers from `start` to `stop`."""

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], server: type[LoopbackServer] = LoopbackServer
    ) -> None:
        self._server = server(("127.0.0.1", 0), handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(TICK,))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


L = TypeVar("L", bound=Loopback)


@contextmanager
def running(found: L) -> Iterator[L]:
    found.start()
    try:
        yield found
    finally:
        found.stop()
