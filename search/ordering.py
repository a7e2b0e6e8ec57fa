"""Orders, resolved; and the values a document is ordered by, which hits show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.indexing.documents import FieldType
from catalog.query import Scalar, Sort
from search.encoding import encode
from search.errors import QueryRefused
from search.evaluation import Evaluated
from search.resolving import SCORE, Target, resolve, sortable
from search.schema import Schema


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an order."""

    target: Target
    descending: bool


BY_SCORE = Key(Target(SCORE, FieldType.DOUBLE), descending=True)


def resolved(schema: Schema, sorts: Sequence[Sort]) -> list[Key]:
    """The keys without the last one, the document's own number; none asked for: by score."""
    if not sorts:
        return [BY_SCORE]
    keys = []
    for position, one in enumerate(sorts):
        if one.field == SCORE:
            if position or not one.descending or len(sorts) > 1:
                raise QueryRefused(
                    "_score can only be sorted by alone, and descending", field=SCORE
                )
            keys.append(BY_SCORE)
        else:
            keys.append(Key(sortable(resolve(schema, one.field)), one.descending))
    return keys


def narrowed(schema: Schema, sorts: Sequence[Sort]) -> Schema:
    """The schema with what orders alone, for `values_of` of many hits."""
    targets = [key.target for key in resolved(schema, sorts)]
    fields = {target.field for target in targets}
    keys = {target.key for target in targets}
    return replace(
        schema,
        fields=tuple(one for one in schema.fields if one in fields),
        typings={key: typing for key, typing in schema.typings.items() if key in keys},
    )


def values_of(
    schema: Schema,
    sorts: Sequence[Sort],
    resource_type: str,
    id_: str,
    body: Mapping[str, Any],
    score: float | None,
) -> tuple[Scalar | None, ...]:
    """What the hit is ordered by; dates as epoch milliseconds."""
    if not sorts:
        return ()
    keys = resolved(schema, sorts)
    if keys == [BY_SCORE]:
        return (score,)
    document = Evaluated(encode(schema, resource_type, id_, body))
    return tuple(_value(document, key) for key in keys)


def _value(document: Evaluated, key: Key) -> Scalar | None:
    found = sorted(document.values(key.target), key=_comparable)
    return None if not found else found[-1] if key.descending else found[0]


def _comparable(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value
