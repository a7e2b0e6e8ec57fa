"""A part of a store that looks like a store of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from stores.base import BlobStat, BlobStore, Block, Reader, Writer
from stores.errors import StoreError
from stores.keys import check_key
from stores.overriding import override
from stores.wrappers import Wrapper, WrapperWriter


class Prefixed(Wrapper):
    """Keeps its blobs under ``prefix/`` of the inner store, and sees no others.

    Its keys, in answers and in errors, are without the prefix.
    """

    def __init__(self, inner: BlobStore, prefix: str) -> None:
        """Take a prefix that is a key itself; ``/`` is put between it and the keys."""
        super().__init__(inner)
        self.prefix = check_key(prefix) + "/"

    @override
    def begin(self, key: str) -> Writer:
        """Start a blob under the prefix."""
        with self._inside(key) as full:
            return _PrefixedWriter(self, self.inner.begin(full), key)

    @override
    def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        """Read a blob under the prefix."""
        with self._inside(key) as full:
            return _PrefixedReader(self, self.inner.open(full, start, length), key)

    @override
    def stat(self, key: str) -> BlobStat:
        """Describe a blob under the prefix."""
        with self._inside(key) as full:
            return replace(self.inner.stat(full), key=key)

    @override
    def delete(self, key: str) -> None:
        """Remove a blob under the prefix."""
        with self._inside(key) as full:
            self.inner.delete(full)

    @override
    def list(self, prefix: str = "") -> Iterator[BlobStat]:
        """Yield the blobs under the prefix."""
        for stat in self.inner.list(self.prefix + prefix):
            yield replace(stat, key=stat.key.removeprefix(self.prefix))

    @override
    def copy(self, source: str, target: str) -> BlobStat:
        """Copy under the prefix."""
        with self._inside(source) as full, self._inside(target) as other:
            return replace(self.inner.copy(full, other), key=target)

    @override
    def presign(self, key: str, expires: float) -> str:
        """Return the address of a blob under the prefix."""
        with self._inside(key) as full:
            return self.inner.presign(full, expires)

    @override
    def local_path(self, key: str) -> Path:
        """Return the file of a blob under the prefix."""
        with self._inside(key) as full:
            return self.inner.local_path(full)

    @contextmanager
    def renamed(self, key: str) -> Iterator[None]:
        """Let errors about the inner key name `key` instead."""
        try:
            yield
        except StoreError as error:
            if error.facts.get("key") == self.prefix + key:
                error.facts["key"] = key
            raise

    @contextmanager
    def _inside(self, key: str) -> Iterator[str]:
        """Give the inner key; `key` is judged alone first, so that no prefix can complete it."""
        check_key(key)
        with self.renamed(key):
            yield self.prefix + key


class _PrefixedWriter(WrapperWriter):
    """Speaks of the outer key."""

    def __init__(self, store: Prefixed, inner: Writer, key: str) -> None:
        """Wrap the writer of the inner key."""
        super().__init__(inner)
        self._store = store
        self._key = key

    @override
    def write(self, block: Block) -> None:
        """Append to the inner writer."""
        with self._store.renamed(self._key):
            super().write(block)

    @override
    def commit(self) -> BlobStat:
        """Commit the inner writer."""
        with self._store.renamed(self._key):
            return replace(super().commit(), key=self._key)


class _PrefixedReader(Reader):
    """Speaks of the outer key."""

    def __init__(self, store: Prefixed, inner: Reader, key: str) -> None:
        """Wrap the reader of the inner key."""
        super().__init__(replace(inner.stat, key=key), inner.length)
        self._store = store
        self._inner = inner

    @override
    def __next__(self) -> bytes:
        """Return the inner reader's next block."""
        with self._store.renamed(self.stat.key):
            for block in self._inner:
                return block
        raise StopIteration

    @override
    def at_hand(self) -> Block | None:
        """Return what the inner reader has at hand."""
        return self._inner.at_hand()

    @override
    def close(self) -> None:
        """Close the inner reader."""
        self._inner.close()
