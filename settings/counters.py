"""Files of Prometheus counters that a full disk does not kill their writers with.

The client library makes its mapped files sparse, so the kernel looks for room when a counter is written, and sends
SIGBUS to the process when there is none. Here room is taken before the file is mapped; where there is none, the
process counts for itself in memory, and `/metrics` lacks its numbers until it starts again.
"""

import contextlib
import io
import mmap
import os
import struct
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict
from typing_extensions import override

ROOM = 1 << 16
"""Bytes of a new file."""
LONGEST = 4096
"""Bytes that one more entry may take; names and labels are ours and far shorter."""
MEMORY = 1 << 24
"""Bytes that numbers in memory may take; the kernel gives them when they are written."""


class CounterFile(MmapedDict):
    """One process's numbers of one kind, at `filename` or, without room there, in memory."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        try:
            if not read_mode and not _size(filename):
                _take_room(filename)
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]  # the library has none
        except OSError:
            self._in_memory(b"")

    @override
    def _init_value(self, key: str) -> None:
        if self._used + LONGEST > self._capacity:
            try:
                os.posix_fallocate(self._f.fileno(), 0, self._capacity * 2)
            except OSError:
                self._in_memory(self._m[: self._used])
        super()._init_value(key)  # type: ignore[no-untyped-call]  # the library has none

    def _in_memory(self, content: bytes) -> None:
        self._f = io.BytesIO()
        self._m = mmap.mmap(-1, MEMORY)
        self._m[: len(content)] = content
        self._capacity = MEMORY
        if not content:
            self._positions: dict[str, int] = {}
            self._used = 8
            self._m[:4] = struct.pack("i", self._used)


def _size(filename: str) -> int:
    try:
        return Path(filename).stat().st_size
    except FileNotFoundError:
        return 0


def _take_room(filename: str) -> None:
    """Make the file; readers never find one that is too short to be read."""
    file = os.open(filename, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        os.posix_fallocate(file, 0, ROOM)
    except OSError:
        with contextlib.suppress(OSError):
            Path(filename).unlink()
        raise
    finally:
        os.close(file)


def use() -> None:
    """Let all metrics be kept so; before the first of them is made."""
    setattr(values, "MmapedDict", CounterFile)  # noqa: B010 - the library has no door for it
