"""A page of a list that consists of disjoint branches, each in the order of an index of its own, read by one statement.

::

    SELECT 0, part_0.* FROM (SELECT keys…, id FROM … WHERE branch 0 AND filters ORDER BY keys… LIMIT n) AS part_0
    UNION ALL
    SELECT 1, part_1.* FROM (…) AS part_1

Django makes the SQL of a branch once (`Branch`), up to the filters of a call and from there on; the filters, which may
be anything, are made once per call (`Filters`) and stand in every branch. `read` runs them, `merged` merges them.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.expressions import Combinable

from catalog.query import Sort
from catalog.sql.prepared import Statement, statement

MARK = "/* filters */"
Keys = tuple[Any, ...]
"""The values that a row is ordered by, and its id."""


class _Mark(Func):
    """Where the filters of a call go."""

    conditional = True
    template = MARK
    arity = 0


@dataclass(frozen=True, slots=True)
class Branch:
    """The SQL of a branch up to the filters of a call, and from there on; both may hold placeholders."""

    before: Statement
    after: Statement


@dataclass(frozen=True, slots=True)
class Filters:
    """The tables that the filters of a call read, with the joins between them, and their conditions."""

    tables: Statement
    conditions: Statement


def branch(
    rows: QuerySet[Any], sorts: Sequence[Sort], keys: Sequence[Combinable], id_: str = "id"
) -> Branch:
    """The branch that holds these rows, ordered by `keys`, whatever order the query has; it must read one table."""
    names = [f"key_{i}" for i in range(len(keys))]
    marked = rows.annotate(**dict(zip(names, keys, strict=True)))
    marked = marked.filter(Q(_Mark(output_field=BooleanField())))
    order = [F(n).desc() if s.descending else F(n).asc() for n, s in zip(names, sorts, strict=True)]
    whole = statement(marked.order_by(*order).values_list(*names, id_))
    before, after = whole.sql.split(MARK)
    taken = before.count("%s")
    return Branch(Statement(before, whole.params[:taken]), Statement(after, whole.params[taken:]))


def filters(rows: QuerySet[Any], *, index: Callable[[str], str] = lambda _: "") -> Filters:
    """The filters of a query that has some. What `index` says of their SQL follows the first table. EmptyResultSet when
    no row can pass.
    """
    query = rows.query
    compiler = query.get_compiler(connection=connection)
    query.get_initial_alias()
    where, params = compiler.compile(query.where)
    [first, *joins], table_params = compiler.get_from_clause()
    tables = " ".join([first + index(where), *joins])
    return Filters(Statement(tables, tuple(table_params)), Statement(where, tuple(params)))


def page(
    branches: Sequence[Branch], found: Filters, values: Mapping[str, Any], *, table: str, limit: int
) -> Statement:
    """The statement that reads up to `limit` rows of each branch; `values` are those of the placeholders."""
    sql, params = [], []
    for number, one in enumerate(branches):
        before = one.before.sql.replace(f' FROM "{table}" ', f" FROM {found.tables.sql} ", 1)
        part = f"{before}{found.conditions.sql}{one.after.sql} LIMIT {limit}"
        sql.append(f"SELECT {number}, part_{number}.* FROM ({part}) AS part_{number}")  # noqa: S608 - Django's SQL
        params += [*one.before.filled(values), *found.tables.params, *found.conditions.params]
        params += one.after.filled(values)
    return Statement(" UNION ALL ".join(sql), tuple(params))


def read(asked: Statement, count: int) -> list[list[Keys]]:
    """What the statement finds, for each of `count` branches."""
    lists: list[list[Keys]] = [[] for _ in range(count)]
    with connection.cursor() as cursor:
        cursor.execute(asked.sql, list(asked.params))
        for row in cursor.fetchall():
            lists[row[0]].append(row[1:])
    return lists


def merged(lists: Sequence[list[Keys]], sorts: Sequence[Sort]) -> Iterable[Keys]:
    """The rows of all branches in one order; each branch is in this order already."""
    if len(lists) == 1:
        return lists[0]
    if len({s.descending for s in sorts}) == 1:
        return heapq.merge(*lists, key=lambda row: row[:-1], reverse=sorts[0].descending)
    rows = [row for one in lists for row in one]
    for position, one in reversed(list(enumerate(sorts))):
        rows.sort(key=lambda row, p=position: row[p], reverse=one.descending)  # type: ignore[misc]
    return rows
