"""Images are found by status, format, project and size, in every order: as plain Python finds and sorts them, and by
the indexes that hold those orders.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from artifacts.admin.lists import SORTS, SizeFilter
from artifacts.models import Artifact
from catalog.clock import now
from tests.images.test_lists import rows_of

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.urls")]
IMAGES = "/admin/images/image/"
ARTIFACTS = "/admin/artifacts/artifact/"
GiB = 1 << 30
SIZES = [None, 0, 5, 200 << 20, GiB - 1, GiB, 3 * GiB, 10 * GiB, 99 * GiB, 100 * GiB, 1 << 45]


@pytest.fixture
def rows(db: None) -> list[Artifact]:
    found = rows_of("p1", 60, "private") + rows_of("p2", 30, "public", start=60)
    for number, row in enumerate(found):
        row.size = SIZES[number % len(SIZES)]
    Artifact.objects.bulk_update(found, ["size"])
    return found


def listed(client: Client, path: str = IMAGES, **asked: Any) -> list[Artifact]:
    """What the list shows, over all of its pages."""
    found: list[Artifact] = []
    for number in range(1, 9):
        answer = client.get(path, {**asked, "p": number})
        if answer.status_code == 302:
            break
        assert answer.status_code == 200
        found += answer.context["cl"].result_list
        if not answer.context["cl"].paginator.num_pages > number:
            break
    return found


def size_within(name: str) -> Callable[[Artifact], bool]:
    lowest, beyond = SizeFilter.RANGES[name]
    return lambda row: lowest <= (row.size or 0) and (beyond is None or (row.size or 0) < beyond)


FILTERS: list[tuple[dict[str, str], Callable[[Artifact], bool]]] = [
    ({"status": "queued"}, lambda row: row.status == "queued"),
    ({"disk_format": "raw"}, lambda row: row.disk_format == "raw"),
    ({"disk_format": "-"}, lambda row: row.disk_format is None),
    ({"container_format": "bare"}, lambda row: row.container_format == "bare"),
    ({"project": "p2"}, lambda row: row.project_id == "p2"),
    *(({"size": name}, size_within(name)) for name in SizeFilter.RANGES),
]


@pytest.mark.parametrize(("asked", "right"), FILTERS, ids=[str(asked) for asked, _ in FILTERS])
def test_filters_find_what_they_say(operator: Client, rows, asked, right) -> None:
    wanted = {row.pk for row in rows if right(row)}
    assert wanted
    paths = [IMAGES] if any(name.endswith("format") for name in asked) else [IMAGES, ARTIFACTS]
    for path in paths:
        assert {row.pk for row in listed(operator, path, **asked)} == wanted
    both = {"status": "active", **asked}
    right_status = {row.pk for row in rows if right(row) and row.status == both["status"]}
    assert {row.pk for row in listed(operator, **both)} == right_status


def test_every_size_lies_in_one_range() -> None:
    ranges = list(SizeFilter.RANGES.values())
    assert ranges[0][0] == 0
    assert ranges[-1][1] is None
    assert [beyond for _, beyond in ranges[:-1]] == [lowest for lowest, _ in ranges[1:]]


def column(client: Client, path: str, name: str) -> int:
    return list(client.get(path).context["cl"].list_display).index(name)


def key_of(row: Artifact, sort: str) -> tuple[Any, ...]:
    empty = {"size": 0, "name": "", "disk_format": ""}
    value = getattr(row, sort)
    return (empty[sort] if value is None else value, row.created_at, row.pk)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "name", ["title", "id", "status", "disk_format", "shown_size", "created_at"]
)
def test_columns_sort_with_their_ties(operator: Client, rows, name: str, descending: bool) -> None:
    number = column(operator, IMAGES, name)
    order = f"{'-' if descending else ''}{number}"
    wanted = sorted(rows, key=lambda row: key_of(row, SORTS[name]), reverse=descending)
    assert listed(operator, o=order) == wanted
    assert listed(operator, o=f"{order}.0") == wanted, "the column that was clicked last"
    active = [row for row in wanted if row.status == "active"]
    assert listed(operator, o=order, status="active") == active


@pytest.mark.parametrize("order", ["99", "x", "-", "0", "\u0663", "9" * 5000])
def test_an_order_that_is_none_is_the_usual_one(operator: Client, rows, order: str) -> None:
    assert listed(operator, o=order)[0].created_at == max(row.created_at for row in rows)


def test_only_what_an_index_orders_is_sorted(operator: Client, rows) -> None:
    def sortable(path: str, **asked: str) -> bool:
        return "sortable" in operator.get(path, asked).content.decode()

    assert sortable(IMAGES)
    assert sortable(IMAGES, status="active")
    assert sortable(ARTIFACTS, type="images")
    assert not sortable(ARTIFACTS)
    assert not sortable(IMAGES, shelf="deleted")
    assert not sortable(IMAGES, q="a")


def test_what_is_gone_lies_apart_from_what_can_come_back(operator: Client, rows) -> None:
    held, gone = rows[0], rows[1]
    Artifact.objects.filter(pk=held.pk).update(deleted_at=now())
    Artifact.objects.filter(pk=gone.pk).update(deleted_at=now(), scrubbed_at=now())
    assert listed(operator, shelf="deleted") == [held]
    assert listed(operator, shelf="gone") == [gone]
    assert len(listed(operator, shelf="any")) == len(rows)
    assert len(listed(operator)) == len(rows) - 2


ODD = ["a\x00b", "'", "p1' OR 1=1", "x" * 5000, "\xe9"]


@pytest.mark.parametrize("name", ["project", "status", "disk_format", "size", "shelf", "o"])
def test_odd_values_find_nothing_or_everything(operator: Client, rows, name: str) -> None:
    for value in ODD:
        assert operator.get(IMAGES, {name: value}).status_code == 200, value


def plan(
    client: Client, path: str, asked: dict[str, str], table: str = "artifacts_artifact"
) -> str:
    """How the database finds the rows of the list's first page."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, asked).status_code == 200
    [sql] = [
        one["sql"]
        for one in captured
        if f'FROM "{table}"' in one["sql"] and "ORDER BY" in one["sql"]
    ]
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}".replace("%", "%%"))
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


PLANNED = [
    ({}, "created_at"),
    ({"status": "queued"}, "status"),
    ({"disk_format": "raw"}, "disk_format"),
    ({"container_format": "-"}, "container_format"),
    ({"size": "from-100g"}, "size"),
    ({"o": "title"}, "name"),
    ({"o": "-status"}, "status"),
    ({"o": "-shown_size"}, "size"),
]


@pytest.mark.parametrize("project", ["", "p1"])
def test_lists_are_read_from_the_index_of_their_order(operator: Client, project: str) -> None:
    rows_of("p1", 600, "private")
    rows_of("p2", 600, "private", start=600)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE artifacts_artifact")
    for asked, key in PLANNED:
        wanted = dict(asked)
        if order := wanted.get("o"):
            sign, name = re.fullmatch("(-?)(.*)", order).groups()
            wanted["o"] = f"{sign}{column(operator, IMAGES, name)}"
        found = plan(operator, IMAGES, wanted | ({"project": project} if project else {}))
        assert f"artifact_{'own' if project else 'all'}_{key}" in found, (asked, found)
        assert not re.search(r"TEMP B-TREE FOR ORDER|Seq Scan|->  Sort", found), (asked, found)
