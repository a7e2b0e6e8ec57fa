"""Texts on the wire as the values that a definition declares.

Properties of images are texts: ``"4"`` is an integer's, ``True`` a boolean's as Nova writes it,
``a,b`` or ``["a","b"]`` an array's. Values that are not text (JSON of other artifact types) are
taken as they are.
"""

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import orjson

LONGEST = 1 << 16
DEEPEST = 16
_INTEGER = re.compile(r"-?[0-9]{1,300}\Z")
_NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,4})?\Z")
_BOOLEANS = {"true": True, "false": False}


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
    reader = _READERS.get(declared)
    return reader(value) if reader else value


def _integer(text: str) -> int:
    if not _INTEGER.match(text):
        raise NotOfType(text)
    return int(text)


def _number(text: str) -> int | float:
    if _INTEGER.match(text):
        return int(text)
    if not _NUMBER.match(text) or not math.isfinite(number := float(text)):
        raise NotOfType(text)
    return number


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise NotOfType(text) from None


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


_READERS: dict[str, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "object": lambda text: _document(text, dict),
}
