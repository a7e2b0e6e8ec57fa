"""From the name a caller writes to the field it means: the one place that knows.

``name`` · ``name.raw`` (the whole name, exact) · ``size`` · ``properties.hw_cpu_cores`` · ``hw_cpu_cores``. A bare name
that is no field is a property; a name that is kept from the caller (`Schema.keeping`) is a property that no
document has. Engines give a `Target` its place in their own layout.
"""

from dataclasses import dataclass

from catalog.indexing.documents import Field, FieldType
from search.errors import UnknownField
from search.keeping import ABSENT
from search.schema import Schema, Typing

PROPERTIES = "properties."
RAW = ".raw"
SCORE = "_score"
ANYWHERE = ""
"""The name of a prefix's or a pattern's field that stands for all fields of free text."""
ALIASES = {"_id": "id", "_type": "resource_type"}
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
    if not name or len(name) > LONGEST_NAME:
        raise UnknownField(f"a field's name has 1 to {LONGEST_NAME} characters", field=name[:40])
    if name.startswith(PROPERTIES):
        return _property(schema, name.removeprefix(PROPERTIES), internal=internal)
    if internal and name in INTERNAL:
        return Target(name, INTERNAL[name].type, INTERNAL[name])
    exact = schema.by_name.get(name)
    text = schema.by_name.get(name.removesuffix(RAW)) if name.endswith(RAW) else None
    field = exact or (text if text is not None and text.type is FieldType.TEXT else None)
    if (field is not None and field.hidden and not internal) or name in INTERNAL:
        raise UnknownField(f"there is no field {name}", field=name)
    if field is not None and field.name in schema.keeping.fields and not internal:
        return Target(PROPERTIES + name, FieldType.KEYWORD, key=ABSENT)
    if exact is not None:
        return Target(name, exact.type, exact)
    if field is not None:
        return Target(name, FieldType.KEYWORD, field, raw=True)
    if name.startswith("_"):
        raise UnknownField(f"there is no field {name}", field=name)
    return _property(schema, name, internal=internal)


def sortable(target: Target) -> Target:
    """The target that carries the order: a text is sorted by its exact twin."""
    if target.type is FieldType.TEXT:
        return Target(target.name + RAW, FieldType.KEYWORD, target.field, raw=True)
    return target


def as_text(target: Target) -> Target:
    """A declared property as the text it is stored as."""
    return Target(target.name, FieldType.KEYWORD, key=target.key)


def _property(schema: Schema, key: str, *, internal: bool) -> Target:
    if not key:
        raise UnknownField("properties. needs a key after the dot", field=PROPERTIES)
    if not internal and schema.keeping.keeps(key):
        return Target(PROPERTIES + key, FieldType.KEYWORD, key=ABSENT)
    typing = schema.typings.get(key)
    if typing is not None and typing.ready:
        return Target(PROPERTIES + key, typing.type, key=key, typing=typing)
    return Target(PROPERTIES + key, FieldType.KEYWORD, key=key)
