"""Settings of metadata definitions."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from catalog.conf import Section, setting


@dataclass(frozen=True, kw_only=True)
class MetadefsConfig(Section):
    prefix: ClassVar[str] = "metadefs"

    mode: Literal["", "enforce", "warn", "off"] = setting(
        "",
        help="Site-wide mode instead of every association's own; empty: each has its own.",
    )
