"""One service is brought up to date for all tests; the later ones delete what the earlier ones look at."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder in the order of their lines, profile by profile."""
    places = [at for at, item in enumerate(items) if item.path.parent == HERE]
    ordered = sorted((items[at] for at in places), key=_place)
    for at, item in zip(places, ordered, strict=True):
        items[at] = item


def _place(item: pytest.Item) -> tuple[str, int]:
    assert isinstance(item, pytest.Function)
    return item.name.partition("[")[2], item.location[1] or 0
