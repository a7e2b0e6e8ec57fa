"""A line to a server that can be cut, and on which it can become still."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Line:
    """Passes on what comes to `port`, both ways."""

    def __init__(self, host: str, port: int) -> None:
        self._server = host, port
        self._passing = threading.Event()
        self._passing.set()
        self._cut = False
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and take none."""
        self._cut = True
        self._end_all()

    def freeze(self) -> None:
        """Pass nothing on, and say nothing of it."""
        self._passing.clear()

    def mend(self) -> None:
        self._cut = False
        self._passing.set()

    def close(self) -> None:
        self._listening.close()
        self.mend()
        self._end_all()

    def _end_all(self) -> None:
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                if self._cut:
                    near.close()
                    continue
                far = socket.create_connection(self._server)
                self._open |= {near, far}
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while found := here.recv(1 << 16):
                self._passing.wait()
                there.sendall(found)
        for one in (here, there):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._open -= {here}
        here.close()


@contextmanager
def line_to(address: str) -> Iterator[tuple[Line, str]]:
    """A line to the server at this address, and the address by way of it."""
    parts = urlsplit(address)
    line = Line(parts.hostname or "127.0.0.1", parts.port or 5432)
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    netloc = f"{user}127.0.0.1:{line.port}"
    try:
        yield line, urlunsplit(parts._replace(netloc=netloc))
    finally:
        line.close()
