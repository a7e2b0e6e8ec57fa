"""The port: what a store is, whatever it is made of.

A blob is opaque bytes under a key. It appears whole at commit, never changes and is never
overwritten; it ends by being deleted. Stores are synchronous and may be used from many threads
at once; one writer or reader belongs to one thread at a time.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from stores.errors import BlobNotFound, RangeNotSatisfiable, Unsupported
from stores.overriding import override

BLOCK = 1 << 20
"""How many bytes a reader hands out at once, unless told otherwise."""

Block = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobStat:
    """What a store knows of a committed blob; `modified` is aware and in UTC."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether a store takes bytes now, how many more (None: unknown), and why not."""

    writable: bool
    free: int | None = None
    reason: str = ""


class Writer(ABC):
    """One blob on its way in: all of it at `commit`, or nothing.

    After `commit`, `abort` or a failed call, `write` and `commit` raise WriterClosed. As a context
    manager it aborts on the way out unless it was committed.
    """

    @abstractmethod
    def write(self, block: Block) -> None:
        """Append the whole block; on failure abort and raise."""

    @abstractmethod
    def commit(self) -> BlobStat:
        """Make the blob durable and visible at once; on failure (BlobExists, …) leave nothing."""

    @abstractmethod
    def abort(self) -> None:
        """Forget what was written; nothing happens when the writer is closed already."""

    def __enter__(self) -> Self:
        """Enter a block that ends in `commit`, or else aborts."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Abort unless committed."""
        self.abort()


class Reader(ABC, Iterator[bytes]):
    """The blocks of a range; `stat` is the whole blob's, `length` what this reader will hand out.

    It raises rather than end early. Closing it, at any point and more than once, frees what it holds.
    """

    def __init__(self, stat: BlobStat, length: int) -> None:
        """Promise `length` bytes of the blob that `stat` describes."""
        self.stat = stat
        self.length = length

    @abstractmethod
    @override
    def __next__(self) -> bytes:
        """Return the next block, never empty."""

    def at_hand(self) -> Block | None:
        """Return the next block if that takes no waiting at all, as from memory; None otherwise."""
        return None

    @abstractmethod
    def close(self) -> None:
        """Free what the reader holds; reading on raises StopIteration."""

    def __enter__(self) -> Self:
        """Enter a block that closes the reader."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


class BlobStore(ABC):
    """Where blobs lie: five verbs that every driver has, comforts built on them, powers by flag.

    The flags are set by the class, or by the instance where they depend on what it wraps.
    """

    can_presign: bool = False
    """`presign` gives an address that clients can read from without us."""
    has_local_path: bool = False
    """`local_path` gives a file of this machine, for sendfile."""
    can_copy: bool = False
    """`copy` moves no bytes through this process."""
    can_write: bool = True
    """`begin` and `delete` work; without it they raise StoreReadOnly, and keys are as the store says."""
    url_schemes: frozenset[str] = frozenset()
    """Schemes of addresses that the store reads as keys: what others keep there."""

    name: str = "store"
    """What errors call the store; the registry sets it to the alias."""

    @abstractmethod
    def begin(self, key: str) -> Writer:
        """Start a blob; whether the key is free is decided at commit."""

    @abstractmethod
    def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        """Read from `start`, at most `length` bytes, to the end when it is None.

        A range that passes the end is cut there, one that begins at the end is empty; one that
        begins beyond it raises RangeNotSatisfiable.
        """

    @abstractmethod
    def stat(self, key: str) -> BlobStat:
        """Describe the blob, or raise BlobNotFound."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove the blob for good, or raise BlobNotFound; open readers may finish."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[BlobStat]:
        """Yield the blobs whose keys begin with `prefix`, in no promised order."""

    def put(self, key: str, content: Block | Iterable[Block]) -> BlobStat:
        """Store a block, or all the blocks of an iterable, as one blob."""
        blocks = (content,) if isinstance(content, Block) else content
        with self.begin(key) as writer:
            for block in blocks:
                writer.write(block)
            return writer.commit()

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Return a range as one value; for small blobs."""
        with self.open(key, start, length) as reader:
            return b"".join(reader)

    def exists(self, key: str) -> bool:
        """Say whether the blob is there."""
        try:
            self.stat(key)
        except BlobNotFound:
            return False
        return True

    def copy(self, source: str, target: str) -> BlobStat:
        """Store the same bytes under another key; read and written unless `can_copy`."""
        with self.open(source) as reader:
            return self.put(target, reader)

    def presign(self, key: str, expires: float) -> str:
        """Return an address that serves the blob for `expires` seconds; see `can_presign`."""
        raise Unsupported("the store cannot presign", store=self.name, key=key, expires=expires)

    def local_path(self, key: str) -> Path:
        """Return the file that holds exactly the blob; only to be read; see `has_local_path`."""
        raise Unsupported("the store has no local files", store=self.name, key=key)

    def sweep(self, older_than: float) -> int:
        """Remove what dead writers left, untouched for so many seconds; return how many."""
        del older_than
        return 0

    def check(self) -> Health:
        """Say whether the store takes bytes now; never raises a StoreError."""
        return Health(writable=True)

    def describe(self) -> Mapping[str, object]:
        """Tell operators how the store is set up: JSON, and no secret among it."""
        return {}


def span(size: int, start: int, length: int | None, **facts: object) -> int:
    """Return how many bytes the range holds in a blob of `size`, or raise RangeNotSatisfiable."""
    if start < 0 or start > size or (length is not None and length < 0):
        raise RangeNotSatisfiable(
            "the range is not inside the blob", **facts, start=start, length=length, size=size
        )
    return size - start if length is None else min(length, size - start)
