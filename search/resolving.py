r"""From the name a caller writes to the field it means: the one place that knows.

``name`` · ``name.raw`` (the whole name, exact) · ``size`` · ``properties.hw_cpu_cores`` · ``hw_cpu_cores``. A bare name
that is no field is a property; a name that is hidden from the caller (`Schema.hidden`) is a property that no
document has. Engines give a `Target` its place in their own layout.

``.raw`` and ``.keyword`` mean the exact value: the twin of a text, and a keyword or a property itself. A ``*`` would be
a pattern of fields, which is refused. A property that is itself called so is named with a backslash: ``a\.raw``,
``a\*b``.
"""

import re
from dataclasses import dataclass

from catalog.indexing.documents import Field, FieldType
from search.errors import UnknownField
from search.field_security import ABSENT
from search.schema import Schema, Typing

PROPERTIES = "properties."
RAW = ".raw"
_TWIN = re.compile(r"(.+?(?<!\\)(?:\\\\)*)\.(?:raw|keyword)", re.DOTALL)
_WILD = re.compile(r"(?<!\\)(?:\\\\)*\*")
_ESCAPED = re.compile(r"\\([\\*.])")
SCORE = "_score"
ANYWHERE = ""
"""The name of a prefix's or a pattern's field that stands for all fields of free text."""
ALIASES = {"_id": "id", "_type": "resource_type"}
META = frozenset(
    {
        "_all", "_doc", "_doc_count", "_field_names", "_ignored", "_index", "_meta", "_nested_path", "_parent",
        "_primary_term", "_routing", "_score", "_seq_no", "_shard_doc", "_size", "_source", "_tier", "_timestamp",
        "_ttl", "_uid", "_version",
    }
)  # fmt: skip
"""Elasticsearch's own names, which are no fields here."""
LONGEST_NAME = 255

PROPERTY_KEYS = Field("property_keys", FieldType.KEYWORD, many=True, hidden=True)
"""The keys an object has, whatever they hold: what `Exists` of a property asks for."""
TYPING_SEQUENCE = Field("typing_sequence", FieldType.LONG, hidden=True)
"""The `Schema.sequence` a document was written by."""
INTERNAL = {one.name: one for one in (PROPERTY_KEYS, TYPING_SEQUENCE)}


@dataclass(frozen=True, slots=True)
class Target:
    """A field, or a property (`key`). `type` is how it is compared: KEYWORD for the exact twin of a text, and for a
    property that has no type; `typing` says where the typed twin of a declared property lies.
    """

    name: str
    type: FieldType
    field: Field | None = None
    raw: bool = False
    key: str | None = None
    typing: Typing | None = None

    @property
    def many(self) -> bool:
        return self.field is not None and self.field.many


def resolve(schema: Schema, name: str, *, internal: bool = False) -> Target:
    """What `name` means; UnknownField for hidden fields, unless `internal`: rights may speak of these."""
    name = ALIASES.get(name, name)
    if not name or len(name) > 3 * LONGEST_NAME:
        raise UnknownField(f"a field's name has 1 to {LONGEST_NAME} characters", field=name[:40])
    if name in {PROPERTIES, PROPERTIES.rstrip(".")}:
        raise UnknownField(f"{name} is no field; name one property: properties.KEY", field=name)
    if name.startswith(PROPERTIES):
        return _property(schema, name.removeprefix(PROPERTIES), internal=internal)
    if internal and name in INTERNAL:
        return Target(name, INTERNAL[name].type, INTERNAL[name])
    twin = _TWIN.fullmatch(name) if name not in schema.by_name else None
    base = name if twin is None else twin[1]
    field = schema.by_name.get(base)
    if base in INTERNAL or base in META or (field is not None and field.hidden and not internal):
        raise UnknownField(f"there is no field {base}", field=base)
    if field is None:
        return _property(schema, name, internal=internal)
    if base in schema.hidden.fields and not internal:
        return Target(PROPERTIES + base, FieldType.KEYWORD, key=ABSENT)
    if twin is None or field.type is FieldType.KEYWORD:
        return Target(base, field.type, field)
    if field.type is FieldType.TEXT:
        return Target(base + RAW, FieldType.KEYWORD, field, raw=True)
    raise UnknownField(
        f"{base} is a {field.type} and has no exact twin; ask for {base}", field=name
    )


def property_field(key: str) -> str:
    """The name by which a property is asked for, whatever it is called."""
    written = key.replace("\\", "\\\\").replace("*", "\\*")
    if twin := _TWIN.fullmatch(written):
        written = f"{twin[1]}\\{written[len(twin[1]) :]}"
    return PROPERTIES + written


def sortable(target: Target) -> Target:
    """The target that carries the order: a text is sorted by its exact twin."""
    if target.type is FieldType.TEXT:
        return Target(target.name + RAW, FieldType.KEYWORD, target.field, raw=True)
    return target


def as_text(target: Target) -> Target:
    """A declared property as the text it is stored as."""
    return Target(target.name, FieldType.KEYWORD, key=target.key)


def _property(schema: Schema, written: str, *, internal: bool) -> Target:
    key = _key(schema, written)
    if not internal and schema.hidden.hides(key):
        return Target(PROPERTIES + key, FieldType.KEYWORD, key=ABSENT)
    typing = schema.typings.get(key)
    if typing is not None and typing.ready:
        return Target(PROPERTIES + key, typing.type, key=key, typing=typing)
    return Target(PROPERTIES + key, FieldType.KEYWORD, key=key)


def _key(schema: Schema, written: str) -> str:
    """The property that is meant. UnknownField for what names none."""
    if _WILD.search(written):
        literal = _WILD.sub(lambda found: f"{found.group()[:-1]}\\*", written)
        raise UnknownField(
            f"{written[:80]} is a pattern of fields, which is not understood; name each field"
            f" (a property that is called so: {literal[:80]})",
            field=written,
        )
    key = _ESCAPED.sub(r"\1", written)
    if key not in schema.typings and (twin := _TWIN.fullmatch(written)):
        key = _ESCAPED.sub(r"\1", twin[1])
    if len(key) > LONGEST_NAME:
        raise UnknownField(f"a field's name has 1 to {LONGEST_NAME} characters", field=key[:40])
    return key
