"""Where each value lies in a tantivy index, and the index's schema.

Text is taken apart by us (`analysis`) and handed over as words; a many-valued field has its smallest and largest value
beside it, for sorting. A free property is one term `key␟value`, and one path of a JSON field for counting. A declared
one has a slot.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import tantivy
from tantivy import Document, SchemaBuilder

from catalog.indexing.documents import FieldType
from search import analysis
from search.encoding import Encoded, Value, encode, exact, key, pair
from search.resolving import INTERNAL, Target
from search.schema import Schema

KEY, IDENTITY, VERSION, LIVE, GONE_AT, BODY, NAMES, TIE = (
    "_key", "_identity", "_version", "_live", "_gone_at", "_body", "_names", "_tie",
)  # fmt: skip
PAIRS, JSON = "_pairs", "_json"
VERBATIM = "="
"""Begins every value in the JSON field, from format 2 on: a bare `2026-01-31T12:00:00Z` tantivy would take for a
time there.
"""
WORDS = "words"
NUMERIC = frozenset({FieldType.LONG, FieldType.DATE})

_LETTER = {
    FieldType.KEYWORD: "k",
    FieldType.TEXT: "t",
    FieldType.LONG: "i",
    FieldType.DATE: "i",
    FieldType.DOUBLE: "d",
    FieldType.BOOLEAN: "b",
}


def place(target: Target) -> str:
    """The tantivy field of a target; `PAIRS` for a property that has no type."""
    if target.typing is not None:
        return slot(target.typing.type, target.typing.slot)
    if target.key is not None:
        return PAIRS
    name = target.field.name if target.field is not None else target.name
    return f"{_LETTER[target.type]}_{_flat(name)}"


def slot(type_: FieldType, number: int) -> str:
    return f"s_{type_}_{number}"


def ordered_place(target: Target, *, descending: bool) -> str:
    """The field that a target is sorted by."""
    if target.many and target.type is not FieldType.TEXT and target.typing is None:
        return ("hi_" if descending else "lo_") + place(target)
    return place(target)


def counted_place(target: Target) -> str:
    """The field that a target is counted by."""
    if target.key is not None and target.typing is None:
        return JSON + "." + target.key.replace("\\", "\\\\").replace(".", r"\.")
    return place(target)


def counted_value(target: Target, value: Any) -> Any:
    """The target's value that lies as `value` in its `counted_place`."""
    if target.key is not None and target.typing is None:
        return str(value).removeprefix(VERBATIM)
    return value


def build(schema: Schema) -> tantivy.Schema:
    """The schema of an index for `schema`, its spare slots included."""
    builder = SchemaBuilder()
    for name in (KEY, NAMES, PAIRS):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field(IDENTITY, stored=True)
    for name in (VERSION, GONE_AT, TIE):
        builder.add_integer_field(name, indexed=True, fast=True)
    builder.add_boolean_field(LIVE, indexed=True)
    builder.add_bytes_field(BODY, stored=True)
    builder.add_json_field(JSON, fast=True, tokenizer_name="raw", index_option="basic")
    for field in (*schema.fields, *INTERNAL.values()):
        target = Target(field.name, field.type, field)
        _add(builder, place(target), field.type)
        if field.type is FieldType.TEXT:
            target = Target(field.name, FieldType.KEYWORD, field, raw=True)
            _add(builder, place(target), FieldType.KEYWORD)
        if field.many:
            for descending in (False, True):
                _add(builder, ordered_place(target, descending=descending), target.type)
    for type_, count in schema.slots.items():
        for number in range(count):
            _add(builder, slot(type_, number), type_)
    return builder.build()


def document(
    schema: Schema, resource_type: str, id_: str, version: int, body: Mapping[str, Any], raw: bytes
) -> Document:
    """The tantivy document of a body; TypeError or ValueError when there can be none."""
    encoded = encode(schema, resource_type, id_, body)
    made = Document()
    made.add_text(KEY, key(resource_type, id_))
    made.add_integer(VERSION, version)
    made.add_boolean(LIVE, True)
    made.add_integer(TIE, encoded.tie)
    made.add_bytes(BODY, raw)
    made.add_bytes(IDENTITY, orjson.dumps([resource_type, id_]))
    begin = VERBATIM if schema.format >= 2 else ""
    made.add_json(JSON, {name: begin + text for name, text in encoded.properties.items()})
    made.add_integer("i_typing_sequence", schema.sequence)
    for name in encoded.property_keys:
        made.add_text("k_property_keys", name)
    for name, value in encoded.properties.items():
        made.add_text(PAIRS, pair(name, value))
    for name, held in encoded.typed.items():
        typing = schema.typings[name]
        _put(made, slot(typing.type, typing.slot), typing.type, held)
    _fields(made, schema, encoded)
    return made


def tombstone(resource_type: str, id_: str, version: int, moment: int) -> Document:
    """What remembers that an object is gone, and at which version."""
    made = Document()
    made.add_text(KEY, key(resource_type, id_))
    made.add_integer(VERSION, version)
    made.add_boolean(LIVE, False)
    made.add_integer(GONE_AT, moment)
    return made


def stored(document: Document, name: str) -> bytes:
    """A stored field's bytes; b"null" when the document has none."""
    held = document.get_first(name)
    return b"null" if held is None else bytes(held)


def identity(document: Document) -> tuple[str, str]:
    """Type and id of a stored document."""
    resource_type, id_ = orjson.loads(stored(document, IDENTITY))
    return resource_type, id_


def _fields(made: Document, schema: Schema, encoded: Encoded) -> None:
    for name, found in encoded.fields.items():
        field, kept = schema.by_name[name], found
        made.add_text(NAMES, name)
        target = Target(name, field.type, field)
        for value in found:
            _put(made, place(target), field.type, value)
        if field.type is FieldType.TEXT:
            kept = tuple(value for value in found if exact(str(value)))
            target = Target(name, FieldType.KEYWORD, field, raw=True)
            for value in kept:
                _put(made, place(target), FieldType.KEYWORD, value)
        if field.many and kept:
            ordered = _sorted(kept)
            _put(made, ordered_place(target, descending=False), target.type, ordered[0])
            _put(made, ordered_place(target, descending=True), target.type, ordered[-1])


def _sorted(found: Iterable[Value]) -> list[Any]:
    return sorted(found, key=lambda value: value.encode() if isinstance(value, str) else value)


def _add(builder: SchemaBuilder, name: str, type_: FieldType) -> None:
    match type_:
        case FieldType.TEXT:
            builder.add_text_field(name, tokenizer_name=WORDS)
        case FieldType.KEYWORD:
            builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
        case FieldType.DOUBLE:
            builder.add_float_field(name, indexed=True, fast=True)
        case FieldType.BOOLEAN:
            builder.add_boolean_field(name, indexed=True, fast=True)
        case _:
            builder.add_integer_field(name, indexed=True, fast=True)


def _put(made: Document, name: str, type_: FieldType, value: Any) -> None:
    match type_:
        case FieldType.TEXT:
            made.add_text(name, " ".join(analysis.words(value)))
        case FieldType.KEYWORD:
            made.add_text(name, value)
        case FieldType.DOUBLE:
            made.add_float(name, value)
        case FieldType.BOOLEAN:
            made.add_boolean(name, value)
        case _:
            made.add_integer(name, value)


def _flat(name: str) -> str:
    return name.replace(".", "__")
