"""A file on its way in: hidden, locked while its writer lives, published by a hard link.

The lock is what tells a slow writer from a dead one: the kernel drops it with the last descriptor,
however the process ends. The link is what makes commit atomic: unlike rename it never replaces.
"""

import fcntl
import os
import uuid
from io import FileIO
from pathlib import Path

from stores.base import Block


class Partial:
    """An open, locked, unpublished file; `publish` or `discard` ends it."""

    def __init__(self, folder: Path) -> None:
        """Create the file under a name of its own."""
        while not self._create(folder / uuid.uuid4().hex):
            pass

    def _create(self, path: Path) -> bool:
        """Create and lock; False when a sweep took the file before it was locked."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        # A FileIO owns the descriptor: forgotten, it is closed, and the next sweep may come.
        self._file = FileIO(os.open(path, flags, 0o640), "r+")
        self._path = path
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alive = os.fstat(self._file.fileno()).st_nlink > 0
        except BlockingIOError:
            alive = False
        except OSError:
            self.discard()
            raise
        if not alive:
            self.discard()
        return alive

    def write(self, block: Block) -> None:
        """Append the whole block, however often the system writes less than asked."""
        with memoryview(block).cast("B") as view:
            done = 0
            while done < len(view):
                done += os.write(self._file.fileno(), view[done:])

    def stat(self) -> os.stat_result:
        """Describe what was written so far."""
        return os.fstat(self._file.fileno())

    def sync(self) -> None:
        """Return once the bytes are on disk."""
        os.fsync(self._file.fileno())

    def publish(self, target: Path) -> None:
        """Give the file its public name as well, or raise FileExistsError if that is taken."""
        try:
            target.hardlink_to(self._path)
        except FileExistsError:
            # A network file system may repeat a request whose answer was lost: then it is ours.
            if not os.path.samestat(target.lstat(), self.stat()):
                raise

    def discard(self) -> None:
        """Take the hidden name away and close; a published file keeps its public name."""
        try:
            self._path.unlink(missing_ok=True)
        finally:
            self._file.close()


def sweep(folder: Path, older_than: float) -> int:
    """Remove the partial files that no living writer holds, untouched for so many seconds.

    The file system has the clock: the server's behind a shared folder may not be this machine's.
    """
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return 0
    os.utime(folder)
    latest = folder.stat().st_mtime - older_than
    return sum(_remove_dead(path, latest) for path in folder.iterdir())


def _remove_dead(path: Path, latest: float) -> bool:
    """Remove the file unless it is locked or was written after `latest`; say whether."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        if os.fstat(fd).st_mtime > latest:
            return False
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True
