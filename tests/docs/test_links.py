"""Links of pages lead somewhere, and the index knows every page."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS
from tests.support.service import ROOT

INDEX = DOCS / "README.md"
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "benchmarks").glob("*.md"),
        *DOCS.rglob("*.md"),
    ],
    key=lambda page: page.relative_to(ROOT).as_posix(),
)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def links(page: Path) -> list[Path]:
    """What the page links to within the repository."""
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    targets = [one.partition("#")[0] for one in _LINK.findall(text) if "://" not in one]
    return [(page.parent / one).resolve() for one in targets if one]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert [one for one in links(page) if not one.exists()] == []


def test_the_index_knows_every_page() -> None:
    known = set(links(INDEX))
    missing = [one for one in DOCS.rglob("*.md") if one != INDEX and one.resolve() not in known]
    assert [one.relative_to(DOCS).as_posix() for one in sorted(missing)] == []


def test_the_readme_leads_to_the_index() -> None:
    assert INDEX in links(ROOT / "README.md")
