"""One page of a list: every branch in order from the marker on, all of them in one statement, merged.

Only keys and ids are read; the rows follow in portions (`portions_of`). Django builds the SQL of each kind of branch
once (`catalog.sql.prepared`); the filters of a call, which may be anything, are built once per call and stand in every
branch.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from artifacts import sorting
from artifacts.models import Artifact
from artifacts.properties import DIGESTS, FieldText
from artifacts.visibility import Branch, Reach, Scope, branches_of, reach
from catalog.actors import Actor
from catalog.pages import portions, weight
from catalog.query import Page, Sort
from catalog.sql import branches
from catalog.sql.prepared import Placeholder, Prepared
from catalog.sql.rows import among, many, row_after

TABLE = "artifacts_artifact"
LISTED_SQL = (
    'NOT "artifacts_artifact"."hidden"',
    '"artifacts_artifact"."deleted_at" IS NULL',
)
"""The conditions under which the rows are in the indexes of `models.LISTED`."""


def page_of(
    rows: QuerySet[Artifact], actor: Actor, scope: Scope, page: Page, marker: Artifact | None
) -> list[str]:
    """Ids of one page in order, one more than the limit when there is a next page. `rows` carries the filters."""
    sorts = _with_ties(page.sorts)
    values: dict[str, Any] = {"project": actor.project_id}
    if marker is not None:
        values |= {f"after_{i}": v for i, v in enumerate(_key_values(marker, sorts))}
    parts = _branches(reach(actor), scope, sorts, marker is not None, connection.vendor)
    if not parts:
        return []
    try:
        found = branches.filters(rows, index=partial(_index_for, rows))
    except EmptyResultSet:
        return []
    asked = branches.page(parts, found, values, table=TABLE, limit=page.limit + 1)
    lists = branches.read(asked, len(parts))
    return [row[-1] for row in islice(branches.merged(lists, sorts), page.limit + 1)]


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
def _branches(
    reach: Reach, scope: Scope, sorts: tuple[Sort, ...], continued: bool, _vendor: str
) -> tuple[branches.Branch, ...]:
    found = branches_of(reach, Placeholder("project"), scope)
    return tuple(_branch(one, sorts, continued) for one in found)


def _branch(found: Branch, sorts: Sequence[Sort], continued: bool) -> branches.Branch:
    keys: list[Combinable] = [sorting.KEYS[s.field] for s in sorts]
    if found.few:
        keys = [Coalesce(key, key) for key in keys]
    rows = Artifact.objects.filter(found.condition)
    if continued:
        after = [Placeholder(f"after_{i}") for i in range(len(keys))]
        rows = rows.filter(row_after(sorts, keys, after))
    return branches.branch(rows, sorts, keys)


def _index_for(rows: QuerySet[Artifact], where: str) -> str:
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
