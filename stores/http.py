"""What others keep on web servers, read only: a key is an ``http://`` or ``https://`` address.

Each request goes over a connection of its own to an address that was vetted just before, redirects
as well; proxies of the environment are not asked. A server must tell the size of what it sends.
"""

import ssl
import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from socket import create_connection, socket
from typing import NoReturn
from urllib.parse import urljoin

from stores.addresses import PORTS, AddressRules, Target, vet, without_query
from stores.base import BLOCK, BlobStat, BlobStore, Health, Reader, Writer, span
from stores.errors import (
    AddressRefused,
    BlobNotFound,
    InvalidKey,
    StoreError,
    StoreMisconfigured,
    StoreReadOnly,
    StoreUnavailable,
    Unsupported,
)
from stores.overriding import override

HOPS = 5
"""How many redirects are followed."""
PATIENCE = 2.0
"""Seconds after which a block goes out though it is not full."""
_EPOCH = datetime.fromtimestamp(0, UTC)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_NO_HEAD = frozenset({400, 403, 405, 501})


class HttpStore(BlobStore):
    """Blobs on web servers; what may be reached is said by the options of `AddressRules`."""

    can_write = False
    url_schemes = frozenset(PORTS)

    def __init__(
        self,
        *,
        allowed_schemes: Collection[str] = ("http", "https"),
        disallowed_schemes: Collection[str] = (),
        allowed_hosts: Collection[str] = (),
        disallowed_hosts: Collection[str] = (),
        allowed_ports: Collection[int] = (80, 443),
        disallowed_ports: Collection[int] = (),
        private_networks: Collection[str] = (),
        timeout: float = 30.0,
        ca_file: str | None = None,
    ) -> None:
        """Take the rules, the seconds of silence that are borne, and whom to trust beside the usual."""
        self.rules = AddressRules(
            allowed_schemes=tuple(allowed_schemes),
            disallowed_schemes=tuple(disallowed_schemes),
            allowed_hosts=tuple(allowed_hosts),
            disallowed_hosts=tuple(disallowed_hosts),
            allowed_ports=tuple(allowed_ports),
            disallowed_ports=tuple(disallowed_ports),
            private_networks=tuple(private_networks),
        )
        self._timeout = timeout
        try:
            self._tls = ssl.create_default_context()
            if ca_file is not None:
                self._tls.load_verify_locations(ca_file)
        except OSError as error:
            raise StoreMisconfigured(f"ca_file={ca_file!r}: {error}") from error

    @override
    def begin(self, key: str) -> Writer:
        """Refuse."""
        self._read_only(key)

    @override
    def delete(self, key: str) -> None:
        """Refuse: it belongs to others."""
        self._read_only(key)

    @override
    def list(self, prefix: str = "") -> Iterator[BlobStat]:
        """Refuse: nobody lists the web."""
        raise Unsupported("web servers do not list what they have", store=self.name, prefix=prefix)

    @override
    def check(self) -> Health:
        """Say that nothing is taken."""
        return Health(writable=False, reason="the store is read only")

    @override
    def stat(self, key: str) -> BlobStat:
        """Ask by HEAD, or for the first byte where a server answers no HEAD."""
        exchange = self._ask("HEAD", key)
        try:
            if exchange.response.status == HTTPStatus.OK and exchange.size is not None:
                return exchange.stat()
            if exchange.response.status not in _NO_HEAD | {HTTPStatus.OK}:
                raise exchange.failure()
        finally:
            exchange.close()
        exchange = self._ask("GET", key, {"Range": "bytes=0-0"})
        try:
            if exchange.response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return exchange.stat()
            return exchange.described()
        finally:
            exchange.close()

    @override
    def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        """Read by GET, with a range unless all is wanted; a server that knows no ranges is read through."""
        if (start, length) == (0, None):
            return self._reader(self._ask("GET", key), 0, None)
        stat = self.stat(key)
        count = span(stat.size, start, length, store=self.name, key=without_query(key))
        if not count:
            return _HttpReader(stat, 0, None, 0)
        wanted = f"bytes={start}-{start + count - 1}"
        return self._reader(self._ask("GET", key, {"Range": wanted}), start, count, stat.size)

    def _reader(
        self, exchange: "_Exchange", start: int, count: int | None, size: int | None = None
    ) -> Reader:
        try:
            stat = exchange.described()
            if size is not None and stat.size != size:
                raise StoreUnavailable("the data changes while it is read", **exchange.facts)
            found = count if count is not None else stat.size
            return _HttpReader(stat, found, exchange, exchange.skip(start))
        except BaseException:
            exchange.close()
            raise

    def _ask(self, method: str, key: str, headers: dict[str, str] | None = None) -> "_Exchange":
        """The final answer, behind redirects. InvalidKey for no address at all, AddressRefused, StoreUnavailable."""
        url, facts = key, {"store": self.name, "key": without_query(key)}
        if not key.isascii() or not key.isprintable() or not key or " " in key:
            raise InvalidKey("the key is no address", **facts)
        for _ in range(HOPS + 1):
            try:
                target = vet(url, self.rules)
            except StoreError as error:
                raise type(error)(error.message, **{**error.facts, **facts}) from None
            exchange = self._send(method, target, headers or {}, facts)
            if exchange.response.status not in _REDIRECTS:
                return exchange
            url = self._next(exchange, target)
        raise StoreUnavailable("the server redirects too often", **facts)

    def _next(self, exchange: "_Exchange", target: Target) -> str:
        """The address that a redirect names; one out of TLS is not followed."""
        exchange.close()
        where = exchange.response.headers.get("Location")
        if not where:
            raise exchange.failure()
        try:
            url = urljoin(target.url, where)
        except ValueError:
            raise exchange.failure() from None
        if target.scheme == "https" and not url.lower().startswith("https:"):
            raise AddressRefused("the server redirects out of TLS", **exchange.facts)
        return url

    def _send(
        self, method: str, target: Target, headers: dict[str, str], facts: dict[str, str]
    ) -> "_Exchange":
        connection = _Connection(target, timeout=self._timeout, tls=self._tls)
        usual = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
        try:
            connection.request(method, target.path, headers={**usual, **headers})
            return _Exchange(connection, connection.getresponse(), facts)
        except (OSError, HTTPException, ValueError) as error:
            connection.close()
            raise StoreUnavailable(
                f"the server does not answer: {type(error).__name__}", **facts
            ) from error

    def _read_only(self, key: str) -> NoReturn:
        raise StoreReadOnly(
            "web servers are read, not written", store=self.name, key=without_query(key)
        )


class _Connection(HTTPConnection):
    """Goes to the vetted addresses in turn; TLS and the Host header speak of the name."""

    def __init__(self, target: Target, *, timeout: float, tls: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self.default_port = PORTS[target.scheme]
        self._target, self._tls = target, tls

    @override
    def connect(self) -> None:
        self.sock = self._connected()
        if self._target.scheme == "https":
            try:
                self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._target.host)
            except BaseException:
                self.close()
                raise

    def _connected(self) -> socket:
        failed: OSError = OSError("no address")
        for ip in self._target.ips:
            try:
                return create_connection((ip, self._target.port), self.timeout)
            except OSError as error:
                failed = error
        raise failed


class _Exchange:
    """One answer, and the connection it comes over."""

    def __init__(
        self, connection: HTTPConnection, response: HTTPResponse, facts: dict[str, str]
    ) -> None:
        self._connection, self.response, self.facts = connection, response, facts

    @property
    def size(self) -> int | None:
        """How large the whole is, as far as the answer tells."""
        if self.response.status == HTTPStatus.OK:
            return _number(self.response.headers.get("Content-Length"))
        return _number((self.response.headers.get("Content-Range") or "").rpartition("/")[2])

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
        if kind != "bytes" or _number(rest.partition("-")[0]) != start:
            raise StoreUnavailable("the server sends another range", **self.facts)
        return 0

    def failure(self) -> StoreError:
        status = self.response.status
        if status in _GONE:
            return BlobNotFound("the server has no such data", **self.facts)
        return StoreUnavailable(f"the server answers {status}", **self.facts, status=status)

    def read(self, most: int) -> bytes:
        """Some bytes, at most so many; empty at the end."""
        try:
            return self.response.read1(most)
        except (OSError, HTTPException, ValueError) as error:
            raise StoreUnavailable(
                f"the server stops sending: {type(error).__name__}", **self.facts
            ) from error

    def close(self) -> None:
        self.response.close()
        self._connection.close()


class _HttpReader(Reader):
    """Blocks as they come, gathered for a moment; a connection that ends early is an error."""

    def __init__(self, stat: BlobStat, length: int, exchange: _Exchange | None, skip: int) -> None:
        super().__init__(stat, length)
        self._exchange, self._skip, self._left = exchange, skip, length
        if not length:
            self.close()

    @override
    def __next__(self) -> bytes:
        while self._skip and self._left:
            self._skip -= len(self._some(min(self._skip, BLOCK)))
        if not self._left:
            raise StopIteration
        wanted, end = min(self._left, BLOCK), time.monotonic() + PATIENCE
        parts: list[bytes] = []
        while wanted and (not parts or time.monotonic() < end):
            parts.append(self._some(wanted))
            wanted -= len(parts[-1])
        block = b"".join(parts)
        self._left -= len(block)
        if not self._left:
            self.close()
        return block

    def _some(self, most: int) -> bytes:
        exchange = self._exchange
        found = exchange.read(most) if exchange else b""
        if not found:
            self.close()
            raise StoreUnavailable("the data ends early", **(exchange.facts if exchange else {}))
        return found

    @override
    def close(self) -> None:
        self._left = 0
        if self._exchange:
            self._exchange.close()


def _number(text: str | None) -> int | None:
    found = (text or "").strip()
    return int(found) if found.isascii() and found.isdigit() and len(found) < 20 else None


def _time(text: str | None) -> datetime:
    """When it was changed last; the epoch when the server does not tell."""
    try:
        found = parsedate_to_datetime(text or "")
    except (ValueError, TypeError):
        return _EPOCH
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
