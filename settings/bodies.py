"""Gathering a request's body on the event loop, bounded in size, in time and in sum, before a thread is taken."""

import asyncio

from starlette.types import Receive, Scope

from catalog.errors import TimedOut, TooLarge, Unavailable

DISCARD = 16 << 20
DISCARD_SECONDS = 5.0


class ClientGone(Exception):
    """Nobody is left to answer."""


class Bodies:
    """Gathers JSON bodies: each at most `limit` bytes within `seconds`, all together at most `budget` bytes."""

    def __init__(self, *, limit: int, seconds: float, budget: int) -> None:
        self._limit, self._seconds, self._budget = limit, seconds, budget
        self.held = 0

    async def gather(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body; `release` its length later. TooLarge, TimedOut, Unavailable or ClientGone."""
        declared, waits = _declared(scope)
        if declared == 0:
            return b""
        if declared is not None and declared > self._limit:
            raise await self._too_large(receive, at_once=waits)
        parts: list[bytes] = []
        size, more = 0, True
        try:
            async with asyncio.timeout(self._seconds):
                while more:
                    part, more = await _next(receive)
                    parts.append(part)
                    size += len(part)
                    self.held += len(part)
                    if size > self._limit:
                        raise await self._too_large(receive, at_once=not more)
                    if self.held > self._budget:
                        raise Unavailable("too many requests at once", headers=_CLOSE | _RETRY)
        except BaseException as error:
            self.held -= size
            if isinstance(error, TimeoutError):
                raise TimedOut(
                    f"the body did not arrive within {self._seconds:g} seconds", headers=_CLOSE
                ) from None
            raise
        return b"".join(parts)

    def release(self, size: int) -> None:
        self.held -= size

    async def _too_large(self, receive: Receive, *, at_once: bool) -> TooLarge:
        """The error, after some of the rest was read: a client that still sends would not read the answer."""
        left, more = DISCARD, not at_once
        try:
            async with asyncio.timeout(DISCARD_SECONDS):
                while more and left > 0:
                    part, more = await _next(receive)
                    left -= len(part)
        except TimeoutError:
            pass
        return TooLarge(
            f"the body is longer than {self._limit} bytes", limit=self._limit, headers=_CLOSE
        )


_CLOSE = {"Connection": "close"}
_RETRY = {"Retry-After": "1"}


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
