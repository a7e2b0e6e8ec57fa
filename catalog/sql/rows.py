"""Comparing with rows of values, and with any number of values at once, as both databases have it."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.sql.compiler import SQLCompiler
from typing_extensions import override

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


class _Among(Func):
    """`id = ANY(ids)`: one parameter, so that the statement is the same for any number."""

    conditional = True
    output_field = BooleanField()

    def as_postgresql(self, compiler: SQLCompiler, connection: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s)", arg_joiner=" = ANY(")

    @override
    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **extra_context: Any) -> Any:
        template, joiner = "%(expressions)s))", " IN (SELECT value FROM json_each("
        return self.as_sql(compiler, connection, template=template, arg_joiner=joiner)


def among(column: str, values: Any) -> Q:
    """Rows whose column is one of the values, which `many` has made a parameter of."""
    return Q(_Among(F(column), Value(values)))


def many(values: Sequence[str]) -> list[str] | str:
    """Texts as the one parameter that `among` compares with."""
    return list(values) if connection.vendor == "postgresql" else orjson.dumps(values).decode()
