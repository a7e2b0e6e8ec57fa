"""Queries whose SQL is made once. Making it costs several times what the database needs to answer by a key, so the
few hottest readers keep it, with holes where the values of a call go.

::

    QUERY = Prepared(lambda hole: Thing.objects.filter(pk=hole("id")).values("id", "name"))
    QUERY.rows(id="…")      # [{"id": …, "name": …}]
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler

Converter = tuple[int, tuple[Callable[..., Any], ...], Any]


class Hole(str):
    """Stands for a value of the call in a query that is being built; passes as text wherever Django looks at it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters, holes among them."""

    sql: str
    params: tuple[Any, ...]

    def filled(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters of one call. Holes are named as `hole` was called."""
        return [adapted(values[str(one)]) if isinstance(one, Hole) else one for one in self.params]


def cursor() -> CursorWrapper:
    """A cursor for statements that are asked all the time: the server plans them once, where it can be told to."""
    make: Callable[[], CursorWrapper] = getattr(connection, "prepared_cursor", connection.cursor)
    return make()


def statement(rows: QuerySet[Any, Any]) -> Statement:
    sql, params = rows.query.get_compiler(connection=connection).as_sql()
    return Statement(sql, tuple(params))


def adapted(value: Any) -> Any:
    """A value as the database's driver takes it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value


class Prepared:
    """A `values()` query; `make` gets a function that names a hole and is called once per database vendor."""

    def __init__(self, make: Callable[[Callable[[str], Any]], QuerySet[Any, Any]]) -> None:
        self._make = make
        self._known: dict[str, tuple[Statement, Sequence[str], Sequence[Converter]]] = {}

    def rows(self, **values: Any) -> list[dict[str, Any]]:
        """The rows as dictionaries; one value per hole."""
        known = self._known.get(connection.vendor)
        if known is None:
            known = self._known[connection.vendor] = self._compiled()
        found, names, converters = known
        with cursor() as asked:
            asked.execute(found.sql, found.filled(values))
            lists = [list(row) for row in asked.fetchall()]
        for row in lists:
            for place, functions, expression in converters:
                for function in functions:
                    row[place] = function(row[place], expression, connection)
        return [dict(zip(names, row, strict=True)) for row in lists]

    def _compiled(self) -> tuple[Statement, Sequence[str], Sequence[Converter]]:
        query = self._make(Hole).query
        compiler: SQLCompiler = query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        columns = [one[0] for one in compiler.select or ()]
        converters = [
            (place, tuple(functions), expression)
            for place, (functions, expression) in compiler.get_converters(columns).items()
        ]
        names = [*query.values_select, *query.annotation_select]
        return Statement(sql, tuple(params)), names, converters
