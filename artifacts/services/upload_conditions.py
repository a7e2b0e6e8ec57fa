"""What is asked of bytes on their way in: how many, which digests, and whoever else has a say before they are kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from catalog.errors import Invalid
from stores import Ingested, Observer

MD5, SHA512 = "md5", "sha512"
Judge = Callable[[Ingested], object]
"""Raises what is wrong with the bytes that came; called once, after the last block, before they are kept."""


class SizeMismatch(Invalid):
    """The bytes are not as many as the client announced."""

    code = "size_mismatch"


class DigestMismatch(Invalid):
    """The bytes are not those whose digest the client announced."""

    code = "digest_mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The conditions of one upload.

    `digests` are expected ones in lower-case hexadecimal, by hashlib's names. `observers` see every block while it is
    hashed and written; `judges` decide at the end. All hashes of `algorithms` and `digests` are computed in one pass.
    """

    size: int | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    algorithms: tuple[str, ...] = (MD5, SHA512)
    observers: tuple[Observer, ...] = ()
    judges: tuple[Judge, ...] = ()

    @property
    def hashes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.algorithms, *self.digests)))

    def check(self, content: Ingested) -> None:
        """Nothing when the bytes may be kept. SizeMismatch, DigestMismatch, or what a judge raises."""
        if self.size is not None and content.size != self.size:
            raise SizeMismatch(
                f"{content.size} bytes came, {self.size} were announced",
                expected=self.size,
                found=content.size,
            )
        for algorithm, expected in self.digests.items():
            if content.digests[algorithm] != expected:
                raise DigestMismatch(
                    f"the {algorithm} of the data is {content.digests[algorithm]}, {expected} was announced",
                    algorithm=algorithm,
                    expected=expected,
                    found=content.digests[algorithm],
                )
        for judge in self.judges:
            judge(content)
