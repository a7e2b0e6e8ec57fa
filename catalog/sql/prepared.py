"""Queries whose SQL is made once. Making it costs several times what the database needs to answer by a key, so the
few hottest readers keep it, with placeholders where the values of a call go.

::

    QUERY = Prepared(lambda placeholder: Thing.objects.filter(pk=placeholder("id")).values("id", "name"))
    QUERY.rows(id="…")      # [{"id": …, "name": …}]
    insert([Thing(name="…")])
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

AT_ONCE = 100
M = TypeVar("M", bound=Model)
Converter = tuple[int, tuple[Callable[..., Any], ...], Any]


class Placeholder(str):
    """Stands for a value of the call in a query that is being built; passes as text wherever Django looks at it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters, placeholders among them."""

    sql: str
    params: tuple[Any, ...]

    def filled(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters of one call; `values` are named as `placeholder` was called."""
        return [
            adapted(values[str(one)]) if isinstance(one, Placeholder) else one
            for one in self.params
        ]


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


@lru_cache(maxsize=64)
def fields(model: type[Model]) -> Mapping[str, Any]:
    """The stored fields of a model by name, in the order of its columns."""
    return {one.name: one for one in model._meta.concrete_fields}  # noqa: SLF001 - documented, in spite of its name


def columns(model: type[Model]) -> list[str]:
    """What `values` must name for `Prepared.instances`."""
    return [one.attname for one in fields(model).values()]


def insert(rows: Sequence[Model]) -> None:
    """Write new rows of one model; IntegrityError. What the database makes itself (serial keys, generated columns) is
    not read back.
    """
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        sql, written = _insertion(type(some[0]), len(some))
        values = [
            one.get_db_prep_save(one.pre_save(row, add=True), connection)
            for row in some
            for one in written
        ]
        with cursor() as asked:
            asked.execute(sql, values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - the same


@lru_cache(maxsize=256)
def _insertion(model: type[Model], count: int) -> tuple[str, Sequence[Any]]:
    written = [one for one in fields(model).values() if not one.db_returning]
    names = ", ".join(f'"{one.column}"' for one in written)
    rows = ", ".join([f"({', '.join(['%s'] * len(written))})"] * count)
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {rows}', written  # noqa: S608, SLF001 - the model's own names


class Prepared:
    """A `values()` query; `make` gets a function that names a placeholder and is called once per database vendor."""

    def __init__(self, make: Callable[[Callable[[str], Any]], QuerySet[Any, Any]]) -> None:
        self._make = make
        self._known: dict[str, tuple[Statement, Sequence[str], Sequence[Converter]]] = {}

    def rows(self, **values: Any) -> list[dict[str, Any]]:
        """The rows as dictionaries; one value per placeholder."""
        names, lists = self._asked(values)
        return [dict(zip(names, row, strict=True)) for row in lists]

    def instances(self, model: type[M], **values: Any) -> list[M]:
        """The rows as instances; the query names all `columns` of the model."""
        names, lists = self._asked(values)
        return [model.from_db(connection.alias, names, row) for row in lists]

    def _asked(self, values: Mapping[str, Any]) -> tuple[Sequence[str], list[list[Any]]]:
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
        return names, lists

    def _compiled(self) -> tuple[Statement, Sequence[str], Sequence[Converter]]:
        query = self._make(Placeholder).query
        compiler: SQLCompiler = query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        columns = [one[0] for one in compiler.select or ()]
        converters = [
            (place, tuple(functions), expression)
            for place, (functions, expression) in compiler.get_converters(columns).items()
        ]
        names = [*query.values_select, *query.annotation_select]
        return Statement(sql, tuple(params)), names, converters
