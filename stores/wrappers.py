"""Stores around a store: each adds one thing and passes the same conformance suite."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from stores.base import BlobStat, BlobStore, Block, Health, Reader, Writer
from stores.errors import SizeLimitExceeded
from stores.hashing import MultiHash
from stores.overriding import override


class Wrapper(BlobStore):
    """Passes everything on, powers and name included; subclasses change what they are for."""

    def __init__(self, inner: BlobStore) -> None:
        """Take over the powers of `inner`."""
        self.inner = inner
        self.can_presign = inner.can_presign
        self.has_local_path = inner.has_local_path
        self.can_copy = inner.can_copy
        self.can_write = inner.can_write
        self.url_schemes = inner.url_schemes

    @property  # type: ignore[explicit-override]  # mypy sees none on a property over an attribute
    @override
    def name(self) -> str:
        """The inner store's name: errors come from there."""
        return self.inner.name

    @name.setter
    def name(self, name: str) -> None:
        self.inner.name = name

    @override
    def begin(self, key: str) -> Writer:
        """Start a blob in the inner store."""
        return self.inner.begin(key)

    @override
    def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        """Read from the inner store."""
        return self.inner.open(key, start, length)

    @override
    def stat(self, key: str) -> BlobStat:
        """Describe the inner store's blob."""
        return self.inner.stat(key)

    @override
    def delete(self, key: str) -> None:
        """Remove the inner store's blob."""
        self.inner.delete(key)

    @override
    def list(self, prefix: str = "") -> Iterator[BlobStat]:
        """Yield the inner store's blobs."""
        return self.inner.list(prefix)

    @override
    def copy(self, source: str, target: str) -> BlobStat:
        """Copy inside the inner store."""
        return self.inner.copy(source, target)

    @override
    def presign(self, key: str, expires: float) -> str:
        """Return the inner store's address."""
        return self.inner.presign(key, expires)

    @override
    def local_path(self, key: str) -> Path:
        """Return the inner store's file."""
        return self.inner.local_path(key)

    @override
    def sweep(self, older_than: float) -> int:
        """Sweep the inner store."""
        return self.inner.sweep(older_than)

    @override
    def check(self) -> Health:
        """Check the inner store."""
        return self.inner.check()

    @override
    def describe(self) -> Mapping[str, object]:
        """Describe the inner store."""
        return self.inner.describe()


class WrapperWriter(Writer):
    """Passes everything on."""

    def __init__(self, inner: Writer) -> None:
        """Own the inner writer from now on."""
        self.inner = inner

    @override
    def write(self, block: Block) -> None:
        """Append to the inner writer."""
        self.inner.write(block)

    @override
    def commit(self) -> BlobStat:
        """Commit the inner writer."""
        return self.inner.commit()

    @override
    def abort(self) -> None:
        """Abort the inner writer."""
        self.inner.abort()


class Limited(Wrapper):
    """Takes no blob of more than `max_size` bytes."""

    def __init__(self, inner: BlobStore, max_size: int) -> None:
        """Set the limit, in bytes."""
        super().__init__(inner)
        self.max_size = max_size

    @override
    def begin(self, key: str) -> Writer:
        """Start a blob that fails with SizeLimitExceeded once it passes the limit."""
        return _LimitedWriter(self.inner.begin(key), self.max_size, self.name, key)


class _LimitedWriter(WrapperWriter):
    """Counts, and aborts before the block that would pass the limit."""

    def __init__(self, inner: Writer, limit: int, store: str, key: str) -> None:
        """Start at zero."""
        super().__init__(inner)
        self._limit = self._left = limit
        self._store = store
        self._key = key

    @override
    def write(self, block: Block) -> None:
        """Append the block if it still fits."""
        size = memoryview(block).nbytes
        if size > self._left:
            self.abort()
            raise SizeLimitExceeded(
                "the blob is too large", store=self._store, key=self._key, limit=self._limit
            )
        super().write(block)
        self._left -= size


class Hashing(Wrapper):
    """Computes digests of what is written; `begin` gives a writer that has them."""

    def __init__(self, inner: BlobStore, algorithms: Iterable[str]) -> None:
        """Choose the algorithms, or raise UnknownAlgorithm."""
        super().__init__(inner)
        self.algorithms = tuple(MultiHash(algorithms).hashes)

    @override
    def begin(self, key: str) -> "HashingWriter":
        """Start a blob and its hashes."""
        return HashingWriter(self.inner.begin(key), self.algorithms)


class HashingWriter(WrapperWriter):
    """A writer whose `digests` are those of the bytes written so far."""

    def __init__(self, inner: Writer, algorithms: Iterable[str]) -> None:
        """Start the hashes."""
        super().__init__(inner)
        self._hash = MultiHash(algorithms)

    @override
    def write(self, block: Block) -> None:
        """Append the block, then hash it."""
        super().write(block)
        self._hash.update(block)

    @property
    def digests(self) -> Mapping[str, str]:
        """The digests by algorithm; they stay after commit."""
        return self._hash.hexdigests()
