"""Locations of an image as clients write them: what a patch does to the list, and what digests it may bring.

/locations/N, /locations/-   add inserts, remove takes away
/locations                   replace: gives an empty list its entries, or the same addresses other metadata
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.errors import Conflict, Forbidden, Invalid, InvalidPatch
from catalog.jsonpatch import Add, Operation, Pointer, Remove, Replace
from images.lifecycle import QUEUED

FIELD = "locations"
STORE = "store"
DIGESTS = ("checksum", "os_hash_algo", "os_hash_value")
BANNED = frozenset({"file", "filesystem", "swift+config"})
"""Schemes that would reach into what the service itself keeps."""


class InvalidLocation(Invalid):
    """The location is none that this image can have."""

    code = "invalid_location"


class DigestsRefused(Conflict):
    """The digests that came with a location contradict each other, or what is known, or cannot be."""

    code = "digests_refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One location: `row` is its row's id once it has one, `validation` the digests that came with it."""

    url: str
    metadata: Mapping[str, Any]
    row: int | None = None
    validation: Mapping[str, str] | None = None


def applied(entries: Sequence[Entry], one: Operation) -> list[Entry]:
    """The list after the operation; its value must fit the schema already.

    InvalidPatch for a path that does not go with it, InvalidLocation for a location there already, or metadata that
    cannot be kept, Forbidden for taking away the last one.
    """
    match one:
        case Add(path=(_, where), value=value):
            new = _entry(value)
            if _there(entries, new):
                raise InvalidLocation(f"the location {new.url!r} is there already")
            at = _place(where, len(entries), end=len(entries))
            return [*entries[:at], new, *entries[at:]]
        case Replace(path=(_,), value=value):
            return _replaced(entries, [_entry(found) for found in value])
        case Remove(path=(_, where)):
            at = _place(where, len(entries) - 1, end=len(entries) - 1)
            if len(entries) == 1:
                raise Forbidden("the last location of an image cannot be removed")
            return [*entries[:at], *entries[at + 1 :]]
    raise _misplaced()


def require_place(operation: Operation) -> None:
    """InvalidPatch for a path at which nothing can be done, whatever the image and the site."""
    if len(operation.path) != (1 if isinstance(operation, Replace) else 2):
        raise _misplaced()


def given(one: Add | Replace) -> Any:
    """The value as the list that the schema of locations is about."""
    return [one.value] if len(one.path) > 1 else one.value


def digests(
    known: Mapping[str, Any], status: str, entries: Iterable[Entry], *, algorithm: str
) -> dict[str, str]:
    """The digests that the entries bring for an image that has `known` ones; empty when they say nothing new.

    DigestsRefused.
    """
    found: dict[str, str] = {}
    for entry in entries:
        for name, value in (entry.validation or {}).items():
            given = value if name == "os_hash_algo" else value.lower()
            if found.setdefault(name, given) != given:
                raise DigestsRefused(f"the locations say different things of {name}", field=name)
    for name, value in found.items():
        if known.get(name) not in (None, value):
            raise DigestsRefused(f"{name} is another one already", field=name)
    found = {name: value for name, value in found.items() if known.get(name) != value}
    if found and status != QUEUED:
        raise DigestsRefused(f"the digests of an image that is {status} do not change")
    if "checksum" in found and not is_digest(found["checksum"], "md5"):
        raise DigestsRefused("checksum must be an MD5 in hexadecimal", field="checksum")
    if "os_hash_algo" in found and found["os_hash_algo"] != algorithm:
        raise DigestsRefused(f"os_hash_algo must be {algorithm} here", field="os_hash_algo")
    if "os_hash_value" in found and not is_digest(found["os_hash_value"], algorithm):
        raise DigestsRefused(
            f"os_hash_value must be a {algorithm} in hexadecimal", field="os_hash_value"
        )
    return found


def is_digest(text: str, algorithm: str) -> bool:
    """Whether the text is a hexadecimal digest of the algorithm's length."""
    length = 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size
    return len(text) == length and set(text.lower()) <= set("0123456789abcdef")


def _misplaced() -> InvalidPatch:
    return InvalidPatch(
        "locations are added at /locations/N or /locations/-, removed there, and replaced at /locations"
    )


def _replaced(entries: Sequence[Entry], new: Sequence[Entry]) -> list[Entry]:
    if not new:
        raise Forbidden("the locations of an image cannot be taken away all at once")
    if not entries:
        for at, one in enumerate(new):
            if _there(new[:at], one):
                raise InvalidLocation(f"the location {one.url!r} is there twice")
        return list(new)
    by_url = {one.url: one for one in new}
    if sorted(one.url for one in entries) != sorted(one.url for one in new):
        raise InvalidLocation(
            "Original locations is not empty: only their metadata can be replaced, for the same addresses"
        )
    return [
        replace(
            one,
            metadata={**by_url[one.url].metadata, **_store_of(one)},
            validation=by_url[one.url].validation,
        )
        for one in entries
    ]


def _store_of(entry: Entry) -> dict[str, Any]:
    return {STORE: entry.metadata[STORE]} if STORE in entry.metadata else {}


def _entry(value: Mapping[str, Any]) -> Entry:
    url, metadata = value["url"], value["metadata"]
    if not _plain(metadata):
        raise InvalidLocation("metadata of locations holds texts, lists and objects only")
    scheme = url.partition(":")[0].lower()
    if scheme in BANNED or ":" not in url:
        raise InvalidLocation(f"locations cannot begin with {scheme + ':'!r}")
    validation = value.get("validation_data")
    return Entry(url, {k: v for k, v in metadata.items() if k != STORE}, validation=validation)


def _there(entries: Iterable[Entry], new: Entry) -> bool:
    bare = {k: v for k, v in new.metadata.items() if k != STORE}
    return any(
        one.url == new.url and {k: v for k, v in one.metadata.items() if k != STORE} == bare
        for one in entries
    )


def _plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_plain(one) for one in value.values())
    if isinstance(value, list):
        return all(_plain(one) for one in value)
    return isinstance(value, str)


def _place(where: str, most: int, *, end: int) -> int:
    if where == "-" and end >= 0:
        return end
    if not (where.isascii() and where.isdigit()) or len(where) > 9 or int(where) > most:
        raise InvalidPatch(f"there is no location {where!r}")
    return int(where)


def is_about(path: Pointer) -> bool:
    return path[0] == FIELD
