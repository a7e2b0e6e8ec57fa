"""Blobs in the memory of this process: a real store for tests and small caches."""

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Lock

from stores.base import BLOCK, BlobStat, BlobStore, Block, Health, Reader, Writer, span
from stores.errors import BlobExists, BlobNotFound, StoreFull, StoreMisconfigured, WriterClosed
from stores.keys import check_key
from stores.overriding import override


class MemoryStore(BlobStore):
    """Blobs in a dictionary; at `capacity` bytes (None: no limit) it is full."""

    name = "memory"

    def __init__(self, *, capacity: int | None = None) -> None:
        """Start empty."""
        if capacity is not None and capacity < 0:
            raise StoreMisconfigured(f"capacity={capacity!r} must be 0 or more bytes")
        self._capacity = capacity
        self._used = 0
        self._lock = Lock()
        self._blobs: dict[str, tuple[BlobStat, bytes]] = {}

    @override
    def begin(self, key: str) -> Writer:
        """Start a blob in a buffer of its own."""
        return _MemoryWriter(self, check_key(key))

    @override
    def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        """Read a range; the reader keeps the bytes even when the blob is deleted."""
        stat, content = self._find(key)
        size = span(stat.size, start, length, store=self.name, key=key)
        return _MemoryReader(stat, memoryview(content)[start : start + size])

    @override
    def stat(self, key: str) -> BlobStat:
        """Describe the blob."""
        return self._find(key)[0]

    @override
    def delete(self, key: str) -> None:
        """Forget the blob."""
        with self._lock:
            stat, _ = self._find(key)
            del self._blobs[key]
            self._used -= stat.size

    @override
    def list(self, prefix: str = "") -> Iterator[BlobStat]:
        """Yield the blobs that were there when the listing began."""
        with self._lock:
            found = [stat for stat, _ in self._blobs.values() if stat.key.startswith(prefix)]
        yield from found

    @override
    def check(self) -> Health:
        """Count what is left of the capacity, writers under way included."""
        with self._lock:
            free = None if self._capacity is None else self._capacity - self._used
        writable = free is None or free > 0
        return Health(writable=writable, free=free, reason="" if writable else "the store is full")

    def claim(self, key: str, size: int) -> None:
        """Take `size` bytes of the capacity, or raise StoreFull; negative gives them back."""
        with self._lock:
            if size > 0 and self._capacity is not None and self._used + size > self._capacity:
                raise StoreFull("the memory is used up", store=self.name, key=key)
            self._used += size

    def add(self, key: str, content: bytes) -> BlobStat:
        """Show a blob whose bytes were claimed, or raise BlobExists."""
        stat = BlobStat(key=key, size=len(content), modified=datetime.now(UTC))
        with self._lock:
            if key in self._blobs:
                raise BlobExists("the blob exists", store=self.name, key=key)
            self._blobs[key] = stat, content
        return stat

    def _find(self, key: str) -> tuple[BlobStat, bytes]:
        """Return the blob, or raise BlobNotFound."""
        try:
            return self._blobs[check_key(key)]
        except KeyError:
            raise BlobNotFound("no such blob", store=self.name, key=key) from None


class _MemoryWriter(Writer):
    """Gathers blocks until they become a blob."""

    def __init__(self, store: MemoryStore, key: str) -> None:
        """Claim nothing yet."""
        self._store = store
        self._key = key
        self._size = 0
        self._blocks: list[bytes] | None = []

    @override
    def write(self, block: Block) -> None:
        """Keep a copy of the block."""
        blocks = self._open()
        content = bytes(block)
        try:
            self._store.claim(self._key, len(content))
        except StoreFull:
            self.abort()
            raise
        self._size += len(content)
        blocks.append(content)

    @override
    def commit(self) -> BlobStat:
        """Join the blocks into a blob."""
        content = b"".join(self._open())
        try:
            stat = self._store.add(self._key, content)
        except BlobExists:
            self.abort()
            raise
        self._blocks = None
        return stat

    @override
    def abort(self) -> None:
        """Give the claimed bytes back."""
        if self._blocks is not None:
            self._blocks = None
            self._store.claim(self._key, -self._size)

    def _open(self) -> list[bytes]:
        """Return the blocks while the writer takes more."""
        if self._blocks is None:
            raise WriterClosed("the writer is closed", store=self._store.name, key=self._key)
        return self._blocks


class _MemoryReader(Reader):
    """Slices a view of the blob."""

    def __init__(self, stat: BlobStat, view: memoryview) -> None:
        """Hold the view."""
        super().__init__(stat, len(view))
        self._view = view

    @override
    def __next__(self) -> bytes:
        """Cut the next block off the view."""
        if not self._view:
            raise StopIteration
        block, self._view = bytes(self._view[:BLOCK]), self._view[BLOCK:]
        return block

    @override
    def at_hand(self) -> Block | None:
        """Cut the next block off the view, while there is one."""
        return next(self, None)

    @override
    def close(self) -> None:
        """Let the view go."""
        self._view = memoryview(b"")
