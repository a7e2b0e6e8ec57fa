"""Where each value lies in an Elasticsearch index: its mapping, and documents.

Fields lie under their names (a text has an exact twin ``.raw``; ``name`` a twin of word beginnings, for
searching while typing), free
properties in ``properties`` (flattened) and as ``key␟value`` in ``property_pairs``, declared ones in
``typed.<type>.<key>``. The
body is kept as it came and is not indexed.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from catalog.indexing.documents import Field, FieldType
from search import analysis
from search.encoding import encode, pair
from search.resolving import INTERNAL, Target
from search.schema import Schema

BODY, TIE, PAIRS = "body", "tie", "property_pairs"
BEGINNING = 20
"""Longest beginning of a word that ``name.prefix`` holds."""
_DATE = {"type": "date", "format": "strict_date_optional_time||epoch_millis"}


def settings(shards: int) -> dict[str, Any]:
    """Index settings. Deletions are remembered for a day: longer than any operation may be under way."""
    return {
        "number_of_shards": shards,
        "auto_expand_replicas": "0-1",
        "gc_deletes": "24h",
        "mapping": {"total_fields": {"limit": 10_000}},
        "analysis": {
            "char_filter": {
                "marks": {"type": "pattern_replace", "pattern": analysis.MARKS, "replacement": ""}
            },
            "tokenizer": {
                "words": {"type": "pattern", "pattern": analysis.JAVA_PATTERN, "group": 0}
            },
            "filter": {
                "not_too_long": {"type": "length", "max": analysis.LONGEST},
                "beginnings": {"type": "edge_ngram", "min_gram": 1, "max_gram": BEGINNING},
            },
            "analyzer": {
                "words": _analyser(),
                "beginnings": _analyser("beginnings"),
            },
        },
    }


def mappings(schema: Schema, meta: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping of a generation."""
    properties: dict[str, Any] = {
        BODY: {"type": "object", "enabled": False},
        TIE: {"type": "long"},
        PAIRS: {"type": "keyword"},
        "properties": {"type": "flattened"},
    }
    for field in (*schema.fields, *INTERNAL.values()):
        _place(properties, field.name.split("."), _field(field))
    properties["typed"] = typed(schema)
    return {
        "dynamic": "strict",
        "_meta": dict(meta),
        "_source": {"includes": [BODY, "id", "resource_type"]},
        "properties": properties,
    }


def typed(schema: Schema) -> dict[str, Any]:
    """The typed twins of declared properties."""
    by_type: dict[str, dict[str, Any]] = {}
    for key, typing in schema.typings.items():
        by_type.setdefault(typing.type.value, {})[_safe(key)] = _plain(typing.type)
    return {"properties": {name: {"properties": keys} for name, keys in by_type.items()}}


def place(target: Target) -> str:
    """The field of a target; `PAIRS` for a property that has no type."""
    if target.typing is not None:
        return f"typed.{target.typing.type}.{_safe(str(target.key))}"
    if target.key is not None:
        return PAIRS
    name = target.field.name if target.field is not None else target.name
    return f"{name}.raw" if target.raw else name


def counted_place(target: Target) -> str:
    """The field that a target is counted and sorted by."""
    if target.key is not None and target.typing is None:
        return f"properties.{target.key}"
    return place(target)


def document(
    schema: Schema, resource_type: str, id_: str, body: Mapping[str, Any], plain: Any
) -> dict[str, Any]:
    """The document of a body (`plain`: the same as JSON); TypeError or ValueError when there can be none."""
    encoded = encode(schema, resource_type, id_, body)
    made: dict[str, Any] = {name: list(values) for name, values in encoded.fields.items()}
    typed_values: dict[str, dict[str, Any]] = {}
    for key, value in encoded.typed.items():
        typed_values.setdefault(schema.typings[key].type.value, {})[_safe(key)] = value
    return made | {
        BODY: plain,
        TIE: encoded.tie,
        PAIRS: [pair(key, value) for key, value in encoded.properties.items()],
        "properties": dict(encoded.properties),
        "property_keys": list(encoded.property_keys),
        "typing_sequence": schema.sequence,
        "typed": typed_values,
    }


def _field(field: Field) -> dict[str, Any]:
    if field.type is not FieldType.TEXT:
        return _plain(field.type)
    exact = {"type": "keyword", "ignore_above": analysis.KEYWORD_LIMIT}
    found: dict[str, Any] = {"type": "text", "analyzer": "words", "fields": {"raw": exact}}
    if field.name == "name":
        found["fields"]["prefix"] = {
            "type": "text",
            "analyzer": "beginnings",
            "search_analyzer": "words",
            "norms": False,
        }
    return found


def _plain(type_: FieldType) -> dict[str, Any]:
    match type_:
        case FieldType.DATE:
            return dict(_DATE)
        case _:
            return {"type": type_.value}


def _place(properties: dict[str, Any], path: list[str], mapping: dict[str, Any]) -> None:
    """Put a mapping at a dotted name."""
    for part in path[:-1]:
        properties = properties.setdefault(part, {"properties": {}})["properties"]
    properties[path[-1]] = mapping


def _safe(key: str) -> str:
    """A key as one part of a field's name."""
    return quote(key, safe="").replace(".", "%2E")


def _analyser(*more: str) -> dict[str, Any]:
    return {
        "type": "custom",
        "tokenizer": "words",
        "char_filter": ["marks"],
        "filter": ["asciifolding", "lowercase", "not_too_long", *more],
    }
