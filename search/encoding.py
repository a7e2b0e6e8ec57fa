"""From a document's body to the values an engine indexes: one layout, which each engine spells in its own way.

A field that is not `many` holds its first value only. Values that are not of their field's type are left out;
a property is always findable as text. Repeated values count once. A field that only other types declare holds the
property of its name (`documents.lent`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson

from catalog.indexing.documents import Field, FieldType, lent
from search import analysis, values
from search.schema import Schema

Value = str | int | float | bool
TEXT_LIMIT = 1 << 20
"""Characters of one text that are taken apart into words."""
TERM_LIMIT, BEGINNING = 31_000, 30_000
"""Bytes of a term, which with a property's key may have 32 766 in Lucene; and those that are kept of a longer text."""
SEPARATOR, AFTER_SEPARATOR = "\x1f", "\x20"
"""What ends the key in a `pair`, and the character that follows it."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """`fields`: name → values (a text's are whole texts). `properties`: key → text. `typed`: key → value."""

    fields: Mapping[str, tuple[Value, ...]]
    properties: Mapping[str, str]
    typed: Mapping[str, Value]
    property_keys: tuple[str, ...]
    tie: int


def encode(schema: Schema, resource_type: str, id_: str, body: Mapping[str, Any]) -> Encoded:
    """The values of a body; TypeError when it is not shaped as a document is."""
    given = body.get("properties") or {}
    if not isinstance(given, Mapping):
        raise TypeError("properties must be a mapping of keys to text")
    properties = {str(k): values.text(v) for k, v in given.items() if v is not None}
    typed = {}
    for key, typing in schema.typings.items():
        if key in properties:
            value = values.declared(properties[key], typing.type)
            if value is not None:
                typed[key] = value
    others = lent(resource_type)
    fields = {one.name: _field(one, given if one.name in others else body) for one in schema.fields}
    fields["id"], fields["resource_type"] = (id_,), (resource_type,)
    return Encoded(
        fields={name: found for name, found in fields.items() if found},
        properties={k: term(v) for k, v in properties.items()},
        typed=typed,
        property_keys=tuple(sorted(properties)),
        tie=tie(resource_type, id_),
    )


def stem(property_key: str) -> str:
    """What every `pair` of the property begins with, and no other's does."""
    escaped = property_key.replace("\x1e", "\x1e0").replace(SEPARATOR, "\x1e1")
    return escaped + SEPARATOR


def pair(property_key: str, value: Value) -> str:
    """A property and its text as one term."""
    return f"{stem(property_key)}{value}"


def term(value: str) -> str:
    """The value as one term; of one that is too long, its beginning and a digest of it all."""
    if len(value) * 4 <= TERM_LIMIT:
        return value
    written = value.encode(errors="surrogatepass")
    if len(written) <= TERM_LIMIT:
        return value
    digest = blake2b(written, digest_size=16).hexdigest()
    return f"{written[:BEGINNING].decode(errors='ignore')}…{digest}"


def exact(value: str) -> bool:
    """Whether a field of type TEXT has such a text as a whole, beside its words."""
    return analysis.units(value) <= analysis.KEYWORD_LIMIT


def tie(resource_type: str, id_: str) -> int:
    """A number of the document that ends every sort: equal in both engines, and as good as unique."""
    digest = blake2b(key(resource_type, id_).encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


def key(resource_type: str, id_: str) -> str:
    """The document's name in the engine: ids are unique within a type only."""
    whole = f"{resource_type}/{id_}"
    if len(whole.encode()) <= 400:
        return whole
    return f"{resource_type}/#{blake2b(whole.encode(), digest_size=32).hexdigest()}"


def dumps(body: Mapping[str, Any]) -> bytes:
    """The body as JSON, times as `…Z`; TypeError for what JSON does not have."""
    return orjson.dumps(_plain(body), option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value


def _field(field: Field, body: Mapping[str, Any]) -> tuple[Value, ...]:
    found: dict[Value, None] = {}
    for raw in _leaves(body, field.name):
        if (value := values.stored(raw, field.type)) is None:
            continue
        if field.type is FieldType.KEYWORD:
            value = term(str(value))
        found[str(value)[:TEXT_LIMIT] if field.type is FieldType.TEXT else value] = None
        if not field.many:
            break
    return tuple(found)


def _leaves(body: Any, path: str) -> Iterable[Any]:
    """What lies at a dotted path, through lists; nulls are nothing."""
    if isinstance(body, list | tuple | set | frozenset):
        for one in body:
            yield from _leaves(one, path)
    elif not path:
        if body is not None and not isinstance(body, Mapping):
            yield body
    elif isinstance(body, Mapping):
        if path in body:
            yield from _leaves(body[path], "")
            return
        head, _, rest = path.partition(".")
        if rest and head in body:
            yield from _leaves(body[head], rest)
