"""Where a FileStore keeps the file of a key: ``root/ab/cd/key``, or ``root/key`` in the flat layout.

``ab/cd`` are the first digits of the key's SHA-256, so that no folder grows large; ``/`` in a key
becomes ``+``, which no key contains, so that a key never is another one's folder. The flat layout
is that of folders which another service filled.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from stores.errors import InvalidKey
from stores.keys import check_key

PARTIAL = ".partial"
_DIGITS = frozenset("0123456789abcdef")


class Layout(Protocol):
    """Which file a key has."""

    def place(self, key: str) -> tuple[tuple[str, ...], str]:
        """Return the folders and the file name of a key, or raise InvalidKey."""

    def walk(self, root: Path) -> Iterator[str]:
        """Yield the keys that have a file in their place; no descriptor is held between two."""


class Sharded:
    """``root/ab/cd/key``."""

    def place(self, key: str) -> tuple[tuple[str, ...], str]:
        """Return the two folders and the file name."""
        digest = hashlib.sha256(check_key(key).encode()).hexdigest()
        return (digest[:2], digest[2:4]), key.replace("/", "+")

    def walk(self, root: Path) -> Iterator[str]:
        """Look into the folders named by two digits."""
        for high in _shards(root):
            for low in _shards(high):
                for name in _names(low):
                    key = name.replace("+", "/")
                    with suppress(InvalidKey):
                        if self.place(key) == ((high.name, low.name), name):
                            yield key


class Flat:
    """``root/key``."""

    def place(self, key: str) -> tuple[tuple[str, ...], str]:
        """Return the file name."""
        return (), check_key(key).replace("/", "+")

    def walk(self, root: Path) -> Iterator[str]:
        """Look at the root's files."""
        for name in _names(root):
            key = name.replace("+", "/")
            with suppress(InvalidKey):
                if self.place(key) == ((), name) and (root / name).is_file():
                    yield key


LAYOUTS: dict[str, Layout] = {"sharded": Sharded(), "flat": Flat()}


def _shards(folder: Path) -> Iterator[Path]:
    """Yield the folders below whose names are two digits."""
    for name in _names(folder):
        if len(name) == len("ab") and _DIGITS.issuperset(name):
            yield folder / name


def _names(folder: Path) -> list[str]:
    """Return what is in the folder; nothing when it is none, or just went."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return [path.name for path in folder.iterdir()]
    return []
