"""A service under a write load, in either profile."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.crash.load import Load
from tests.crash.stage import Stage, look_into
from tests.support.crash import Victim, victim
from tests.support.searchserver import SearchServer, search_server
from tests.support.service import missing

KILLS = int(os.environ.get("VITRINE_TEST_CRASH_KILLS") or 10)
"""Random kills of the service's processes; `make crash` has 50."""
SEARCH_KILLS = int(os.environ.get("VITRINE_TEST_CRASH_SEARCH_KILLS") or 1)
"""Kills of Elasticsearch; `make crash` has 3."""
PROFILES = (os.environ.get("VITRINE_TEST_CRASH_PROFILES") or "embedded").split()
"""`make crash` has production-redis, too."""
SEED = int(os.environ.get("VITRINE_TEST_CRASH_SEED") or int.from_bytes(os.urandom(4)))
"""Another one each time, unless it is given; it is told with every finding."""


def pytest_report_header() -> str:
    return (
        f"crash: {KILLS} kills on {', '.join(PROFILES)}, {SEARCH_KILLS} of Elasticsearch,"
        f" VITRINE_CRASH_SEED={SEED}"
    )


class Stages:
    """A service per profile: the same for all tests, and a new one once a test did not end well."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._open: dict[str, tuple[Stage, ExitStack]] = {}

    def stage(self, profile: str) -> Stage:
        if profile in self._open and self._open[profile][0].spoilt:
            self._open.pop(profile)[1].close()
        if profile not in self._open:
            closing = ExitStack()
            found = closing.enter_context(victim(self._folders.mktemp(profile), profile))
            self._open[profile] = (staged(found), closing)
        return self._open[profile][0]

    def close(self) -> None:
        for _, closing in self._open.values():
            closing.close()


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    found = Stages(tmp_path_factory)
    yield found
    found.close()


@pytest.fixture(params=PROFILES)
def stage(request: pytest.FixtureRequest, stages: Stages) -> Stage:
    if absent := missing(request.param):
        if os.environ.get("VITRINE_TEST_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{request.param} needs {', '.join(absent)}")
        pytest.skip(f"{request.param}: {', '.join(absent)} not set (scripts/services start)")
    found = stages.stage(request.param)
    found.spoilt = True  # until the test's check finds it well
    return found


@pytest.fixture
def server() -> Iterator[SearchServer]:
    with search_server() as found:
        yield found


@pytest.fixture
def production(tmp_path: Path, server: SearchServer) -> Iterator[Stage]:
    """The service on PostgreSQL, Redis and an Elasticsearch of its own."""
    with victim(tmp_path, "production-redis", VITRINE_SEARCH_URL=server.url) as found:
        yield staged(found)


def staged(found: Victim, *others: Victim) -> Stage:
    """The service with a load on it and a look into all it keeps; `others` are further machines of it."""
    service = found.service
    query, checker = look_into(service)
    ports = [one.service.port for one in (found, *others)]
    load = Load(ports, service.token(), seed=SEED)
    return Stage(found, load, query, checker, SEED)
