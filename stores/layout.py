"""Where a FileStore keeps the file of a key: ``root/ab/cd/key``.

``ab/cd`` are the first digits of the key's SHA-256, so that no folder grows large; ``/`` in a key
becomes ``+``, which no key contains, so that a key never is another one's folder.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from stores.errors import InvalidKey
from stores.keys import check_key

PARTIAL = ".partial"
_DIGITS = frozenset("0123456789abcdef")


def place(key: str) -> tuple[tuple[str, str], str]:
    """Return the two folders and the file name of a key, or raise InvalidKey."""
    digest = hashlib.sha256(check_key(key).encode()).hexdigest()
    return (digest[:2], digest[2:4]), key.replace("/", "+")


def walk(root: Path) -> Iterator[str]:
    """Yield the keys that have a file in their place; no descriptor is held between two."""
    for high in _shards(root):
        for low in _shards(high):
            for name in _names(low):
                key = name.replace("+", "/")
                with suppress(InvalidKey):
                    if place(key) == ((high.name, low.name), name):
                        yield key


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
