"""The file `schema-image.json`: properties beyond the base ones, with the schema that their values must meet.

Two forms are read: ``{"name": {…schema…}}`` and ``{"properties": {"name": {…}}, "required": ["name", …]}``. What is
`required` must be in the document that creates an image; changes to one are not asked for it. Values are stored as
text: a property is a string, or null, which is kept as the empty text. Patterns are matched by RE2.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from metadefs import patterns
from metadefs.errors import InvalidDefinition

EXTENDED = frozenset({"properties", "required"})
WORDS = frozenset({"description", "is_base", "readOnly", "title"})
"""Keys of a schema that say nothing about values."""


class SchemaFileWrong(Exception):
    """The file cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Custom:
    """`properties` are the schemas of the properties that the base has not."""

    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()


def read(
    file: Path, base: Mapping[str, Mapping[str, Any]], *, closed: Collection[str] = ()
) -> Custom:
    """The file over the `base` properties; SchemaFileWrong names what is wrong with it.

    A base property may be repeated as it is; to redefine it is wrong. `closed` names those that no client sets.
    """
    try:
        document = orjson.loads(file.read_bytes())
    except OSError as error:
        raise SchemaFileWrong(f"{file}: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise SchemaFileWrong(f"{file} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise SchemaFileWrong(f"{file} holds no JSON object")
    extended = "properties" in document and document.keys() <= EXTENDED
    declared = document["properties"] if extended else document
    if not isinstance(declared, dict):
        raise SchemaFileWrong(f"{file}: properties must be an object")
    found = {}
    for name, schema in declared.items():
        where = f"{file}: property {name!r}"
        _check(where, name, schema)
        if name not in base:
            _check_type(where, schema)
            found[name] = {"type": "string", **schema, "is_base": False}
        elif _meaning(schema) != _meaning(base[name]):
            raise SchemaFileWrong(f"{where} is a base property, which cannot be redefined")
    required = document.get("required", []) if extended else []
    return Custom(found, _required(file, required, {*base, *found} - set(closed)))


def _check(where: str, name: str, schema: Any) -> None:
    if not 0 < len(name) <= 255:
        raise SchemaFileWrong(f"{where[:200]} has a name that no property can have")
    if not isinstance(schema, dict):
        raise SchemaFileWrong(f"{where} needs an object as its schema")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise SchemaFileWrong(f"{where}: {error.message}") from None
    for key, value in _walk(schema):
        if key in {"$ref", "$dynamicRef"}:
            raise SchemaFileWrong(
                f"{where} refers to another schema ({key}), which is not followed"
            )
        if key == "pattern" and isinstance(value, str):
            try:
                patterns.check(value)
            except InvalidDefinition as error:
                raise SchemaFileWrong(f"{where}: {error.message}") from None


def _check_type(where: str, schema: Mapping[str, Any]) -> None:
    types = schema.get("type", "string")
    if not set(types if isinstance(types, list) else [types]) <= {"string", "null"}:
        raise SchemaFileWrong(
            f"{where} has the type {types!r}; values are stored as text: declare it string, or"
            " ['null', 'string'], and its type in a namespace of metadata definitions"
        )


def _required(file: Path, required: Any, known: set[str]) -> tuple[str, ...]:
    if not isinstance(required, list) or not all(isinstance(one, str) for one in required):
        raise SchemaFileWrong(f"{file}: required must be a list of names")
    for one in required:
        if one not in known:
            raise SchemaFileWrong(
                f"{file} requires {one!r}, which is no property that a client sets"
            )
    return tuple(dict.fromkeys(required))


def _meaning(schema: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in schema.items() if key not in WORDS}
    if isinstance(found.get("type"), list):
        found["type"] = sorted(found["type"])
    return found


def _walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key of every object, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)
