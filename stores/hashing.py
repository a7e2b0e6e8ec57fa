"""Several digests of the same bytes."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stores.base import Block
from stores.errors import UnknownAlgorithm


class MultiHash:
    """One hash per algorithm, all fed the same blocks."""

    def __init__(self, algorithms: Iterable[str]) -> None:
        """Start the hashes (names as hashlib has them), or raise UnknownAlgorithm."""
        self.hashes = {name: _start(name) for name in algorithms}

    def update(self, block: Block) -> None:
        """Feed every hash in turn."""
        for found in self.hashes.values():
            found.update(block)

    def hexdigests(self) -> dict[str, str]:
        """Return the digests so far, in lower-case hexadecimal."""
        return {name: found.hexdigest() for name, found in self.hashes.items()}


def _start(algorithm: str) -> "hashlib._Hash":
    """Start one hash; the digests name content, they do not guard it by themselves."""
    try:
        found = hashlib.new(algorithm, usedforsecurity=False)
    except (ValueError, TypeError) as error:
        raise UnknownAlgorithm("no such hash here", algorithm=algorithm) from error
    if not found.digest_size:
        raise UnknownAlgorithm("the hash has no fixed length", algorithm=algorithm)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What came in: how many bytes, and their digests by algorithm."""

    size: int
    digests: Mapping[str, str]
