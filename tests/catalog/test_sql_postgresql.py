"""The backend for PostgreSQL: statements planned once, and lost servers noticed without being asked."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.db import NotSupportedError, connection, connections, transaction

from artifacts.models import Artifact
from catalog.sql.postgresql import base
from catalog.sql.prepared import Prepared
from settings.databases import database
from settings.sections import DatabaseConfig

pytestmark = pytest.mark.django_db(transaction=True)

BY_NAME = Prepared(
    lambda placeholder: Artifact.objects.filter(name=placeholder("name")).values("id", "updated_at")
)
ID_AND_NAME = Prepared(
    lambda placeholder: Artifact.objects.filter(name=placeholder("name")).values("id", "name")
)


@pytest.fixture(autouse=True)
def _on_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("of PostgreSQL")


def planned() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%artifacts_artifact%'"
        )
        return int(cursor.fetchone()[0])


def test_a_prepared_query_is_planned_once_for_the_connection() -> None:
    row = Artifact.objects.create(type="images", name="one", status="queued")
    connection.close()
    for _ in range(3):
        assert BY_NAME.rows(name="one") == [{"id": row.pk, "updated_at": row.updated_at}]
    assert BY_NAME.rows(name="other") == []
    assert planned() == 1


def test_a_prepared_query_answers_after_a_rollback() -> None:
    Artifact.objects.create(type="images", name="one", status="queued")
    with transaction.atomic():
        assert len(BY_NAME.rows(name="one")) == 1
        transaction.set_rollback(True)
    assert len(BY_NAME.rows(name="one")) == 1


def alter_name(length: int) -> None:
    """As a migration does that another process runs."""

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE artifacts_artifact ALTER name TYPE varchar({length})")
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


@pytest.fixture
def length() -> Iterator[int]:
    """Of names."""
    found = Artifact._meta.get_field("name").max_length
    assert found
    yield found
    alter_name(found)


def test_a_prepared_query_answers_after_a_migration_that_changes_a_type(length: int) -> None:
    row = Artifact.objects.create(type="images", name="one", status="queued")
    assert ID_AND_NAME.rows(name="one")
    alter_name(length + 1)
    for _ in range(2):
        assert ID_AND_NAME.rows(name="one") == [{"id": row.pk, "name": "one"}]
    assert planned() == 1


def test_a_transaction_that_a_migration_overtakes_fails_once(length: int) -> None:
    Artifact.objects.create(type="images", name="one", status="queued")
    assert ID_AND_NAME.rows(name="one")
    alter_name(length + 1)
    with pytest.raises(NotSupportedError), transaction.atomic():
        ID_AND_NAME.rows(name="one")
    with transaction.atomic():
        assert len(ID_AND_NAME.rows(name="one")) == 1


def test_moments_come_back_as_they_went_in() -> None:
    moments = [
        datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        datetime(2026, 1, 2, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT unnest(%s::timestamptz[])", [moments])
        assert [row[0] for row in cursor.fetchall()] == moments
        cursor.execute("SELECT '2026-01-02 03:04:05.5+02'::timestamptz, NULL::timestamptz")
        assert cursor.fetchone() == (datetime(2026, 1, 2, 1, 4, 5, 500000, tzinfo=UTC), None)


@pytest.fixture(params=[True, False], ids=["direct", "pooled"])
def prepared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """VITRINE_DATABASE_PREPARED, as a service has it that starts now."""
    config = DatabaseConfig(url=os.environ["VITRINE_TEST_POSTGRES_URL"], prepared=request.param)
    found = database(config, Path())
    usual = {"OPTIONS": {}, "DISABLE_SERVER_SIDE_CURSORS": False}
    asked = {name: found.get(name, default) for name, default in usual.items()}
    connection.close()
    monkeypatch.setattr(
        connections["default"], "settings_dict", {**connection.settings_dict, **asked}
    )
    yield request.param
    connection.close()


def test_a_pooler_has_to_keep_neither_plans_nor_cursors(prepared: bool) -> None:
    for name in ("one", "two"):
        Artifact.objects.create(type="images", name=name, status="queued")
        assert len(BY_NAME.rows(name=name)) == 1
    assert planned() == prepared
    rows = Artifact.objects.values_list("name", flat=True).order_by("name").iterator(chunk_size=1)
    assert next(rows) == "one"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE is_holdable")
        assert cursor.fetchone() == (prepared,)
    assert list(rows) == ["two"]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that was asked just now, as a request leaves it to the next one."""
    monkeypatch.setattr(base, "TRUSTED", 600.0)
    connection.close()
    connection.ensure_connection()
    assert connection.is_usable()
    connection.health_check_enabled, connection.health_check_done = True, False


def backend() -> int:
    assert isinstance(connection.connection, psycopg.Connection)
    return connection.connection.info.backend_pid


@pytest.mark.usefixtures("checked")
def test_a_connection_that_was_just_asked_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "is_usable", lambda: pytest.fail("the server was asked"))
    before = backend()
    assert BY_NAME.rows(name="one") == []
    assert backend() == before


@pytest.mark.usefixtures("checked")
def test_a_connection_that_the_server_ended_is_made_anew() -> None:
    before = backend()
    parameters = {
        k: v
        for k, v in connection.get_connection_params().items()
        if k in {"host", "port", "user", "password"}
    }
    with psycopg.connect(**parameters, dbname="postgres", autocommit=True) as other:
        ended = other.execute("SELECT pg_terminate_backend(%s, 60000)", (before,)).fetchone()
    assert ended == (True,)
    assert BY_NAME.rows(name="one") == []
    assert backend() != before


@pytest.mark.usefixtures("checked")
def test_a_connection_that_was_not_asked_for_long_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(connection, "is_usable", lambda: asked.append(True) or True)
    monkeypatch.setattr(connection, "_asked_at", connection._asked_at - 3600)
    assert BY_NAME.rows(name="one") == []
    assert asked == [True]
