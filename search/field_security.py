"""Field-level security: which properties and fields of the documents that an actor finds are hidden from it.

A hidden property or field resolves to a property that no document can have: it matches nothing, sorts nothing, counts
nothing, and answers as a name does that nobody ever used. A search over several types hides a name if one of them
hides it; free text is bounded type by type.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from catalog.actors import Actor
from catalog.indexing.documents import Kept, lent, sources
from catalog.query import Bool, Expression, Term, all_of, any_of

ABSENT = "absent" * 50
"""A key that no property has: keys are shorter."""
PROPERTY_TEXT = "property_text"


@dataclass(frozen=True, slots=True)
class HiddenFields:
    """`words`: per field of free text, the documents in which it is searched."""

    properties: tuple[Callable[[str], bool], ...] = ()
    fields: frozenset[str] = frozenset()
    words: Mapping[str, Expression] = field(default_factory=dict)

    def hides(self, key: str) -> bool:
        """Whether a free property of this name is hidden."""
        return any(kept(key) for kept in self.properties)


NOTHING = HiddenFields()


def hidden_from(actor: Actor, types: Iterable[str]) -> HiddenFields:
    """What of documents of these types is hidden from the actor."""
    found = {
        one: _whole(one, kept) for one in types if (kept := sources()[one].kept(actor)) is not None
    }
    if not found:
        return NOTHING
    fields = frozenset(name for kept in found.values() for name in kept.fields)
    bounded = {name: _bounds(name, found) for name in fields | {PROPERTY_TEXT}}
    return HiddenFields(
        tuple(kept.property for kept in found.values()),
        fields,
        {name: all_of(*bounds) for name, bounds in bounded.items() if bounds},
    )


def _whole(resource_type: str, kept: Kept) -> Kept:
    """What is hidden, with the fields of other types that hold a property of this one which is hidden."""
    borrowed = {name for name in lent(resource_type) if kept.property(name)}
    return replace(kept, fields=kept.fields | borrowed)


def _bounds(name: str, found: Mapping[str, Kept]) -> list[Expression]:
    """What must hold of a document for the words of this field to be searched in it."""
    bounded: list[Expression] = []
    for one, kept in found.items():
        if name in kept.fields:
            bounded.append(_not(Term("resource_type", one)))
        elif name == PROPERTY_TEXT and kept.text is not None:
            bounded.append(any_of(_not(Term("resource_type", one)), kept.text))
    return bounded


def _not(one: Expression) -> Expression:
    return Bool(must_not=(one,))
