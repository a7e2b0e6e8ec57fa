"""The page about Keystone is executed as written, with a Keystone of its own."""

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, execute, workplace
from tests.support.keystone import ADMIN_PASSWORD, own_keystone
from tests.support.ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.keystone, pytest.mark.timeout(900)]


def test_keystone_page(tmp_path: Path) -> None:
    folder = workplace(tmp_path)
    with own_keystone() as keystone:
        words = {
            "http://keystone.example:5000/v3": keystone.url,
            "keystone-secret": ADMIN_PASSWORD,
            "9494": str(free_port()),
        }
        execute(DOCS / "how-to" / "use-keystone.md", folder, words, seconds=700)
