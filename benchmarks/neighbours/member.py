"""What a neighbour acts with: requests that are answered, left or never finished, from addresses of its own."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

PATIENCE = 60.0
"""Seconds for which a neighbour waits for an answer."""
PATCH = "application/openstack-images-v2.1-json-patch"
IMAGES = "/image/v2/images"
SEARCH = "/search/v1/search"
SIGN_IN = "/identity/v3/auth/tokens"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a neighbour lives: the service, its own token, and what the run made ready for it."""

    port: int
    token: str
    relay: int
    """The relay's process id."""
    slow_port: int
    """A port from which the service reads locations."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 0: none came."""

    status: int
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


class Member:
    """The neighbour's connections, each from the address of its number, and what it was answered."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.answers: Counter[str] = Counter()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    # Asking

    def ask(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        number: int = 0,
        known: bool = True,
        kind: str = "application/json",
        patience: float = PATIENCE,
    ) -> Answer:
        """The answer, which is counted; a document that is bytes is sent as it is."""
        connection = HTTPConnection(
            "127.0.0.1",
            self.place.port,
            timeout=patience,
            source_address=(address(number), 0),
        )
        try:
            connection.connect()
            self._keep(connection.sock)
            with suppress(BrokenPipeError, ConnectionResetError):  # who refuses may close before
                connection.request(method, path, encoded(document), self._headers(kind, known))
            response = connection.getresponse()
            answer = Answer(response.status, response.read())
        except (OSError, HTTPException):
            answer = Answer(0)
        finally:
            connection.close()
        self.count(str(answer.status or "no answer"))
        return answer

    def leave(self, method: str, path: str, document: Any, *, after: float) -> None:
        """Ask, and close the connection before the answer is likely to come."""
        body = encoded(document)
        with self.connected(0) as sock:
            sock.sendall(self.head(method, path, {"Content-Length": str(len(body))}) + body)
            self.pause(after)
        self.count("left")

    def count(self, what: str) -> None:
        if not self.over:
            with self._lock:
                self.answers[what] += 1

    # Connections that are used by hand

    def connected(self, number: int, *, window: int = 0) -> socket.socket:
        """A connection from the number's address; `window` bounds the bytes that the kernel takes in unread."""
        sock = socket.socket()
        if window:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.settimeout(PATIENCE)
        sock.bind((address(number), 0))
        self._keep(sock)
        sock.connect(("127.0.0.1", self.place.port))
        return sock

    def head(
        self, method: str, path: str, headers: Mapping[str, str], *, known: bool = True
    ) -> bytes:
        """The head of a request."""
        every = {"Host": "127.0.0.1", **self._headers("application/json", known), **headers}
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in every.items())]
        return "\r\n".join([*lines, "", ""]).encode()

    def drip(self, sock: socket.socket, *, every: float, seconds: float) -> None:
        """Send a byte from time to time; the status of what is answered meanwhile is counted."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.pause(every):
            sock.setblocking(False)
            try:
                said = sock.recv(4096)
            except BlockingIOError:
                sock.settimeout(PATIENCE)
                sock.sendall(b" ")
            else:
                self.count(said.split(b" ")[1].decode() if said else "closed")
                return
        self.count("held")

    # The end

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def pause(self, seconds: float) -> bool:
        """Wait; True once the neighbour has to go."""
        return self._over.wait(seconds)

    def go(self) -> None:
        """Let every turn end, whatever it waits for."""
        self._over.set()
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def stay(self) -> None:
        """After `go`: requests can be made again, to clean up."""
        self._over.clear()

    def _keep(self, sock: socket.socket) -> None:
        with self._lock:
            self._open = {one for one in self._open if one.fileno() >= 0} | {sock}
        if self.over:
            sock.close()

    def _headers(self, kind: str, known: bool) -> dict[str, str]:
        token = {"X-Auth-Token": self.place.token} if known else {}
        return {"Content-Type": kind, **token}


def address(number: int) -> str:
    """One of the loopback addresses that belong to neighbours; the other member comes from 127.0.0.1."""
    return f"127.0.{1 + number // 250}.{2 + number % 250}"


def encoded(document: Any) -> bytes:
    if document is None:
        return b""
    return document if isinstance(document, bytes) else json.dumps(document).encode()
