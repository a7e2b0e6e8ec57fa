"""A service under a write load, per profile."""

import os
from collections.abc import Iterator

import pytest

from tests.crash.load import Load
from tests.crash.stage import Stage
from tests.support.checker import Checker, sqlite
from tests.support.crash import victim
from tests.support.indexes import embedded

KILLS = int(os.environ.get("VITRINE_TEST_CRASH_KILLS", "10"))
"""Random kills; the whole is 50."""
SEED = int(os.environ.get("VITRINE_TEST_CRASH_SEED", "0")) or int.from_bytes(os.urandom(4))
"""0: another one each time; it is told with every finding."""


def pytest_report_header() -> str:
    return f"crash tests: {KILLS} kills, VITRINE_TEST_CRASH_SEED={SEED}"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The embedded service."""
    folder = tmp_path_factory.mktemp("embedded")
    with victim(folder) as found:
        service = found.service
        load = Load(service.port, service.token(), seed=SEED)
        query = sqlite(folder / "vitrine.sqlite3")
        yield Stage(
            found, load, query, Checker(query, folder / "blobs", embedded(folder / "search")), SEED
        )
