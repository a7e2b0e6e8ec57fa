"""Blobs as files of a POSIX file system; see `layout` for where, `partial` for how they come."""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial as bound
from io import FileIO
from pathlib import Path

from stores.base import BLOCK, BlobStat, BlobStore, Health, Reader, Writer, span
from stores.errors import BlobExists, BlobNotFound, StoreError, StoreMisconfigured, StoreUnavailable
from stores.fileio import FileReader, FileWriter, Probe
from stores.keys import check_key
from stores.layout import LAYOUTS, PARTIAL
from stores.overriding import override
from stores.partial import Partial, sweep
from stores.posix import Folders, make_folder, meaning, translated


class FileStore(BlobStore):
    """Files below `root`; a committed blob is on disk for certain, unless `fsync` is false.

    With `create` false the folders must have been made before: a disk that is not mounted is then
    StoreUnavailable and never looks like an empty store. `layout` "flat" keeps every file in the root
    itself, as folders of other services do. `probe` is called with the name of each
    point a crash test may want to die at: ``store.write``, ``store.before_commit``,
    ``store.after_link``, ``store.before_delete``, ``store.after_delete``.
    """

    name = "file"
    has_local_path = True
    can_copy = True

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        fsync: bool = True,
        create: bool = True,
        layout: str = "sharded",
        probe: Probe = lambda _point: None,
    ) -> None:
        """Take the folder as it is, or make it and its parents where `create` allows."""
        if layout not in LAYOUTS:
            raise StoreMisconfigured(
                "the layout of a file store is one of the known ones", known=", ".join(LAYOUTS)
            )
        self._layout = LAYOUTS[layout]
        self.root = Path(root)
        self._fsync = fsync
        self._probe = probe
        self._folders = Folders(self.root, fsync=fsync)
        self._partials = self.root / PARTIAL
        if create:
            with suppress(OSError):  # a program may start without its disk; `check` tells
                self.root.mkdir(mode=0o750, parents=True, exist_ok=True)
                make_folder(self._partials)

    @override
    def begin(self, key: str) -> Writer:
        """Start a blob in a partial file of its own."""
        facts = self._facts(check_key(key))
        with translated(**facts):
            partial = Partial(self._partials)
        return FileWriter(partial, bound(self._publish, key), self._probe, facts)

    @override
    def open(self, key: str, start: int = 0, length: int | None = None) -> Reader:
        """Read a range of the file."""
        with self._lookup(key) as path:
            file = FileIO(path)
            try:
                stat = _describe(key, os.fstat(file.fileno()))
                size = span(stat.size, start, length, **self._facts(key))
            except BaseException:
                file.close()
                raise
        return FileReader(file, stat, start, size, self.name)

    @override
    def stat(self, key: str) -> BlobStat:
        """Describe the file."""
        with self._lookup(key) as path:
            return _describe(key, path.stat())

    @override
    def delete(self, key: str) -> None:
        """Unlink the file; the space comes back when the last reader closes."""
        with self._lookup(key) as path:
            self._probe("store.before_delete")
            path.unlink()
            self._probe("store.after_delete")
            self._folders.sync(path.parent)

    @override
    def list(self, prefix: str = "") -> Iterator[BlobStat]:
        """Walk the folders; blobs that come or go meanwhile are seen or not."""
        with translated(store=self.name):
            self._partials.stat()  # a store that is gone is not an empty one
            for key in self._layout.walk(self.root):
                if key.startswith(prefix):
                    with suppress(BlobNotFound):  # just deleted
                        yield self.stat(key)

    @override
    def copy(self, source: str, target: str) -> BlobStat:
        """Give the file a second name: blobs never change, so both may share the bytes."""
        check_key(target)
        with self._lookup(source) as path:
            try:
                self._appear(target, bound(os.link, path))
            except OSError as error:
                if error.errno != errno.EMLINK:
                    raise
                return super().copy(source, target)
            return _describe(target, path.stat())

    @override
    def local_path(self, key: str) -> Path:
        """Return the blob's file."""
        with self._lookup(key) as path:
            path.stat()
            return path

    @override
    def sweep(self, older_than: float) -> int:
        """Remove partial files whose writer is dead; slow ones are locked and stay."""
        with translated(store=self.name):
            return sweep(self._partials, older_than)

    @override
    def describe(self) -> Mapping[str, object]:
        """Tell the folder."""
        return {"data_dir": str(self.root), "chunk_size": BLOCK, "thin_provisioning": False}

    @override
    def check(self) -> Health:
        """Write a byte into a partial file, look whether blobs can be named, and count the free space."""
        free = None
        try:
            with translated(store=self.name):
                system = os.statvfs(self._partials)
                free = system.f_bavail * system.f_frsize
                partial = Partial(self._partials)
                try:
                    partial.write(b"?")
                finally:
                    partial.discard()
                if not os.access(self.root, os.W_OK | os.X_OK):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except StoreError as error:
            return Health(writable=False, free=free, reason=str(error))
        return Health(writable=True, free=free)

    def _publish(self, key: str, partial: Partial) -> BlobStat:
        """Make the bytes durable, then the name."""
        with translated(**self._facts(key)):
            if self._fsync:
                partial.sync()
            self._appear(key, partial.publish)
            return _describe(key, partial.stat())

    def _appear(self, key: str, link: Callable[[Path], None]) -> None:
        """Let `link` make the blob's file, durably or not at all; BlobExists if it is taken."""
        folder, name = self._layout.place(key)
        path = self._folders.ensure(*folder) / name
        try:
            link(path)
        except FileExistsError:
            raise BlobExists("the blob exists", **self._facts(key)) from None
        try:
            self._probe("store.after_link")
            self._folders.sync(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    @contextmanager
    def _lookup(self, key: str) -> Iterator[Path]:
        """Give the blob's path; a missing file is BlobNotFound if the store itself is there."""
        folder, name = self._layout.place(key)
        try:
            yield self.root.joinpath(*folder, name)
        except FileNotFoundError as error:
            if self._partials.is_dir():
                raise BlobNotFound("no such blob", **self._facts(key)) from None
            raise StoreUnavailable("the store's folder is gone", **self._facts(key)) from error
        except OSError as error:
            raise meaning(error, **self._facts(key)) from error

    def _facts(self, key: str) -> dict[str, object]:
        """Return what every error about the key tells."""
        return {"store": self.name, "key": key}


def _describe(key: str, found: os.stat_result) -> BlobStat:
    """Say of the file what stores say of blobs."""
    modified = datetime.fromtimestamp(found.st_mtime, UTC)
    return BlobStat(key=key, size=found.st_size, modified=modified)
