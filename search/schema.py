"""What one generation of the index holds: its fields, and how declared property keys are typed in it.

The schema lies beside the generation, in the engine, so that queries and writes always speak of the same thing.
`FORMAT` rises when this code changes how documents are laid out; a generation of another format is rebuilt, and answers
and takes writes until then: the fields of one schema stay the same, and what lies in them may go by the format.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from catalog.indexing.documents import COMMON, DocumentSource, Field, FieldType
from search.field_security import NOTHING, HiddenFields

FORMAT = 4

TYPED = frozenset({FieldType.LONG, FieldType.DOUBLE, FieldType.BOOLEAN, FieldType.DATE})
"""Declared types that get a typed twin; text is what a property is anyway."""


@dataclass(frozen=True, slots=True)
class Typing:
    """A declared key: its typed twin lies in `slot` (embedded engine); documents written before state number
    `since` may lack it, so that queries use it only once it is `ready`.
    """

    type: FieldType
    slot: int
    since: int
    ready: bool = False


@dataclass(frozen=True)
class Schema:
    """`sequence` counts the changes of `typings`, `taken` the slots ever given out; `filled` tells that every row
    was handed to the relay once. `hidden`: what is hidden from the one who asks; it is not stored.
    """

    fields: tuple[Field, ...]
    typings: Mapping[str, Typing] = field(default_factory=dict)
    slots: Mapping[FieldType, int] = field(default_factory=dict)
    taken: Mapping[FieldType, int] = field(default_factory=dict)
    sequence: int = 1
    filled: bool = False
    format: int = FORMAT
    hidden: HiddenFields = field(default=NOTHING, compare=False)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {one.name: one for one in self.fields}

    def free_text(self) -> list[Field]:
        """Where a search without a field name looks."""
        return [one for one in self.fields if one.free_text]

    def seen(self, hidden: HiddenFields) -> "Schema":
        """The schema as it is for an actor from whom something is kept."""
        return self if hidden is NOTHING else replace(self, hidden=hidden)

    def matches(self, other: "Schema") -> bool:
        """Whether documents are laid out alike, property types aside."""
        return self.format == other.format and set(self.fields) == set(other.fields)

    def as_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "sequence": self.sequence,
            "filled": self.filled,
            "slots": dict(self.slots),
            "taken": dict(self.taken),
            "fields": [asdict(one) for one in self.fields],
            "typings": {key: asdict(typing) for key, typing in self.typings.items()},
        }


def from_json(document: Mapping[str, Any]) -> Schema:
    """The inverse of `Schema.as_json`."""
    return Schema(
        format=document["format"],
        sequence=document["sequence"],
        filled=document["filled"],
        slots={FieldType(name): count for name, count in document["slots"].items()},
        taken={FieldType(name): count for name, count in document["taken"].items()},
        fields=tuple(Field(**one | {"type": FieldType(one["type"])}) for one in document["fields"]),
        typings={
            key: Typing(**one | {"type": FieldType(one["type"])})
            for key, one in document["typings"].items()
        },
    )


def build(sources: Iterable[DocumentSource], declared: Mapping[str, FieldType]) -> Schema:
    """The schema of a new generation: every typing is ready, since all documents will be written by it.

    ValueError when two sources declare one field with different types.
    """
    fields = {one.name: one for one in COMMON}
    for source in sources:
        for one in source.fields:
            fields[one.name] = _merged(fields[one.name], one) if one.name in fields else one
    counts = {type_: sum(1 for t in declared.values() if t is type_) for type_ in TYPED}
    empty = Schema(
        fields=tuple(sorted(fields.values(), key=lambda one: one.name)),
        slots={type_: max(32, 2 * count) for type_, count in sorted(counts.items())},
    )
    typed = extended(empty, declared)
    if typed is None:
        raise ValueError("the slots of a new generation hold all declared keys")
    return replace(
        typed,
        sequence=1,
        typings={k: replace(t, since=1, ready=True) for k, t in typed.typings.items()},
    )


def extended(schema: Schema, declared: Mapping[str, FieldType]) -> Schema | None:
    """The schema with keys typed as they are declared now, the same object when nothing changed.

    Keys of a new type get a fresh slot; None when there is none left, and the index must be rebuilt.
    """
    wanted = {key: type_ for key, type_ in declared.items() if type_ in TYPED}
    kept = {k: t for k, t in schema.typings.items() if wanted.get(k) is t.type}
    new = sorted(wanted.keys() - kept.keys())
    if not new and len(kept) == len(schema.typings):
        return schema
    sequence, typings, taken = schema.sequence + 1, dict(kept), dict(schema.taken)
    for key in new:
        # A slot that a key has left is not free: documents still hold that key's values in it.
        slot = taken.get(wanted[key], 0)
        if slot >= schema.slots.get(wanted[key], 0):
            return None
        taken[wanted[key]] = slot + 1
        typings[key] = Typing(wanted[key], slot, sequence)
    return replace(schema, typings=typings, taken=taken, sequence=sequence)


def _merged(one: Field, other: Field) -> Field:
    if one.type is not other.type:
        raise ValueError(f"the field {one.name} is declared as {one.type} and as {other.type}")
    return replace(
        one,
        many=one.many or other.many,
        facet=one.facet or other.facet,
        free_text=one.free_text or other.free_text,
        boost=max(one.boost, other.boost),
        hidden=one.hidden or other.hidden,
        label=one.label or other.label,
    )
