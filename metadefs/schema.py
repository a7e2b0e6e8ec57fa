"""Definitions of properties: what one may say, and the JSON Schema (Draft 2020-12) that its values must meet.

`check` is asked before a definition is stored, so `json_schema` and `validator` can rely on what they read.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import orjson
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from metadefs import operators, patterns, values
from metadefs.errors import InvalidDefinition

TYPES = ("array", "boolean", "integer", "number", "object", "string")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}

DEFINITION: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "type"],
    "properties": {
        "title": _TEXT,
        "type": {"enum": list(TYPES)},
        "description": _TEXT,
        "operators": {"type": "array", "items": {"enum": list(operators.KNOWN)}},
        "default": {},
        "readonly": {"type": "boolean"},
        "confidential": {"type": "boolean"},
        "enum": {"type": "array"},
        "pattern": {"type": "string", "maxLength": patterns.LONGEST},
        "minLength": _COUNT,
        "maxLength": _COUNT,
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
        "items": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"type": {"enum": list(TYPES)}, "enum": {"type": "array"}},
        },
        "minItems": _COUNT,
        "maxItems": _COUNT,
        "uniqueItems": {"type": "boolean"},
        "additionalItems": {"type": "boolean"},
        "required": {"type": "array", "items": _TEXT, "uniqueItems": True},
    },
}
_KEYS = frozenset(DEFINITION["properties"])
_BOUNDS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"))
_KEPT = (
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
)
_SHOWN = frozenset({"title", "description", "default", "readonly", "confidential"})
_shape = Draft202012Validator(DEFINITION)


def check(name: str, definition: Any) -> None:
    """Nothing for a definition that can be enforced; InvalidDefinition naming the property and what is wrong."""
    try:
        _check_shape(definition)
        if "pattern" in definition:
            patterns.check(definition["pattern"])
        _check_bounds(definition)
        json_schema(definition)
    except InvalidDefinition as error:
        raise InvalidDefinition(
            f"property {name!r}: {error.message}", property=name, **error.facts
        ) from None


def check_default_type(name: str, definition: Mapping[str, Any]) -> None:
    """InvalidDefinition when the default is no value of the declared type.

    Apart from `check`, so that what other services kept can be looked at piece by piece.
    """
    if not _default_fits(definition, ("type", "items")):
        raise _odd_default(name, definition)


def check_default(name: str, definition: Mapping[str, Any]) -> None:
    """InvalidDefinition when the default is no value of the declared type, or not one of the enumerated ones.

    Files that are shipped with Images break it, so it is told and refuses nothing: no value is
    judged by a default. Limits of size are not held against it.
    """
    check_default_type(name, definition)
    if not _default_fits(definition, ("type", "enum", "items")):
        raise _odd_default(name, definition)


def _default_fits(definition: Mapping[str, Any], rules: tuple[str, ...]) -> bool:
    default = definition.get("default")
    if default is None:
        return True
    declared = declared_type(definition)
    try:
        given = _as_text(default) if declared == "string" else default
        parsed = values.parse(given, declared, item_type(definition))
    except values.NotOfType:
        return False
    schema = {key: value for key, value in json_schema(definition).items() if key in rules}
    if "enum" not in rules and "items" in schema:
        schema["items"] = {"type": item_type(definition)}
    return bool(_Checker(schema).is_valid(parsed))


def _odd_default(name: str, definition: Mapping[str, Any]) -> InvalidDefinition:
    return InvalidDefinition(
        f"property {name!r}: default {_short(definition['default'])} is not a value it allows",
        property=name,
        rule="default",
    )


def judged(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What of a definition decides which values are legal; the rest is for those who read it."""
    return {key: value for key, value in definition.items() if key not in _SHOWN}


def declared_type(definition: Mapping[str, Any]) -> str:
    """One of TYPES; a definition without a type, as older releases took it, is of any text."""
    return definition.get("type") or "string"


def told(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition as callers and files read it: nothing that is empty, no operator without a
    meaning, which older releases took too, and always a type.
    """
    shown = {key: value for key, value in definition.items() if value is not None}
    if isinstance(shown.get("operators"), list):
        shown["operators"] = [one for one in shown["operators"] if one in operators.KNOWN]
    return shown if "type" in shown else {**shown, "type": declared_type(definition)}


def salvaged(name: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    """What of a definition can be used that another service kept, which checks less: keys that are
    known, a type, operators that mean something, and the default if it is of that type.
    """
    found = told({key: value for key, value in definition.items() if key in _KEYS})
    with suppress(InvalidDefinition):  # what is wrong beside that is told when it is loaded
        check(name, found)
        if not _default_fits(found, ("type", "items")):
            del found["default"]
    return found


def item_type(definition: Mapping[str, Any]) -> str:
    found: str = definition.get("items", {}).get("type", "string")
    return found


def json_schema(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition as JSON Schema over parsed values (`metadefs.values`); enumerated texts become values too."""
    declared = declared_type(definition)
    schema: dict[str, Any] = {"$schema": DIALECT, "type": declared}
    for key in ("title", "description", *_KEPT):
        if key in definition:
            schema[key] = definition[key]
    if "readonly" in definition:
        schema["readOnly"] = definition["readonly"]
    if declared == "array":
        schema["items"] = _items_schema(definition)
    elif "enum" in definition:
        schema["enum"] = _enumerated(definition["enum"], declared, "string")
    return schema


def validator(schema: Mapping[str, Any]) -> Validator:
    """A checker of parsed values; it never backtracks, whatever the pattern and the value."""
    checker: Validator = _Checker(dict(schema))
    return checker


def _items_schema(definition: Mapping[str, Any]) -> dict[str, Any]:
    """`items`; an `enum` beside it lists the legal items when `items` names none."""
    kind = item_type(definition)
    allowed = definition.get("items", {}).get("enum", definition.get("enum"))
    found: dict[str, Any] = {"type": kind}
    if allowed is not None:
        found["enum"] = _enumerated(allowed, kind, "string")
    return found


def _enumerated(entries: list[Any], declared: str, items: str) -> list[Any]:
    found = []
    for entry in entries:
        try:
            parsed = (
                _as_text(entry) if declared == "string" else values.parse(entry, declared, items)
            )
        except values.NotOfType:
            raise InvalidDefinition(
                f"enum holds {_short(entry)}, which is not of type {declared}", rule="enum"
            ) from None
        if parsed is not None:
            found.append(parsed)
    return found


def _as_text(entry: Any) -> Any:
    """A number or boolean enumerated for a text, as the wire writes it."""
    if isinstance(entry, bool):
        return str(entry).lower()
    return str(entry) if isinstance(entry, int | float) else entry


def _check_shape(definition: Any) -> None:
    if values.too_deep(definition):
        raise InvalidDefinition(f"it is nested deeper than {values.DEEPEST} levels")
    if not _storable(definition):
        raise InvalidDefinition("it holds a number or a text that cannot be stored")
    for error in _shape.iter_errors(definition):
        where = ".".join(str(part) for part in error.absolute_path)
        raise InvalidDefinition(f"{where}: {error.message[:200]}" if where else error.message[:200])


def _storable(definition: Any) -> bool:
    """Whether both databases and every wire can carry it: no NUL, no NaN, no number beyond 64 bits."""
    try:
        text = orjson.dumps(definition)
    except TypeError:
        return False
    return b"\\u0000" not in text and bool(orjson.loads(text) == definition)


def _check_bounds(definition: Mapping[str, Any]) -> None:
    for low, high in _BOUNDS:
        if low in definition and high in definition and definition[low] > definition[high]:
            raise InvalidDefinition(
                f"{low} {definition[low]} is larger than {high} {definition[high]}", rule=low
            )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _pattern(_: Validator, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not patterns.found_in(pattern, instance):
        yield ValidationError(f"does not match {pattern}")


def _unique_items(_: Validator, wanted: bool, instance: Any, __: Any) -> Iterator[ValidationError]:
    if wanted and isinstance(instance, list):
        seen = {canonical(_whole(item)) for item in instance}
        if len(seen) != len(instance):
            yield ValidationError("items repeat")


def _whole(item: Any) -> Any:
    """Equal numbers written alike: to JSON Schema 1.0 is 1."""
    if isinstance(item, float) and item.is_integer():
        return int(item)
    if isinstance(item, list):
        return [_whole(one) for one in item]
    return {key: _whole(one) for key, one in item.items()} if isinstance(item, dict) else item


def canonical(item: Any) -> Any:
    """Equal for equal JSON values; what the encoder refuses (integers beyond 64 bits) stands for itself."""
    try:
        return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return repr(item)


_Checker: Any = extend(  # type: ignore[no-untyped-call]  # the stubs leave it open
    Draft202012Validator, {"pattern": _pattern, "uniqueItems": _unique_items}
)
