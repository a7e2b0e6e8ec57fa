"""Settings of metadata definitions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from typing_extensions import override

from catalog.conf import MOST_BYTES, Section, setting


@dataclass(frozen=True, kw_only=True)
class MetadefsConfig(Section):
    prefix: ClassVar[str] = "metadefs"

    mode: Literal["", "enforce", "warn", "off"] = setting(
        "",
        help="Site-wide mode instead of every association's own; empty: each has its own.",
    )
    contents_limit: int = setting(
        4 << 20,
        help="Most bytes of a namespace's definitions together; what is larger already may change as long as it does"
        " not grow.",
    )

    @override
    def problems(self) -> Iterable[str]:
        yield from self.outside(1, MOST_BYTES, "contents_limit")
