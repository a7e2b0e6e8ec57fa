"""From a query in the caller's words to one over the index's fields: names resolved, values typed, text taken apart.

All engines compile the same bound query, so what a query means is decided here alone:

- `Term` of a text is its whole value; `Prefix` and `Wildcard` of a text look at its words, folded as words are.
- A declared property is compared by its type; a value that is none of that type is looked up as text.
- Bounds of whole numbers and dates become inclusive; what no document can hold matches nothing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from catalog import query
from catalog.indexing.documents import FieldType
from catalog.query import Expression, Scalar
from search import analysis, dates, patterns, phrases, values
from search.bound import (
    ANY_ONE,
    ANY_RUN,
    All,
    Begins,
    Between,
    Bound,
    Combined,
    Looks,
    Never,
    OneOf,
    Present,
    Sequence,
    Words,
    any_part,
    both,
)
from search.encoding import Value, exact
from search.errors import QueryRefused, QueryTooCostly, UnknownField
from search.resolving import ANYWHERE, PROPERTY_KEYS, Target, as_text, resolve, sortable
from search.schema import Schema

LONGEST_BOUND, LONGEST_BEGINNING = 200, 100
MOST_ANY_RUN, MOST_ANY_ONE, MOST_BEHIND = 10, 50, 10
LOOKUPS, VALUES_OF_ONE = 1024, 32
"""Words, values and patterns that a query may look up, in each field; so many values of one list count as one."""
ID, SHORTEST_ID_PART = "id", 6
"""Free text finds an id by a part of it once that is more than chance: every text of two digits begins some id."""
NUMBERS = frozenset({FieldType.LONG, FieldType.DOUBLE})
TEXTS = frozenset({FieldType.TEXT, FieldType.KEYWORD})


def bind(schema: Schema, expression: Expression, *, internal: bool = False) -> Bound:
    """The bound query; QueryRefused names what cannot be asked, QueryTooCostly that it looks up too much. `internal`
    queries may name hidden fields, and be of any size.
    """
    return _Binder(schema, internal).bind(expression)


@dataclass(frozen=True, slots=True)
class _Binder:
    schema: Schema
    internal: bool
    lookups: list[int] = field(default_factory=lambda: [0])

    def bind(self, one: Expression) -> Bound:
        match one:
            case query.Everything():
                return All()
            case query.Nothing():
                return Never()
            case query.Term(name, value):
                return self._counted(self._one_of(self._target(name), (value,)))
            case query.Terms(name, several):
                return self._counted(self._one_of(self._target(name), several))
            case query.Range():
                return self._counted(_between(self._target(one.field), one))
            case query.Exists(name):
                return self._present(self._target(name))
            case query.Prefix(name, value):
                return self._over_fields(
                    (name,), lambda target: _begins(_for_text(target, "a prefix"), value)
                )
            case query.Wildcard(name, pattern):
                free = name == ANYWHERE
                return self._over_fields(
                    (name,), lambda target: _looks(_for_text(target, "a pattern"), pattern, free)
                )
            case query.Match():
                return self._over_fields(one.fields, lambda target: self._match(target, one))
            case query.Phrase():
                return self._over_fields(one.fields, lambda target: self._phrase(target, one))
            case query.Bool():
                return self._combined(one)

    def _target(self, name: str) -> Target:
        return resolve(self.schema, name, internal=self.internal)

    def _combined(self, one: query.Bool) -> Bound:
        should = tuple(map(self.bind, one.should))
        alone = not one.must and not one.filter
        minimum = one.minimum or 0
        if should and alone and minimum <= 0:
            minimum = 1  # as Lucene has it: a query of optional clauses alone needs one of them
        if minimum > len(should):
            return Never()
        return Combined(
            must=tuple(map(self.bind, one.must)),
            filter=tuple(map(self.bind, one.filter)),
            should=should,
            must_not=tuple(map(self.bind, one.must_not)),
            minimum=max(minimum, 0),
        )

    def _over_fields(self, names: tuple[str, ...], leaf: Callable[[Target], Bound]) -> Bound:
        """One leaf per field. Over several fields, those that cannot hold such a value are passed over."""
        targets = self._targets(names)
        if len(targets) == 1:
            return self._counted(leaf(targets[0]))
        free = names in {(), (ANYWHERE,)}
        parts = []
        for target in targets:
            try:
                found = self._counted(leaf(target))
                parts.append(self._within(target, found) if free else found)
            except (UnknownField, QueryTooCostly):
                raise
            except QueryRefused:
                continue
        parts = [part for part in parts if not isinstance(part, Never)]
        return any_part(*parts)

    def _targets(self, names: tuple[str, ...]) -> list[Target]:
        if names and names != (ANYWHERE,):
            return [self._target(name) for name in names]
        return [Target(one.name, one.type, one) for one in self.schema.free_text()]

    def _counted(self, found: Bound) -> Bound:
        """What was made of one field, unless it was one too many."""
        self._count(len(found.words) if isinstance(found, Words | Sequence) else 1)
        return found

    def _count(self, lookups: int) -> None:
        self.lookups[0] += lookups
        if self.lookups[0] > LOOKUPS and not self.internal:
            raise QueryTooCostly(
                f"the query looks up more than {LOOKUPS} words, values and patterns, counted for each field;"
                " ask for fewer at once, or name the fields to look into",
                part="query",
            )

    def _within(self, target: Target, found: Bound) -> Bound:
        """What free text finds in a field, in the documents in which the caller may search it."""
        where = self.schema.keeping.words.get(target.name)
        if where is None or isinstance(found, Never):
            return found
        return both(found, bind(self.schema, where, internal=True))

    def _match(self, target: Target, one: query.Match) -> Bound:
        if target.type is not FieldType.TEXT:
            return self._one_of(target, (one.text,))
        words = tuple(dict.fromkeys(_words(one.text)))
        return Words(target, words, one.operator == "and") if words else Never()

    def _phrase(self, target: Target, one: query.Phrase) -> Bound:
        if target.type is FieldType.KEYWORD and one.prefix:
            if target.name == ID and not one.fields and len(one.text) < SHORTEST_ID_PART:
                return Never()
            return _begins(target, one.text)
        if target.type is not FieldType.TEXT:
            return self._one_of(target, (one.text,))
        words = _words(one.text)
        if one.prefix and words and len(words[-1]) > LONGEST_BEGINNING:
            raise QueryRefused(f"an unfinished word has at most {LONGEST_BEGINNING} characters")
        if one.prefix and not (target.many and len(words) > 1):
            return phrases.unfinished(target, words)
        return phrases.whole(target, words)  # of several texts, the words need not be of the same

    def _present(self, target: Target) -> Bound:
        self._count(1)
        if target.key is None:
            return Present(target)
        keys = Target(PROPERTY_KEYS.name, FieldType.KEYWORD, PROPERTY_KEYS)
        return OneOf(keys, (target.key,))

    def _one_of(self, target: Target, wanted: tuple[Scalar, ...]) -> Bound:
        self._count(len(wanted) // VALUES_OF_ONE)
        target = sortable(target)
        parts = [_equal(target, value) for value in wanted]
        merged: dict[Target, dict[Value, None]] = {}
        others: list[Bound] = []
        for part in parts:
            if isinstance(part, OneOf):
                merged.setdefault(part.target, {}).update(dict.fromkeys(part.values))
            elif not isinstance(part, Never):
                others.append(part)
        found = [*(OneOf(t, tuple(found)) for t, found in merged.items()), *others]
        return any_part(*found)


def _equal(target: Target, value: Scalar) -> Bound:
    """The field is this one value; a property whose type the value has not is compared as text."""
    if target.type is FieldType.KEYWORD:
        written = values.text(value)
        return OneOf(target, (written,)) if exact(written) else Never()
    if target.type is FieldType.DATE:
        moments = [_moment(value, up) for up in (False, True)]
        if moments[0] is not None and moments[1] is not None:
            return Between(target, moments[0], moments[1])
    elif (found := _read(target)(value, target.type)) is not None:
        return OneOf(target, (found,))
    elif target.key is None and target.type in NUMBERS and values.asked_number(value) is not None:
        return Never()  # a number that such a field cannot hold
    if target.key is not None:
        return _equal(as_text(target), value)
    raise _not_of_type(target, value)


def _read(target: Target) -> Callable[[Scalar, FieldType], Value | None]:
    return values.stored if target.key is None else values.declared


def _between(target: Target, one: query.Range) -> Bound:
    if (one.gt is not None and one.gte is not None) or (one.lt is not None and one.lte is not None):
        raise QueryRefused(
            f"the range of {target.name} has two bounds on one side", field=target.name
        )
    target = sortable(target)
    low, high = (one.gte if one.gt is None else one.gt), (one.lte if one.lt is None else one.lt)
    with_low, with_high = one.gt is None, one.lt is None
    if low is None and high is None:
        return _anything(target)
    match target.type:
        case FieldType.LONG:
            return _whole(target, _bound(target, low), _bound(target, high), with_low, with_high)
        case FieldType.DOUBLE:
            return _ordered(
                Between(target, _real(target, low), _real(target, high), with_low, with_high)
            )
        case FieldType.DATE:
            first, last = _moments(target, low, high, with_low, with_high)
            return _whole(target, first, last, with_low, with_high)
        case FieldType.BOOLEAN:
            return _booleans(target, low, high, with_low, with_high)
        case _:
            texts = [None if b is None else _short(target, values.text(b)) for b in (low, high)]
            return _ordered(Between(target, texts[0], texts[1], with_low, with_high))


def _anything(target: Target) -> Bound:
    if target.key is None or target.typing is not None:
        return Present(target)
    return OneOf(Target(PROPERTY_KEYS.name, FieldType.KEYWORD, PROPERTY_KEYS), (target.key,))


def _whole(
    target: Target, low: float | None, high: float | None, with_low: bool, with_high: bool
) -> Bound:
    """Bounds between whole numbers, made inclusive and cut to 64 bits."""
    first = None if low is None else math.ceil(low) if with_low else math.floor(low) + 1
    last = None if high is None else math.floor(high) if with_high else math.ceil(high) - 1
    if (first is not None and first > values.LARGEST) or (
        last is not None and last < values.SMALLEST
    ):
        return Never()
    first = None if first is None else max(first, values.SMALLEST)
    last = None if last is None else min(last, values.LARGEST)
    return _ordered(Between(target, first, last))


def _ordered(found: Between) -> Bound:
    low, high = found.low, found.high
    if low is None or high is None:
        return found
    first, last = _comparable(low), _comparable(high)
    if first > last or (first == last and not (found.with_low and found.with_high)):
        return Never()
    return found


def _comparable(value: Value) -> Any:
    return value.encode() if isinstance(value, str) else value


def _bound(target: Target, value: Scalar | None) -> float | None:
    if value is None:
        return None
    number = values.asked_number(value)
    if number is None:
        raise _not_of_type(target, value)
    return number


def _real(target: Target, value: Scalar | None) -> float | None:
    number = _bound(target, value)
    try:
        return None if number is None else float(number)
    except OverflowError:
        raise _not_of_type(target, value) from None


def _moments(
    target: Target, low: Scalar | None, high: Scalar | None, with_low: bool, with_high: bool
) -> tuple[int | None, int | None]:
    """Epoch milliseconds; left-out parts are filled upwards for `gt` and `lte`."""
    found: list[int | None] = []
    for value, up in ((low, not with_low), (high, with_high)):
        moment = None if value is None else _moment(value, up)
        if value is not None and moment is None:
            raise _not_of_type(target, value)
        found.append(moment)
    return found[0], found[1]


def _moment(value: Scalar, up: bool) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return dates.to_epoch(dates.parse(value, up=up))
    except ValueError:
        return None


def _booleans(
    target: Target, low: Scalar | None, high: Scalar | None, with_low: bool, with_high: bool
) -> Bound:
    bounds = [None if b is None else values.asked_boolean(b) for b in (low, high)]
    for raw, value in zip((low, high), bounds, strict=True):
        if raw is not None and value is None:
            raise _not_of_type(target, raw)
    first, last = bounds
    found = tuple(
        value
        for value in (False, True)
        if (first is None or value > first or (with_low and value == first))
        and (last is None or value < last or (with_high and value == last))
    )
    return OneOf(target, found) if found else Never()


def _begins(target: Target, value: str) -> Bound:
    _short(target, value)
    if target.type is FieldType.TEXT:
        value = analysis.folded(value)
    return Begins(target, value)


@lru_cache(maxsize=64)
def _words(text: str) -> tuple[str, ...]:
    """The words of a text, which is asked of several fields."""
    return tuple(analysis.words(text))


def _looks(target: Target, pattern: str, free: bool) -> Bound:
    _short(target, pattern)
    parts = list(patterns.parts(pattern))
    letters = sum(len(part) for part in parts if isinstance(part, str))
    if free and target.name == ID and letters < SHORTEST_ID_PART:
        return Never()
    if parts.count(ANY_RUN) > MOST_ANY_RUN:
        raise QueryRefused(
            f"the pattern for {target.name} has more than {MOST_ANY_RUN} *", field=target.name
        )
    if parts.count(ANY_ONE) > MOST_ANY_ONE:
        raise QueryRefused(
            f"the pattern for {target.name} has more than {MOST_ANY_ONE} ?", field=target.name
        )
    if patterns.ones_after_a_run(parts) > MOST_BEHIND:
        raise QueryRefused(
            f"the pattern for {target.name} has more than {MOST_BEHIND} ? after a *",
            field=target.name,
        )
    if target.type is FieldType.TEXT:
        parts = [analysis.folded(part) if isinstance(part, str) else part for part in parts]
    return Looks(target, tuple(parts))


def _for_text(target: Target, what: str) -> Target:
    if target.type in TEXTS:
        return target
    if target.key is not None:
        return as_text(target)
    raise QueryRefused(f"{target.name} is a {target.type}; {what} needs text", field=target.name)


def _short(target: Target, value: str) -> str:
    if len(value) > LONGEST_BOUND:
        raise QueryRefused(
            f"the text for {target.name} is longer than {LONGEST_BOUND} characters",
            field=target.name,
        )
    return value


def _not_of_type(target: Target, value: Any) -> QueryRefused:
    shown = str(value)[:80]
    return QueryRefused(
        f"{shown!r} is no value for {target.name}, which is a {target.type}", field=target.name
    )
