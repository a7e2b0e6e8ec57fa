"""Gathering a request's body on the event loop, bounded in size, in time and in sum, before a thread is taken.

Nobody is trusted with much memory before it is known who sends: up to `SMALL` bytes are taken from anybody, out of a
reserve of which each client address has a share. A longer body is read on once its sender is known, out of another sum
of which each sender has a share. So neither strangers nor one tenant leave no room for others, and signing in, which
nobody does with a token, needs the reserve alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Self

from starlette.types import Receive, Scope

from catalog.api.bodies import require_length
from catalog.errors import CatalogError, TimedOut, TooLarge, Unauthenticated, Unavailable
from settings.capacity import CapacityBudget

SMALL = 64 << 10
"""Bytes of a body that may come from anybody."""
DISCARD = 16 << 20
DISCARD_SECONDS = 5.0

Known = Callable[[], Awaitable[str]]
"""Who sends: a name under which bodies are counted together. Unauthenticated, TooLarge or Unavailable."""


class ClientGone(Exception):
    """Nobody is left to answer."""


class Bodies:
    """Gathers JSON bodies, each at most `limit` bytes within `seconds`; what they hold comes out of two budgets."""

    def __init__(
        self, *, limit: int, seconds: float, strangers: CapacityBudget, known: CapacityBudget
    ) -> None:
        self._limit, self._seconds = limit, seconds
        self._strangers, self._known = strangers, known

    def reservation(self, scope: Scope) -> "Reservation":
        """What the request's body holds, nothing yet: given back at the end of a block."""
        return Reservation(self._strangers, client_key(scope))

    async def gather(
        self, scope: Scope, receive: Receive, reserved: "Reservation", known: Known
    ) -> bytes:
        """The whole body, counted in the reservation. TimedOut, LengthRequired, ClientGone, and what `known` raises."""
        declared, waits = _declared(scope)
        if declared == 0:
            _require_length(scope)
            return b""
        parts: list[bytes] = []
        more = True
        try:
            if declared is not None:
                await self._make_room(reserved, declared, known)
            async with asyncio.timeout(self._seconds):
                while more:
                    part, more = await _next(receive)
                    await self._make_room(reserved, reserved.size + len(part), known)
                    await self._add(reserved, len(part), known)
                    parts.append(part)
        except (TooLarge, Unauthenticated) as error:
            if more and (parts or not waits):  # a client that still sends would not read the answer
                await _discard(receive)
            raise _closing(error) from None
        except TimeoutError:
            raise TimedOut(
                f"the body did not arrive within {self._seconds:g} seconds", headers=_CLOSE
            ) from None
        return b"".join(parts)

    async def _make_room(self, reserved: "Reservation", size: int, known: Known) -> None:
        """A body that is to have this size is the sender's once it is more than anybody may send."""
        if size > self._limit:
            raise TooLarge(f"the body is longer than {self._limit} bytes", limit=self._limit)
        if size > SMALL and reserved.budget is self._strangers:
            reserved.move(self._known, await known())

    async def _add(self, reserved: "Reservation", size: int, known: Known) -> None:
        try:
            reserved.add(size)
        except Unavailable as full:
            if reserved.budget is not self._strangers:
                raise
            try:
                reserved.move(self._known, await known())
            except (Unauthenticated, TooLarge):
                raise full from None
            reserved.add(size)


class Reservation:
    """What one body holds, and of which budget."""

    def __init__(self, budget: CapacityBudget, key: str) -> None:
        self.budget, self._key, self.size = budget, key, 0

    def add(self, size: int) -> None:
        self.budget.reserve(self._key, size)
        self.size += size

    def move(self, budget: CapacityBudget, key: str) -> None:
        budget.reserve(key, self.size)
        self.budget.release(self._key, self.size)
        self.budget, self._key = budget, key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.budget.release(self._key, self.size)
        self.size = 0


def client_key(scope: Scope) -> str:
    """The client's address, as the first trusted proxy saw it; of IPv6 the network that one customer is given."""
    client = scope.get("client")
    return _key(client[0]) if client else ""


@lru_cache(maxsize=4096)
def _key(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


def _require_length(scope: Scope) -> None:
    """LengthRequired for a document that is announced, and of which nothing says where it ends."""
    names = dict(scope["headers"])
    if b"json" in names.get(b"content-type", b"").lower():
        require_length(scope["http_version"], framed=b"content-length" in names)


_CLOSE = {"Connection": "close"}


def _closing(error: CatalogError) -> CatalogError:
    error.facts["headers"] = {**error.facts.get("headers", {}), **_CLOSE}
    return error


async def _discard(receive: Receive) -> None:
    left, more = DISCARD, True
    try:
        async with asyncio.timeout(DISCARD_SECONDS):
            while more and left > 0:
                part, more = await _next(receive)
                left -= len(part)
    except TimeoutError:
        pass


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)


def _declared(scope: Scope) -> tuple[int | None, bool]:
    """The length that the headers promise (None: unknown, in chunks), and whether the client waits for a go-ahead."""
    length: int | None = 0
    waits = False
    for name, value in scope["headers"]:
        if name == b"content-length" and length is not None:
            length = int(value)
        elif name == b"transfer-encoding":
            length = None
        elif name == b"expect":
            waits = value.lower() == b"100-continue"
    return length, waits
