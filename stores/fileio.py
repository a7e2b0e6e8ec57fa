"""The writer and the reader of blobs that are files."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import FileIO

from stores.base import BLOCK, BlobStat, Block, Reader, Writer
from stores.errors import StoreUnavailable, WriterClosed
from stores.overriding import override
from stores.partial import Partial
from stores.posix import translated

Probe = Callable[[str], None]
_NOWAIT: int | None = getattr(os, "RWF_NOWAIT", None)


class FileWriter(Writer):
    """Writes into a partial file; `publish` makes it a blob."""

    def __init__(
        self,
        partial: Partial,
        publish: Callable[[Partial], BlobStat],
        probe: Probe,
        facts: Mapping[str, object],
    ) -> None:
        """Own the partial file from now on."""
        self._partial: Partial | None = partial
        self._publish = publish
        self._probe = probe
        self._facts = facts

    @override
    def write(self, block: Block) -> None:
        """Append the whole block."""
        partial = self._open()
        try:
            self._probe("store.write")
            with translated(**self._facts):
                partial.write(block)
        except BaseException:
            self.abort()
            raise

    @override
    def commit(self) -> BlobStat:
        """Publish the file, then take its hidden name away."""
        partial = self._open()
        try:
            self._probe("store.before_commit")
            return self._publish(partial)
        finally:
            self.abort()

    @override
    def abort(self) -> None:
        """Remove the hidden name; what cannot be removed now is left to the sweep."""
        partial, self._partial = self._partial, None
        if partial is not None:
            with suppress(OSError):
                partial.discard()

    def _open(self) -> Partial:
        """Return the partial file while there is one."""
        if self._partial is None:
            raise WriterClosed("the writer is closed", **self._facts)
        return self._partial


class FileReader(Reader):
    """Reads a range of an open file."""

    def __init__(self, file: FileIO, stat: BlobStat, start: int, length: int, store: str) -> None:
        """Own the file from now on."""
        super().__init__(stat, length)
        self._file = file
        self._at = start
        self._left = length
        self._store = store

    @override
    def __next__(self) -> bytes:
        """Return the next block, or raise StoreUnavailable if someone cut the file short."""
        if not self._left or self._file.closed:
            self.close()
            raise StopIteration
        facts = {"store": self._store, "key": self.stat.key}
        with translated(**facts):
            block = os.pread(self._file.fileno(), min(BLOCK, self._left), self._at)
        if not block:
            raise StoreUnavailable("the file ends too early", **facts, missing=self._left)
        self._advance(len(block))
        return block

    @override
    def at_hand(self) -> Block | None:
        """Return what the page cache has of the next block, where the system can tell."""
        if _NOWAIT is None or not self._left or self._file.closed:
            return None
        block = bytearray(min(BLOCK, self._left))
        try:
            found = os.preadv(self._file.fileno(), [block], self._at, _NOWAIT)
        except OSError:  # not in the cache; or the file system cannot tell
            return None
        if not found:
            return None
        self._advance(found)
        return memoryview(block)[:found]

    def _advance(self, count: int) -> None:
        self._at += count
        self._left -= count

    @override
    def close(self) -> None:
        """Close the file."""
        self._file.close()
