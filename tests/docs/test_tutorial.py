"""The tutorial is executed as written, against a service of its own."""

from pathlib import Path

import pytest

from tests.docs.pages import ADDRESS, DOCS, blocks, execute, workplace
from tests.support.service import configured

PAGE = DOCS / "tutorial" / "first-image.md"


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_every_block_prints_what_the_page_says(tmp_path: Path) -> None:
    assert [one.kind for one in blocks(PAGE)].count("output") >= 5
    with configured(workplace(tmp_path) / "var") as service:
        service.start()
        execute(PAGE, tmp_path, {ADDRESS: service.url}, seconds=500)
