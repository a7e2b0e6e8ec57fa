"""What stores on a POSIX file system need of it: durable folders, and its errors in our words."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stores.errors import StoreError, StoreFull, StoreReadOnly, StoreUnavailable

_MEANING: dict[int | None, tuple[type[StoreError], str]] = {
    errno.ENOSPC: (StoreFull, "no space is left"),
    errno.EDQUOT: (StoreFull, "the quota is used up"),
    errno.EROFS: (StoreReadOnly, "the file system is read-only"),
    errno.EACCES: (StoreReadOnly, "the file system denies access"),
    errno.EPERM: (StoreReadOnly, "the file system does not permit this"),
}


def meaning(error: OSError, **facts: object) -> StoreError:
    """Return the store's error that says what the system's error means."""
    kind, message = _MEANING.get(error.errno, (StoreUnavailable, "the file system failed"))
    name = errno.errorcode.get(error.errno or 0, "")
    return kind(message, **facts, errno=name, detail=error.strerror)


@contextmanager
def translated(**facts: object) -> Iterator[None]:
    """Raise the system's errors as the store's."""
    try:
        yield
    except OSError as error:
        raise meaning(error, **facts) from error


def sync_folder(folder: Path) -> None:
    """Return once the entries of the folder are on disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class Folders:
    """Makes folders below a root and knows which of them are on disk for certain."""

    def __init__(self, root: Path, *, fsync: bool) -> None:
        """Start knowing none; with `fsync` false durability is left to the system."""
        self._root = root
        self._fsync = fsync
        self._durable: set[Path] = set()

    def ensure(self, *names: str) -> Path:
        """Return the folder `root/name/…`, made where it was missing, its entries durable.

        A folder that another process just made is synced here too: its maker may not have
        come to it yet, and what is committed into it must not depend on that.
        """
        folder = self._root
        for name in names:
            parent, folder = folder, folder / name
            made = make_folder(folder)
            if made or folder not in self._durable:
                self.sync(parent)
                self._durable.add(folder)
        return folder

    def sync(self, folder: Path) -> None:
        """Make the folder's entries durable, when asked to at all."""
        if self._fsync:
            sync_folder(folder)


def make_folder(folder: Path) -> bool:
    """Make one folder, and say whether it was missing."""
    try:
        folder.mkdir(mode=0o750)
    except FileExistsError:
        return False
    return True
