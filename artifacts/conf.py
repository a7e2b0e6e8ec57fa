"""Settings of artifacts and of the stores their bytes lie in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from typing_extensions import override

from catalog.conf import LONG, MOST, MOST_BYTES, MOST_THREADS, SOON, Section, setting, shown


@dataclass(frozen=True, kw_only=True)
class ArtifactsConfig(Section):
    prefix: ClassVar[str] = "artifacts"

    upload_lease: float = setting(
        60.0, help="Seconds without a byte after which an upload counts as dead."
    )
    restore_grace: int = setting(
        3600,
        help="Seconds a deleted artifact keeps its bytes, counted as its project's, and can be restored.",
    )
    idle_timeout: float = setting(
        60.0,
        help="Seconds an upload may send nothing before it is ended with 408, and a client read less than 1 KiB a"
        " second of an answer before it is cut.",
    )
    data_threads: int = setting(
        16, help="Threads per web process for hashing, writing and reading bytes."
    )
    foreign_threads: int = setting(
        8,
        help="Threads per web process that wait for servers of others: web stores, a key manager.",
    )
    foreign_threads_each: int = setting(
        2,
        help="How many of them the data of one project may take: slow servers hold up their own project's downloads.",
    )
    foreign_downloads_each: int = setting(
        64,
        help="Downloads of one project's data from such servers that may be open in a web process.",
    )
    foreign_patience: float = setting(
        10.0,
        help="Seconds that a download waits for one of its project's threads before it is answered 503.",
    )
    database_threads: int = setting(
        4, help="Threads per web process that look things up for the byte routes."
    )
    metadata_limit: int = setting(
        256 << 10,
        help="Most bytes of what is said of an artifact, an image too: its properties and tags, as JSON. What is larger"
        " already stays readable, and may change as long as it does not grow.",
    )
    count_limit: int = setting(
        100_000,
        help="Most artifacts, images not among them, that a project has unless operators set a limit; 0: any number.",
    )
    family_limit: int = setting(
        10_000,
        help="Most families that a project has unless operators set a limit; 0: any number.",
    )
    size_limit: int = setting(1 << 40, help="Largest blob, in bytes.")
    session_ttl: int = setting(
        86_400, help="Seconds that a resumable upload waits for more data before it is dropped."
    )
    session_part: int = setting(
        64 << 20,
        help="Bytes of a resumable upload that are made durable, and acknowledged, together.",
    )

    @override
    def problems(self) -> Iterable[str]:
        yield from self.outside(SOON, LONG, "upload_lease", "idle_timeout", "session_ttl")
        yield from self.outside(SOON, LONG, "foreign_patience")
        yield from self.outside(-1, MOST, "count_limit", "family_limit")
        yield from self.outside(0, LONG, "restore_grace")
        threads = ("data_threads", "foreign_threads", "foreign_threads_each", "database_threads")
        yield from self.outside(1, MOST_BYTES, "foreign_downloads_each")
        yield from self.outside(1, MOST_THREADS, *threads)
        yield from self.outside(1, MOST_BYTES, "metadata_limit", "size_limit", "session_part")


@dataclass(frozen=True, kw_only=True)
class StoresConfig(Section):
    prefix: ClassVar[str] = "stores"

    default: str = setting("local", help="Store that takes an upload when the client names none.")
    backends: dict[str, Any] = setting(
        {},
        help="Stores by name: {name = {backend = 'file', weight = 10, description = '…', options = {root = '…'}}};"
        " empty: files in the data folder.",
    )
    accel_redirect: str = setting(
        "",
        help="Address, as /_bytes, below which the proxies in VITRINE_TRUSTED_PROXIES find the files of this machine by"
        " their paths: they send whole downloads themselves (X-Accel-Redirect); empty: every byte is sent here.",
    )

    @override
    def problems(self) -> Iterable[str]:
        for name, one in self.backends.items():
            yield from _wrong(name, one)
        if self.accel_redirect and not _ADDRESS.fullmatch(self.accel_redirect):
            yield f"VITRINE_STORES_ACCEL_REDIRECT={self.accel_redirect!r} must look like /_bytes: a slash, then a name"
        if self.backends and self.default not in self.backends:
            yield f"stores.default={self.default!r} is not one of stores.backends ({', '.join(self.backends)})"


RESERVED = "os_glance_"
"""Names that begin so are Glance's own, and never a client's to name."""
_ADDRESS = re.compile(r"(/[A-Za-z0-9_.-]+)+")
_KEYS = {"backend": str, "options": Mapping, "weight": int, "description": str}


def _wrong(name: str, one: object) -> Iterable[str]:
    """What is wrong with the table of one store."""
    if name.startswith(RESERVED) or not name or "," in name or name != name.strip():
        yield f"stores.backends: {name!r} cannot be the name of a store"
    if not isinstance(one, Mapping):
        yield f"stores.backends.{name} must be a table"
        return
    for key, value in one.items():
        if key not in _KEYS:
            yield f"stores.backends.{name}.{key} is no setting; known are {', '.join(_KEYS)}"
        elif not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            yield f"stores.backends.{name}.{key}={shown(value)} must be a {_KEYS[key].__name__}"
        elif isinstance(value, int) and not -MOST <= value <= MOST:
            yield f"stores.backends.{name}.{key} must lie between {-MOST} and {MOST}, not {shown(value)}"
