"""A service under a write load, in either profile."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.load import Load
from tests.crash.stage import Stage
from tests.support import indexes
from tests.support.checker import Checker, Index, Query, postgresql, sqlite
from tests.support.crash import Victim, victim
from tests.support.searchserver import SearchServer, search_server

KILLS = int(os.environ.get("VITRINE_TEST_CRASH_KILLS") or 10)
"""Random kills of the service's processes; `make crash` has 50."""
SEARCH_KILLS = int(os.environ.get("VITRINE_TEST_CRASH_SEARCH_KILLS") or 1)
"""Kills of Elasticsearch; `make crash` has 3."""
SEED = int(os.environ.get("VITRINE_TEST_CRASH_SEED") or int.from_bytes(os.urandom(4)))
"""Another one each time, unless it is given; it is told with every finding."""


def pytest_report_header() -> str:
    return f"crash: {KILLS} kills, {SEARCH_KILLS} of Elasticsearch, VITRINE_CRASH_SEED={SEED}"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The service of one machine."""
    folder = tmp_path_factory.mktemp("embedded")
    with victim(folder) as found:
        query = sqlite(folder / "vitrine.sqlite3")
        yield _stage(found, query, indexes.embedded(folder / "search"))


@pytest.fixture
def server() -> Iterator[SearchServer]:
    with search_server() as found:
        yield found


@pytest.fixture
def production(tmp_path: Path, server: SearchServer) -> Iterator[Stage]:
    """The service on PostgreSQL, Redis and an Elasticsearch of its own."""
    with victim(tmp_path, "production-redis", VITRINE_SEARCH_URL=server.url) as found:
        environment = found.service.environment
        prefix = environment["VITRINE_SEARCH_INDEX_PREFIX"]
        query = postgresql(environment["VITRINE_DATABASE_URL"])
        yield _stage(found, query, indexes.elasticsearch(server.url, prefix))


def _stage(found: Victim, query: Query, index: Callable[[], Index]) -> Stage:
    service = found.service
    load = Load(service.port, service.token(), seed=SEED)
    return Stage(found, load, query, Checker(query, service.folder / "blobs", index), SEED)
