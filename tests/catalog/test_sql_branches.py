"""The SQL of pages made of branches: one statement, the filters in every branch, values where placeholders were."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import EmptyResultSet
from django.db.models import F, QuerySet

from catalog.models import Job
from catalog.query import Sort
from catalog.sql import branches
from catalog.sql.prepared import Placeholder
from catalog.sql.rows import row_after

pytestmark = pytest.mark.django_db
TABLE = "catalog_job"
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
BY_KIND = (Sort("kind"), Sort("id"))
MIXED = (Sort("attempts", descending=True), Sort("id"))


@pytest.fixture
def jobs() -> list[Job]:
    made = [
        Job(
            id=f"job-{n:02}",
            kind="ab"[n % 2],
            state=("queued", "running", "failed")[n % 3],
            attempts=n % 4,
            created_at=BEGAN + timedelta(seconds=n),
        )
        for n in range(24)
    ]
    return Job.objects.bulk_create(made)


def of_state(state: Any, sorts: tuple[Sort, ...], after: bool = False) -> branches.Branch:
    rows: QuerySet[Job] = Job.objects.filter(state=state)
    keys = [F(one.field) for one in sorts]
    if after:
        values = [Placeholder(f"after_{n}") for n in range(len(sorts))]
        rows = rows.filter(row_after(sorts, keys, values))
    return branches.branch(rows, sorts, keys)


def found(
    sorts: tuple[Sort, ...], rows: QuerySet[Job], values: dict[str, Any], *, after: bool, limit: int
) -> list[str]:
    parts = [of_state(one, sorts, after) for one in ("queued", Placeholder("state"))]
    asked = branches.page(parts, branches.filters(rows), values, table=TABLE, limit=limit)
    assert asked.sql.count("UNION ALL") == 1
    assert asked.sql.count(f"LIMIT {limit})") == 2
    assert branches.MARK not in asked.sql
    assert asked.sql.count("%s") == len(asked.params)
    lists = branches.read(asked, len(parts))
    assert all(len(one) <= limit for one in lists)
    return [row[-1] for row in branches.merged(lists, sorts)][:limit]


@pytest.mark.parametrize("sorts", [BY_KIND, MIXED], ids=["one direction", "mixed"])
@pytest.mark.parametrize("limit", [1, 5, 100])
def test_branches_are_merged_in_one_order(
    jobs: list[Job], sorts: tuple[Sort, ...], limit: int
) -> None:
    rows = [one for one in jobs if one.state != "failed" and one.attempts < 3]
    for one in reversed(sorts):
        rows.sort(key=lambda job, f=one.field: getattr(job, f), reverse=one.descending)
    filtered = Job.objects.filter(attempts__lt=3)
    got = found(sorts, filtered, {"state": "running"}, after=False, limit=limit)
    assert got == [one.id for one in rows][:limit]


def test_a_page_goes_on_after_a_row(jobs: list[Job]) -> None:
    rows = sorted(
        (one for one in jobs if one.state != "failed"), key=lambda one: (one.kind, one.id)
    )
    values = {"state": "running", "after_0": rows[6].kind, "after_1": rows[6].id}
    got = found(BY_KIND, Job.objects.filter(max_attempts=10), values, after=True, limit=5)
    assert got == [one.id for one in rows[7:12]]


def test_filters_bring_the_tables_that_they_read() -> None:
    made = branches.filters(Job.objects.filter(kind="a", attempts__lt=3), index=lambda _: " HINT")
    assert made.tables == branches.Statement(f'"{TABLE}" HINT', ())
    assert made.conditions.sql.count("%s") == len(made.conditions.params) == 2


def test_filters_that_no_row_passes_are_told() -> None:
    with pytest.raises(EmptyResultSet):
        branches.filters(Job.objects.none())


def test_an_order_of_the_rows_themselves_does_not_count(jobs: list[Job]) -> None:
    made = branches.branch(Job.objects.order_by("-created_at"), BY_KIND, [F("kind"), F("id")])
    assert "created_at" not in made.after.sql
