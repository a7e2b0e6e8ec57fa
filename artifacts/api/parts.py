"""The bytes of resumable uploads: a request's body into parts, and the parts into one blob."""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from operator import methodcaller

from starlette.requests import ClientDisconnect

from artifacts import configured_stores as store_registry
from artifacts.api.lease_renewal import LeaseRenewer, ask, let_go
from artifacts.api.prefetching import PrefetchingReader
from artifacts.api.streaming import Body, ClientGone, ingest_into
from artifacts.api.threads import data_threads, in_pool
from artifacts.conf import ArtifactsConfig
from artifacts.services import sessions
from artifacts.services.sessions import Claim, Part
from artifacts.services.upload_conditions import SizeMismatch
from catalog.conf import section
from catalog.errors import CatalogError, Invalid, TimedOut
from stores import StoreError, gather

SESSIONS = LeaseRenewer(sessions.wanted)


class ChecksumMismatch(Invalid):
    """The bytes of one request are not those whose checksum came with them; they were thrown away."""

    code = "checksum_mismatch"


@dataclass(frozen=True, slots=True)
class Checksum:
    """A digest of one request's body, in lower-case hexadecimal, by hashlib's name."""

    algorithm: str
    digest: str


async def append(
    body: Body,
    claim: Claim,
    *,
    checksum: Checksum | None,
    finish: Callable[[list[Part]], Awaitable[None]],
) -> int:
    """Take the body in from the claim's offset on; the offset behind what is durable.

    What came before a client was cut off is kept; with a checksum it is all or nothing. When the session is full,
    `finish` makes one blob of its parts. Gone, SizeMismatch, ChecksumMismatch, TimedOut, ClientGone.
    """
    appending = _Appending(body, claim, checksum, finish)
    try:
        return await SESSIONS.hold(
            claim.session_id, appending.run(), renew=partial(sessions.renew, claim)
        )
    except StoreError as error:
        raise store_registry.translated(error) from error
    except CatalogError as error:
        if not isinstance(error, TimedOut | ClientGone):
            await body.discard()
        raise
    finally:
        await let_go(partial(sessions.release, claim))


async def joined(parts: list[Part]) -> AsyncGenerator[bytes, None]:
    """The bytes of the parts, one after the other."""
    for part in parts:
        opening = partial(store_registry.store(part.store).open, part.key)
        reader = PrefetchingReader(
            await in_pool(opening, undo=methodcaller("close")), data_threads()
        )
        try:
            while (block := await reader.read()) is not None:
                yield block
        finally:
            reader.close()


class _Appending:
    def __init__(
        self,
        body: Body,
        claim: Claim,
        checksum: Checksum | None,
        finish: Callable[[list[Part]], Awaitable[None]],
    ) -> None:
        self._body, self._claim, self._checksum, self._finish = body, claim, checksum, finish
        self._offset = claim.offset
        self._cut: Exception | None = None

    async def run(self) -> int:
        async with aclosing(self._blocks()) as blocks:
            if self._claim.length == 0:
                await self._finish([])
            async for first in blocks:
                await self._part(first, blocks)
                if self._offset == self._claim.length:
                    return self._offset
        if self._checksum is not None and self._offset == self._claim.offset:
            self._compare(hashlib.new(self._checksum.algorithm).hexdigest(), self._checksum)
        if isinstance(self._cut, ClientDisconnect):
            raise ClientGone(
                "the client left before all data came", id=self._claim.session_id
            ) from None
        if self._cut is not None:
            raise self._cut
        return self._offset

    async def _blocks(self) -> AsyncGenerator[bytes, None]:
        """The body in blocks, to where it ends or is cut. SizeMismatch beyond the session's length."""
        left = self._claim.length - self._claim.offset
        async with aclosing(self._until_cut()) as chunks:
            async for block in gather(chunks):
                left -= len(block)
                if left < 0:
                    raise SizeMismatch(
                        f"more data came than the session's {self._claim.length} bytes",
                        expected=self._claim.length,
                    )
                yield block

    async def _until_cut(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._body.chunks()) as chunks:
            try:
                async for chunk in chunks:
                    yield chunk
            except (ClientDisconnect, TimedOut) as error:
                self._cut = error

    async def _part(self, first: bytes, blocks: AsyncGenerator[bytes, None]) -> None:
        """Store a part that begins with this block, and write it down; the session's last one is given to `finish`."""
        beginning = partial(sessions.begin_part, self._claim)
        part = await ask(beginning, undo=sessions.drop_part)
        try:
            size = await self._store(part, first, blocks)
            if self._offset + size < self._claim.length:
                await ask(
                    partial(sessions.keep_part, self._claim, part, start=self._offset, size=size)
                )
            else:
                kept = await ask(partial(sessions.kept_parts, self._claim))
                await self._finish([*kept, part])
            self._offset += size
        finally:
            await let_go(partial(sessions.drop_part, part))

    async def _store(self, part: Part, first: bytes, blocks: AsyncGenerator[bytes, None]) -> int:
        """Write blocks until the part is long enough or the body ends; durable on return."""
        algorithms = () if self._checksum is None else (self._checksum.algorithm,)
        async with await ingest_into(part.store, part.key, algorithms) as ingest:
            await ingest.feed(first)
            while self._wants_more(ingest.size):
                block = await anext(blocks, None)
                if block is None:
                    break
                await ingest.feed(block)
            if self._offset + ingest.size == self._claim.length:
                await anext(blocks, None)  # raises when the body goes on
            content = await ingest.finish()
            if self._checksum is not None:
                self._compare(content.digests[self._checksum.algorithm], self._checksum)
            await ingest.commit()
            return content.size

    def _wants_more(self, size: int) -> bool:
        if self._checksum is not None:
            return True
        return (
            size < section(ArtifactsConfig).session_part
            and self._offset + size < self._claim.length
        )

    def _compare(self, found: str, checksum: Checksum) -> None:
        if self._cut is not None:
            raise self._cut
        if found != checksum.digest:
            raise ChecksumMismatch(
                f"the {checksum.algorithm} of what came is {found}, {checksum.digest} was announced",
                algorithm=checksum.algorithm,
                expected=checksum.digest,
                found=found,
            )
