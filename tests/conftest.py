"""What every test shares: services that may be missing, and which are then named as the reason of a skip."""

import os

import pytest
from django.db.models.signals import post_migrate

from artifacts import count_limits

SERVICES = {
    "postgresql": "VITRINE_TEST_POSTGRES_URL",
    "mariadb": "VITRINE_TEST_MARIADB_URL",
    "elasticsearch": "VITRINE_TEST_ELASTICSEARCH_URL",
    "redis": "VITRINE_TEST_REDIS_URL",
    "rabbitmq": "VITRINE_TEST_RABBITMQ_URL",
    "keystone": "VITRINE_TEST_KEYSTONE_URL",
    "glance": "VITRINE_TEST_GLANCE",
    "faketime": "VITRINE_TEST_FAKETIME",
    "browser": "VITRINE_TEST_CHROMIUM",
    "conformance": "VITRINE_TEST_TEMPEST",
}


WHOLE = "takes its minutes with the whole service (VITRINE_TEST_E2E=1, or scripts/services start)"


DATABASE = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"}
"""Fixtures of tests that use the database."""


@pytest.fixture(scope="session", autouse=True)
def _without_permissions() -> None:
    """Nobody asks for Django's own permissions, which every emptied database would be given anew."""
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database has been there for long, so that what expired may be taken back at once."""
    monkeypatch.setattr("catalog.lease_watch.LeaseWatch.may_reclaim", lambda _: True)


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    """The process remembers no count of another test."""
    count_limits.forget()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs an absent service; with VITRINE_TEST_REQUIRE_SERVICES=1 an absent service fails instead.

    On PostgreSQL only those are run again that use the database: others cannot tell which it is.

    The whole service is started, and fuzzed, where its servers are, or with VITRINE_TEST_E2E=1. Those tests take
    longest, and come first: files are given to the workers whole and in this order, and the last should be short ones.
    """
    if os.environ.get("VITRINE_TEST_DATABASE") == "postgresql":
        config.hook.pytest_deselected(items=[one for one in items if not _uses_database(one)])
        items[:] = filter(_uses_database, items)
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("e2e", "fuzz"))))
    required = os.environ.get("VITRINE_TEST_REQUIRE_SERVICES") == "1"
    if not (
        os.environ.get("VITRINE_TEST_POSTGRES_URL") or os.environ.get("VITRINE_TEST_E2E") == "1"
    ):
        for item in items:
            for marker in ("e2e", "fuzz"):
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"{marker}: {WHOLE}"))
    for item in items:
        for marker, variable in SERVICES.items():
            if item.get_closest_marker(marker) and not os.environ.get(variable):
                if required:
                    pytest.exit(
                        f"{variable} is not set and all services are required", returncode=3
                    )
                item.add_marker(
                    pytest.mark.skip(
                        reason=f"{marker}: {variable} is not set (scripts/services start)"
                    )
                )


def _uses_database(item: pytest.Item) -> bool:
    """In this process, or by the service that is fuzzed, which has the same one."""
    marked = any(map(item.get_closest_marker, ("django_db", "fuzz")))
    return marked or not DATABASE.isdisjoint(getattr(item, "fixturenames", ()))
