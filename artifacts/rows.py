"""Row comparison for keyset paging, as both databases have it."""

from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, Func, Q, Value
from django.db.models.expressions import Combinable

from catalog.query import Sort


class _Row(Func):
    template = "(%(expressions)s)"
    arity = None


class _Compare(Func):
    """`(a, b) > (x, y)`: one index condition, where an OR of equalities would be a filter."""

    conditional = True

    def __init__(self, left: _Row, right: _Row, operator: str) -> None:
        super().__init__(
            left,
            right,
            output_field=BooleanField(),
            template="%(expressions)s",
            arg_joiner=f" {operator} ",
        )


def row_after(sorts: Sequence[Sort], keys: Sequence[Combinable], values: Sequence[Any]) -> Q:
    """Rows that come after `values` in this order."""
    if len({s.descending for s in sorts}) == 1:
        left = _Row(*keys, output_field=BooleanField())
        right = _Row(*(Value(v) for v in values), output_field=BooleanField())
        return Q(_Compare(left, right, "<" if sorts[0].descending else ">"))
    found = Q()
    for position, one in enumerate(sorts):
        step = Q(_single(keys[position], values[position], "<" if one.descending else ">"))
        for before in range(position):
            step &= Q(_single(keys[before], values[before], "="))
        found |= step
    return found


def _single(key: Combinable, value: Any, operator: str) -> _Compare:
    return _Compare(
        _Row(key, output_field=BooleanField()),
        _Row(Value(value), output_field=BooleanField()),
        operator,
    )
