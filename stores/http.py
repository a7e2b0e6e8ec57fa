"""What others keep on web servers, read only: a key is an ``http://`` or ``https://`` address.

Each request goes over a connection of its own to an address that was vetted just before, redirects
as well; proxies of the environment are not asked. A server must tell the size of what it sends.
"""

import ssl
import time
from collections.abc import Collection, Iterator
from http import HTTPStatus
from http.client import HTTPException
from typing import NoReturn
from urllib.parse import urljoin

from stores.addresses import PORTS, AddressRules, Target, vet, without_query
from stores.base import BLOCK, BlobStat, BlobStore, Health, Reader, Writer, span
from stores.errors import (
    AddressRefused,
    InvalidKey,
    StoreError,
    StoreMisconfigured,
    StoreReadOnly,
    StoreUnavailable,
    Unsupported,
)
from stores.httpwire import Connection, Exchange, Watch
from stores.overriding import override

HOPS = 5
"""How many redirects are followed."""
LONGEST = 86_400
"""Seconds that an answer may be allowed to take."""
PATIENCE = 2.0
"""Seconds after which a block goes out though it is not full."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
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
        slowest: int = 256 << 10,
        ca_file: str | None = None,
    ) -> None:
        """Take the rules, the seconds that an answer may take, the fewest bytes a second, and whom to trust."""
        self.rules = AddressRules(
            allowed_schemes=tuple(allowed_schemes),
            disallowed_schemes=tuple(disallowed_schemes),
            allowed_hosts=tuple(allowed_hosts),
            disallowed_hosts=tuple(disallowed_hosts),
            allowed_ports=tuple(allowed_ports),
            disallowed_ports=tuple(disallowed_ports),
            private_networks=tuple(private_networks),
        )
        if not 0 < timeout <= LONGEST:
            raise StoreMisconfigured(
                f"timeout={timeout!r} must be more than 0 and at most {LONGEST}"
            )
        if not 0 <= slowest < 1 << 31:
            raise StoreMisconfigured(f"slowest={slowest!r} must be 0 or more bytes a second")
        self._timeout, self._slowest = timeout, slowest
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
        watch = Watch(self._timeout)
        exchange = self._ask("HEAD", key, watch=watch)
        try:
            if exchange.response.status == HTTPStatus.OK and exchange.size is not None:
                return exchange.stat()
            if exchange.response.status not in _NO_HEAD | {HTTPStatus.OK}:
                raise exchange.failure()
        finally:
            exchange.close()
        exchange = self._ask("GET", key, {"Range": "bytes=0-0"}, watch=watch)
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
            return self._reader(self._ask("GET", key, watch=Watch(self._timeout)), 0, None)
        stat = self.stat(key)
        count = span(stat.size, start, length, store=self.name, key=without_query(key))
        if not count:
            return _HttpReader(stat, 0)
        wanted = f"bytes={start}-{start + count - 1}"
        exchange = self._ask("GET", key, {"Range": wanted}, watch=Watch(self._timeout))
        return self._reader(exchange, start, count, stat.size)

    def _reader(
        self, exchange: Exchange, start: int, count: int | None, size: int | None = None
    ) -> Reader:
        try:
            stat = exchange.described()
            if size is not None and stat.size != size:
                raise StoreUnavailable("the data changes while it is read", **exchange.facts)
            found = count if count is not None else stat.size
            pace = _Pace(self._slowest, grace=self._timeout)
            return _HttpReader(stat, found, exchange, exchange.skip(start), pace)
        except BaseException:
            exchange.close()
            raise

    def _ask(
        self, method: str, key: str, headers: dict[str, str] | None = None, *, watch: Watch
    ) -> Exchange:
        """The final answer, behind redirects. InvalidKey for no address at all, AddressRefused, StoreUnavailable."""
        url, facts = key, {"store": self.name, "key": without_query(key)}
        if not key.isascii() or not key.isprintable() or not key or " " in key:
            raise InvalidKey("the key is no address", **facts)
        for _ in range(HOPS + 1):
            try:
                target = vet(url, self.rules)
            except StoreError as error:
                raise type(error)(error.message, **{**error.facts, **facts}) from None
            exchange = self._send(method, target, headers or {}, facts, watch)
            if exchange.response.status not in _REDIRECTS:
                return exchange
            url = self._next(exchange, target)
        raise StoreUnavailable("the server redirects too often", **facts)

    def _next(self, exchange: Exchange, target: Target) -> str:
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
        self,
        method: str,
        target: Target,
        headers: dict[str, str],
        facts: dict[str, str],
        watch: Watch,
    ) -> Exchange:
        connection = Connection(target, watch=watch, tls=self._tls)
        usual = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
        try:
            connection.request(method, target.path, headers={**usual, **headers})
            return Exchange(connection, connection.answer(), facts, watch)
        except (OSError, HTTPException, ValueError) as error:
            connection.close()
            raise StoreUnavailable(
                f"the server does not answer: {type(error).__name__}", **facts
            ) from error

    def _read_only(self, key: str) -> NoReturn:
        raise StoreReadOnly(
            "web servers are read, not written", store=self.name, key=without_query(key)
        )


class _HttpReader(Reader):
    """Blocks as they come, gathered for a moment; a connection that ends early is an error."""

    def __init__(
        self,
        stat: BlobStat,
        length: int,
        exchange: Exchange | None = None,
        skip: int = 0,
        pace: "_Pace | None" = None,
    ) -> None:
        super().__init__(stat, length)
        self._exchange, self._skip, self._left, self._pace = exchange, skip, length, pace
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
        exchange, began = self._exchange, time.monotonic()
        found = exchange.read(most) if exchange else b""
        facts = exchange.facts if exchange else {}
        if not found:
            self.close()
            raise StoreUnavailable("the data ends early", **facts)
        if self._pace and not self._pace.kept(len(found), time.monotonic() - began):
            self.close()
            raise StoreUnavailable("the server sends too slowly", **facts)
        return found

    @override
    def close(self) -> None:
        self._left = 0
        if self._exchange:
            self._exchange.close()


class _Pace:
    """Whether bytes come quickly enough over some time; only what was waited for them counts."""

    def __init__(self, slowest: int, *, grace: float) -> None:
        self._slowest = slowest
        self._credit = self._most = slowest * grace

    def kept(self, size: int, seconds: float) -> bool:
        self._credit = min(self._credit + size - seconds * self._slowest, self._most)
        return self._credit >= 0
