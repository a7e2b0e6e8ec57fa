"""JSON Patch in its two dialects of the Images API, read generically; what a path means is for others to judge.

v2.1 (`application/openstack-images-v2.1-json-patch`): ``{"op": "add", "path": "/x", "value": …}`` (RFC 6902's shape).
v2.0 (`application/openstack-images-v2.0-json-patch`): ``{"add": "/x", "value": …}`` (draft 4's shape).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from catalog.errors import InvalidPatch, at_most

Pointer: TypeAlias = tuple[str, ...]
Dialect: TypeAlias = Callable[[Mapping[str, Any]], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Add:
    path: Pointer
    value: Any


@dataclass(frozen=True, slots=True)
class Replace:
    path: Pointer
    value: Any


@dataclass(frozen=True, slots=True)
class Remove:
    path: Pointer


Operation: TypeAlias = Add | Replace | Remove

VERBS = ("add", "remove", "replace")


def read(document: Any, dialect: Dialect, *, most: int) -> list[Operation]:
    """The operations of a patch document; InvalidPatch says which one cannot be read and why, TooMany that there are
    more than `most`.
    """
    if not isinstance(document, list):
        raise InvalidPatch("a patch must be a JSON array of operations")
    at_most(most, len(document), "operations")
    return [_operation(position, one, dialect) for position, one in enumerate(document)]


def v2_1(operation: Mapping[str, Any]) -> tuple[str, str]:
    """Verb and path of a v2.1 operation."""
    if "op" not in operation:
        raise InvalidPatch("the key 'op' is missing")
    if "path" not in operation:
        raise InvalidPatch("the key 'path' is missing")
    return operation["op"], operation["path"]


def v2_0(operation: Mapping[str, Any]) -> tuple[str, str]:
    """Verb and path of a v2.0 operation."""
    verbs = [verb for verb in VERBS if verb in operation]
    if len(verbs) != 1:
        raise InvalidPatch(f"exactly one of {', '.join(VERBS)} must name the path")
    return verbs[0], operation[verbs[0]]


def _operation(position: int, one: Any, dialect: Dialect) -> Operation:
    try:
        if not isinstance(one, dict):
            raise InvalidPatch("it must be an object")
        verb, path = dialect(one)
        if verb not in VERBS:
            raise InvalidPatch(f"unknown operation {verb!r}; known are {', '.join(VERBS)}")
        pointer = parse_pointer(path)
        if verb == "remove":
            return Remove(pointer)
        if "value" not in one:
            raise InvalidPatch("the key 'value' is missing")
        return Add(pointer, one["value"]) if verb == "add" else Replace(pointer, one["value"])
    except InvalidPatch as error:
        raise InvalidPatch(f"operation {position}: {error.message}", position=position) from None


def parse_pointer(path: Any) -> Pointer:
    """`/a~1b/-` → ("a/b", "-"); InvalidPatch for anything that is not a JSON Pointer to something (RFC 6901)."""
    if not isinstance(path, str) or not path.startswith("/"):
        raise InvalidPatch(f"path {path!r} must be text that begins with '/'")
    parts = path[1:].split("/")
    if "" in parts:
        raise InvalidPatch(f"path {path!r} has an empty part")
    for part in parts:
        if part.count("~") != part.count("~0") + part.count("~1"):
            raise InvalidPatch(f"path {path!r}: '~' is written '~0'")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
