"""A running service per profile, shared by the tests of a module."""

import os
from collections.abc import Iterator

import pytest

from tests.support.service import PROFILES, Service, configured, missing


@pytest.fixture(scope="module", params=PROFILES)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service, ready, in each profile."""
    yield from running(request.param, tmp_path_factory)


def running(profile: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, ready; a profile whose servers are missing is skipped, or fails where they are required."""
    if absent := missing(profile):
        if os.environ.get("VITRINE_TEST_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{profile} needs {', '.join(absent)}, and all services are required")
        pytest.skip(f"{profile}: {', '.join(absent)} not set (scripts/services start)")
    folder = tmp_path_factory.mktemp(profile)
    with configured(folder, profile) as found:
        found.start()
        yield found
