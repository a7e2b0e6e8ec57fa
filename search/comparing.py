"""One field compared with values: what a value or a bound means to a field of its type.

- A declared property is compared by its type; a value that is none of that type is looked up as text.
- Bounds of whole numbers and dates become inclusive; what no document can hold matches nothing.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from catalog import query
from catalog.indexing.documents import FieldType
from catalog.query import Scalar
from search import dates, values
from search.analysis import KEYWORD_LIMIT
from search.encoding import Value, exact, term
from search.errors import QueryRefused
from search.resolved_query import Between, Never, OneOf, Present, ResolvedQuery
from search.resolving import PROPERTY_KEYS, Target, as_text, sortable

LONGEST_BOUND = 200
ID = "id"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""Ids are one in whatever letters they are written; documents have the small ones."""
NUMBERS = frozenset({FieldType.LONG, FieldType.DOUBLE})


def equal(target: Target, value: Scalar) -> ResolvedQuery:
    """The field is this one value; a property whose type the value has not is compared as text."""
    if target.type is FieldType.KEYWORD:
        return OneOf(target, (_written(target, values.text(value)),))
    if target.type is FieldType.DATE:
        moments = [_moment(value, up) for up in (False, True)]
        if moments[0] is not None and moments[1] is not None:
            return Between(target, moments[0], moments[1])
    elif (found := _read(target)(value, target.type)) is not None:
        return OneOf(target, (found,))
    elif target.key is None and target.type in NUMBERS and values.asked_number(value) is not None:
        return Never()  # a number that such a field cannot hold
    if target.key is not None:
        return equal(as_text(target), value)
    raise _not_of_type(target, value)


def _read(target: Target) -> Callable[[Scalar, FieldType], Value | None]:
    return values.asked if target.key is None else values.declared


def _written(target: Target, text: str) -> str:
    """The text as it lies in the index; of a text's exact twin only short ones do."""
    if target.raw and not exact(text):
        raise QueryRefused(
            f"texts longer than {KEYWORD_LIMIT} characters are not compared as a whole; ask for words of {target.name}",
            field=target.name,
        )
    return term(text.lower() if target.name == ID and _UUID.fullmatch(text) else text)


def between(target: Target, one: query.Range) -> ResolvedQuery:
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
            texts = [None if b is None else short(target, values.text(b)) for b in (low, high)]
            return _ordered(Between(target, texts[0], texts[1], with_low, with_high))


def _anything(target: Target) -> ResolvedQuery:
    if target.key is None or target.typing is not None:
        return Present(target)
    return OneOf(Target(PROPERTY_KEYS.name, FieldType.KEYWORD, PROPERTY_KEYS), (target.key,))


def _whole(
    target: Target, low: float | None, high: float | None, with_low: bool, with_high: bool
) -> ResolvedQuery:
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


def _ordered(found: Between) -> ResolvedQuery:
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
) -> ResolvedQuery:
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


def short(target: Target, value: str) -> str:
    if len(value) > LONGEST_BOUND:
        raise QueryRefused(
            f"the text for {target.name} is longer than {LONGEST_BOUND} characters",
            field=target.name,
        )
    return value


def _not_of_type(target: Target, value: Any) -> QueryRefused:
    shown = str(value)[:80]
    return QueryRefused.of_field(
        f"{shown!r} is no value for {target.name}, which is a {target.type}", target.name
    )
