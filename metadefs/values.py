"""Texts on the wire as the values that a definition declares.

Properties of images are texts: ``"4"`` is an integer's, ``True`` a boolean's as Nova writes it,
``a,b`` or ``["a","b"]`` an array's. Values that are not text (JSON of other artifact types) are
taken as they are.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from catalog import literals

LONGEST = 1 << 16
DEEPEST = 16


class NotOfType(ValueError):
    """The text is no value of the declared type."""


def parse(value: Any, declared: str, item_type: str | None = None) -> Any:
    """`value` as `declared` says; NotOfType when its text cannot be read so."""
    if not isinstance(value, str):
        if too_deep(value):
            raise NotOfType(declared)
        return value
    if declared == "array":
        return _array(value, item_type or "string")
    if declared == "object":
        return _document(value, dict)
    reader = _READERS.get(declared)
    if reader is None:
        return value
    found = reader(value)
    if found is None:
        raise NotOfType(value)
    return found


def _array(text: str, item_type: str) -> list[Any]:
    if text.lstrip().startswith("["):
        items = _document(text, list)
    elif len(text) > LONGEST:
        raise NotOfType(text)
    else:
        items = [item.strip() for item in text.split(",")] if text.strip() else []
    return [parse(item, item_type) for item in items]


def _document(text: str, kind: type[Any]) -> Any:
    if len(text) > LONGEST:
        raise NotOfType(text)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotOfType(text) from None
    if not isinstance(document, kind) or too_deep(document):
        raise NotOfType(text)
    return document


def count(value: Any, most: int) -> int:
    """How many values there are within a JSON value, itself too; counting ends beyond `most`."""
    found, rest = 0, [value]
    while rest and found <= most:
        found += 1
        rest.extend(_children(rest.pop()))
    return found + len(rest)


def too_deep(value: Any, levels: int = DEEPEST) -> bool:
    """Whether a JSON value is nested deeper than so many levels."""
    level = [value]
    for _ in range(levels):
        level = [child for one in level for child in _children(one)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


_READERS: dict[str, Callable[[str], int | float | bool | None]] = {
    "integer": literals.integer,
    "number": literals.number,
    "boolean": literals.boolean,
}
