"""One HTTP exchange with a server of others, over a connection that is never waited for longer than was said.

A timeout of a socket counts from the last byte, so a server that sends one now and then would hold its reader for ever:
here a `Watch` bounds whole steps, the answer's headers included.
"""

import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from io import BufferedReader, RawIOBase
from socket import create_connection, socket
from typing import Any

from stores.addresses import PORTS, Target
from stores.base import BlobStat
from stores.errors import BlobNotFound, StoreError, StoreUnavailable
from stores.overriding import override

_EPOCH = datetime.fromtimestamp(0, UTC)
_GONE = frozenset({404, 410})


class Watch:
    """How long a step may take; `again` begins the next one."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.again()

    def again(self) -> None:
        self._end = time.monotonic() + self._seconds

    def left(self) -> float:
        """Seconds that are left, more than 0; TimeoutError when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("it takes too long")
        return left


class Connection(HTTPConnection):
    """Goes to the vetted addresses in turn; TLS and the Host header speak of the name."""

    def __init__(self, target: Target, *, watch: Watch, tls: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port)
        self.default_port = PORTS[target.scheme]
        self._target, self._tls, self._watch = target, tls, watch

    @override
    def connect(self) -> None:
        self.sock = self._connected()
        if self._target.scheme == "https":
            try:
                self.sock.settimeout(self._watch.left())
                self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._target.host)
            except BaseException:
                self.close()
                raise
        self.sock.settimeout(self._watch.left())

    def answer(self) -> HTTPResponse:
        """The answer to the request, its headers read."""
        watch, connected = self._watch, self.sock

        class Response(HTTPResponse):
            def __init__(self, sock: socket, *more: Any, **options: Any) -> None:
                super().__init__(sock, *more, **options)
                self.fp.close()
                self.fp = BufferedReader(_Watched(connected, watch))

        self.response_class = Response
        return self.getresponse()

    def _connected(self) -> socket:
        failed: OSError = OSError("no address")
        for ip in self._target.ips:
            try:
                return create_connection((ip, self._target.port), self._watch.left())
            except OSError as error:
                failed = error
        raise failed


class _Watched(RawIOBase):
    """Reads a socket; each reading waits only for what the watch leaves."""

    def __init__(self, sock: socket, watch: Watch) -> None:
        self._sock, self._watch = sock, watch
        self._raw = sock.makefile("rb", buffering=0)

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._watch.left())
        return self._raw.readinto(buffer)

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


class Exchange:
    """One answer, and the connection it comes over."""

    def __init__(
        self,
        connection: Connection,
        response: HTTPResponse,
        facts: dict[str, str],
        watch: Watch,
    ) -> None:
        self._connection, self.response, self.facts = connection, response, facts
        self._watch = watch

    @property
    def size(self) -> int | None:
        """How large the whole is, as far as the answer tells."""
        if self.response.status == HTTPStatus.OK:
            return number(self.response.headers.get("Content-Length"))
        return number((self.response.headers.get("Content-Range") or "").rpartition("/")[2])

    def described(self) -> BlobStat:
        """What the answer with content is about; else what is wrong with it."""
        if self.response.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise self.failure()
        return self.stat()

    def stat(self) -> BlobStat:
        headers, size = self.response.headers, self.size
        if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise StoreUnavailable("the server sends the data encoded", **self.facts)
        if size is None:
            raise StoreUnavailable("the server does not tell how large the data is", **self.facts)
        return BlobStat(
            key=self.facts["key"], size=size, modified=_time(headers.get("Last-Modified"))
        )

    def skip(self, start: int) -> int:
        """How many bytes come before the wanted ones; StoreUnavailable when others come."""
        if self.response.status == HTTPStatus.OK:
            return start
        kind, _, rest = (self.response.headers.get("Content-Range") or "").partition(" ")
        if kind.lower() != "bytes" or number(rest.partition("-")[0]) != start:
            raise StoreUnavailable("the server sends another range", **self.facts)
        return 0

    def failure(self) -> StoreError:
        status = self.response.status
        if status in _GONE:
            return BlobNotFound("the server has no such data", **self.facts)
        return StoreUnavailable(f"the server answers {status}", **self.facts, status=status)

    def read(self, most: int) -> bytes:
        """Some bytes, at most so many; empty at the end."""
        self._watch.again()
        try:
            return self.response.read1(most)
        except (OSError, HTTPException, ValueError) as error:
            raise StoreUnavailable(
                f"the server stops sending: {type(error).__name__}", **self.facts
            ) from error

    def close(self) -> None:
        self.response.close()
        self._connection.close()


def number(text: str | None) -> int | None:
    found = (text or "").strip()
    return int(found) if found.isascii() and found.isdigit() and len(found) < 20 else None


def _time(text: str | None) -> datetime:
    """When it was changed last; the epoch when the server does not tell."""
    try:
        found = parsedate_to_datetime(text or "")
    except (ValueError, TypeError):
        return _EPOCH
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
