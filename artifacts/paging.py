"""One page of a list: every branch in order from the marker on, all of them in one statement, merged.

Only keys and ids are read; the rows follow in portions (`portions_of`). Django builds the SQL of each kind of branch
once (`catalog.sql.prepared`); the filters of a call, which may be anything, are built once per call and stand in every
branch.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from artifacts import sorting
from artifacts.models import Artifact
from artifacts.properties import DIGESTS, FieldText
from artifacts.visibility import Branch, Reach, Scope, branches_of, reach
from catalog.actors import Actor
from catalog.pages import portions, weight
from catalog.query import Page, Sort
from catalog.sql.prepared import Placeholder, Prepared, Statement, statement
from catalog.sql.rows import among, many, row_after

FROM, WHERE = ' FROM "artifacts_artifact" ', "/* filters */"
LISTED_SQL = (
    'NOT "artifacts_artifact"."hidden"',
    '"artifacts_artifact"."deleted_at" IS NULL',
)
"""The conditions under which the rows are in the indexes of `models.LISTED`."""
Keys = tuple[Any, ...]


class _Filters(Func):
    """Where the filters of a call go."""

    conditional = True
    template = WHERE
    arity = 0


@dataclass(frozen=True, slots=True)
class _Part:
    """The SQL of a branch up to its filters and from there on."""

    before: Statement
    after: Statement


def page_of(
    rows: QuerySet[Artifact], actor: Actor, scope: Scope, page: Page, marker: Artifact | None
) -> list[str]:
    """Ids of one page in order, one more than the limit when there is a next page. `rows` carries the filters."""
    sorts = _with_ties(page.sorts)
    values: dict[str, Any] = {"project": actor.project_id}
    if marker is not None:
        values |= {f"after_{i}": v for i, v in enumerate(_key_values(marker, sorts))}
    parts = _parts(reach(actor), scope, sorts, marker is not None, connection.vendor)
    if not parts:
        return []
    try:
        tables, filters = _filters(rows)
    except EmptyResultSet:
        return []
    sql, params = [], []
    for number, part in enumerate(parts):
        before, after = part.before.sql.replace(FROM, f" FROM {tables.sql} ", 1), part.after.sql
        branch = f"{before}{filters.sql}{after} LIMIT {page.limit + 1}"
        sql.append(f"SELECT {number}, part_{number}.* FROM ({branch}) AS part_{number}")  # noqa: S608 - Django's SQL
        params += [*part.before.filled(values), *tables.params, *filters.params]
        params += part.after.filled(values)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(sql), params)
        found = cursor.fetchall()
    lists: list[list[Keys]] = [[] for _ in parts]
    for row in found:
        lists[row[0]].append(row[1:])
    if len(lists) == 1:
        return [row[-1] for row in lists[0]]
    return [row[-1] for row in _merged(lists, sorts)][: page.limit + 1]


_WEIGHTS = Prepared(
    lambda placeholder: (
        Artifact.objects.filter(among("id", placeholder("ids")))
        .annotate(weight=weight("properties", "fields"))
        .values("id", "weight")
    )
)


def portions_of(ids: Sequence[str]) -> Iterator[list[str]]:
    """The ids in parts whose rows may be held at once (`catalog.pages`)."""
    return portions(ids, _weights)


def _weights(ids: Sequence[str]) -> dict[str, int]:
    return {row["id"]: row["weight"] for row in _WEIGHTS.rows(ids=many(ids))}


def count_of(rows: QuerySet[Artifact], actor: Actor, scope: Scope, *, most: int) -> int:
    """How many rows all pages hold together; counting ends beyond `most`."""
    found = 0
    for branch in branches_of(reach(actor), actor.project_id, scope):
        found += rows.filter(branch.condition)[: most + 1 - found].count()
        if found > most:
            break
    return found


@lru_cache(maxsize=1024)
def _parts(
    reach: Reach, scope: Scope, sorts: tuple[Sort, ...], continued: bool, _vendor: str
) -> tuple[_Part, ...]:
    return tuple(
        _part(branch, sorts, continued)
        for branch in branches_of(reach, Placeholder("project"), scope)
    )


def _part(branch: Branch, sorts: Sequence[Sort], continued: bool) -> _Part:
    keys: list[Combinable] = [sorting.KEYS[s.field] for s in sorts]
    if branch.few:
        keys = [Coalesce(key, key) for key in keys]
    names = [f"key_{i}" for i in range(len(keys))]
    rows = Artifact.objects.filter(branch.condition).annotate(**dict(zip(names, keys, strict=True)))
    if continued:
        after = [Placeholder(f"after_{i}") for i in range(len(keys))]
        rows = rows.filter(row_after(sorts, keys, after))
    rows = rows.filter(Q(_Filters(output_field=BooleanField())))
    order = [F(n).desc() if s.descending else F(n).asc() for n, s in zip(names, sorts, strict=True)]
    whole = statement(rows.order_by(*order).values_list(*names, "id"))
    before, after_sql = whole.sql.split(WHERE)
    taken = before.count("%s")
    return _Part(
        Statement(before, whole.params[:taken]), Statement(after_sql, whole.params[taken:])
    )


def _filters(rows: QuerySet[Artifact]) -> tuple[Statement, Statement]:
    """The tables that the filters read, and their conditions."""
    query = rows.query
    compiler = query.get_compiler(connection=connection)
    query.get_initial_alias()
    where, params = compiler.compile(query.where)
    [first, *joins], table_params = compiler.get_from_clause()
    tables = " ".join([first + _told_index(rows, where), *joins])
    return Statement(tables, tuple(table_params)), Statement(where, tuple(params))


def _told_index(rows: QuerySet[Artifact], where: str) -> str:
    """The index for a digest. SQLite does not know how few rows share one, and would read all of a project's."""
    if connection.vendor != "sqlite" or not all(part in where for part in LISTED_SQL):
        return ""
    for one in rows.query.annotations.values():
        if isinstance(one, FieldText) and one.name in DIGESTS:
            return f' INDEXED BY "{DIGESTS[one.name]}"'
    return ""


def _with_ties(sorts: Iterable[Sort]) -> tuple[Sort, ...]:
    found = tuple(sorts) or (Sort("created_at", descending=True),)
    direction = found[0].descending if len(found) == 1 else True
    have = {s.field for s in found}
    if "id" in have:
        return found[: [s.field for s in found].index("id") + 1]
    return (*found, *(Sort(t, direction) for t in sorting.TIES if t not in have))


def _key_values(marker: Artifact, sorts: Sequence[Sort]) -> list[Any]:
    empty = {"size": 0, "name": "", "container_format": "", "disk_format": ""}
    return [
        empty[s.field]
        if s.field in empty and getattr(marker, s.field) is None
        else getattr(marker, s.field)
        for s in sorts
    ]


def _merged(lists: list[list[Keys]], sorts: Sequence[Sort]) -> Iterable[Keys]:
    if len({s.descending for s in sorts}) == 1:
        return heapq.merge(*lists, key=lambda row: row[:-1], reverse=sorts[0].descending)
    rows = [row for one in lists for row in one]
    for position, one in reversed(list(enumerate(sorts))):
        rows.sort(key=lambda row, p=position: row[p], reverse=one.descending)  # type: ignore[misc]
    return rows
