"""The page about Keystone is executed as written, with a Keystone of its own."""

from pathlib import Path

import pytest

from tests.docs.pages import ADDRESS, DOCS, execute, workplace
from tests.support.keystone import ADMIN_PASSWORD, own_keystone
from tests.support.ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.keystone, pytest.mark.timeout(900)]


def test_keystone_page(tmp_path: Path) -> None:
    port = free_port()
    folder = workplace(tmp_path)
    (folder / "README.md").write_text("bytes")
    with own_keystone() as keystone:
        words = {
            "http://keystone.example:5000/v3": keystone.url,
            "keystone-secret": ADMIN_PASSWORD,
            "export VITRINE_IDENTITY_BACKEND": f"export VITRINE_PORT={port} VITRINE_IDENTITY_BACKEND",
            ADDRESS: f"http://127.0.0.1:{port}",
        }
        execute(DOCS / "how-to" / "use-keystone.md", folder, words, seconds=700)
