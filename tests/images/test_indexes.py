"""Lists read what an index holds for them, on SQLite as on PostgreSQL."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from artifacts.models import StoredObject
from artifacts.services import reaping
from artifacts.sorting import KEYS
from tests.images.test_lists import rows_of
from tests.support.images import Caller, administrator, callers

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL plans by its statistics: test_paging_buffers"
)


@pytest.fixture
def ada() -> Caller:
    """A member with images of her own, beside somebody's public ones."""
    ada, bob = callers("ada", "bob")
    rows_of(ada.project.pk, 200, "private")
    rows_of(bob.project.pk, 200, "public")
    if connection.vendor == "postgresql":  # else it plans for what other tests left behind
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE artifacts_artifact, artifacts_member")
    return ada


def asked(run: Callable[[], object]) -> list[tuple[str, Any]]:
    """The statements that `run` makes, with their parameters: with values in it a statement is planned otherwise."""
    found: list[tuple[str, Any]] = []

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        run()
    return found


def plans(caller: Caller, query: str) -> list[str]:
    """The plan of every branch of a list."""

    def run() -> None:
        answer = caller.call("GET", f"/v2/images?{query}")
        assert answer.status_code == 200
        assert answer.json()["images"]

    [(sql, params)] = [one for one in asked(run) if "AS part_0" in one[0]]
    with connection.cursor() as cursor:
        cursor.execute(
            f"EXPLAIN {'QUERY PLAN' if connection.vendor == 'sqlite' else ''} {sql}", params
        )
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    if connection.vendor == "postgresql":
        return re.split(r"Subquery Scan on part_\d", plan)[1:] or [plan]
    return re.split(r"SCAN part_\d", plan)[:-1]


@pytest.mark.parametrize("order", ["", "&sort=name:asc", "&sort=size:desc"])
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("checksum=md5-3", ("artifact_checksum", "fields ->> 'checksum'")),
        ("os_hash_value=hash-3", ("artifact_hash", "fields ->> 'os_hash_value'")),
    ],
)
def test_a_digest_is_found_through_its_index(
    ada: Caller, filters: str, found: tuple[str, str], order: str
) -> None:
    index, expression = found
    for caller in (ada, administrator()):
        for plan in plans(caller, filters + order)[:2]:  # its own, public ones; else there are none
            assert index in plan, plan
            if connection.vendor == "postgresql":
                assert f"Index Cond: (({expression}" in plan, plan


@pytest.mark.parametrize("more", ["", "&tag=t", "&name=a", "&os_hash_value=hash-1", "&n=1"])
@pytest.mark.parametrize("hidden", ["", "&os_hidden=true"])
def test_a_digest_goes_with_every_other_filter(ada: Caller, more: str, hidden: str) -> None:
    for caller in (ada, administrator()):
        answer = caller.call("GET", f"/v2/images?checksum=md5-1{more}{hidden}")
        assert answer.status_code == 200, answer.content
        counted = caller.call("GET", f"/v2/images?checksum=md5-1{more}{hidden}&limit=0")
        assert counted.status_code == 200, counted.content


@on_sqlite
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_a_sort_is_read_in_order_from_its_index(ada: Caller, key: str, direction: str) -> None:
    for caller, kinds in ((ada, ("own", "pub")), (administrator(), ("all",))):
        query = f"limit=5&sort={key}:{direction}"
        after = caller.ids(query)[-1]
        for page in (query, f"{query}&marker={after}"):
            for kind, plan in zip(kinds, plans(caller, page), strict=False):
                assert f"USING INDEX artifact_{kind}_{key} " in plan.replace("COVERING ", ""), plan
                assert "TEMP B-TREE" not in plan, plan


@on_sqlite
@pytest.mark.parametrize(
    "equality", ["name=a", "disk_format=raw", "container_format=bare", "size=3"]
)
def test_an_equality_is_found_through_the_index_of_its_sort(ada: Caller, equality: str) -> None:
    key = equality.partition("=")[0]
    for kind, plan in zip(("own", "pub"), plans(ada, equality), strict=False):
        assert re.search(rf"artifact_{kind}_{key} \(.*<expr>=\?", plan), plan


@on_sqlite
def test_the_reaper_does_not_read_what_is_stored() -> None:
    StoredObject.objects.bulk_create(
        [StoredObject(store="s", key=str(n), state="stored") for n in range(50)]
    )
    found = [one for one in asked(reaping.reap) if 'FROM "artifacts_storedobject"' in one[0]]
    assert len(found) == 2
    for sql, params in found:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert "stored_object_open" in plan, plan
        assert "autoindex" not in plan, plan
