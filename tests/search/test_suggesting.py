"""Near words for a text that finds nothing: of what the actor finds, by both engines."""

import pytest

from catalog.actors import Actor
from catalog.indexing.documents import FieldType, Kept
from catalog.query import Bool, Expression, Near, Term
from search import engines, selectors
from search.caller_search import CallerSearch
from search.encoding import encode
from search.engine import Engine
from search.evaluation import Evaluated, matches
from search.query_resolver import resolve_query
from search.relay import drain
from search.suggesting import meant
from tests.search.shelf import BOOK, Books

pytestmark = pytest.mark.django_db
EVE, ROOT = Actor(project_id="p1"), Actor(project_id="p1", is_admin=True)


def ask(text: Expression) -> CallerSearch:
    return CallerSearch(query=text)


@pytest.fixture
def shelf(engine: Engine, books: Books, declared: dict[str, FieldType]) -> Engine:
    declared |= {"os_distro": FieldType.KEYWORD}
    books.write("b1", name="Ubuntu Jammy", tags=["golden"], properties={"os_distro": "ubuntu"})
    books.write("b2", name="reg:5000/app", properties={"os_distro": "Red Hat"})
    books.write("b3", name="Debian bookworm", properties={"os_distro": "debian"})
    books.write("b4", name="Zephyr", visibility="private", project_id="p2", tags=["hushhush"])
    drain()
    engine.refresh()
    return engine


@pytest.mark.parametrize(
    ("text", "suggested"),
    [
        ("ubunut", "ubuntu"),
        ("Ubntu jammy", "ubuntu jammy"),
        ("ubuntu jamy", "ubuntu jammy"),
        ("buntu jmmy", "ubuntu jammy"),
        ("goldne", "golden"),
        ("bokworm", "bookworm"),
        ("os_distro:ubunut", "os_distro:ubuntu"),
        ("os_distro:ubunut AND tags:golden", "os_distro:ubuntu AND tags:golden"),
        ('os_distro:"Red Hat" AND bokworm', None),
        ("os_distro:RedHat", 'os_distro:"Red Hat"'),
        ("ubunut AND NOT jammy", None),
        ("jamm", None),
        ("reg:5000/app", '"reg:5000/app"'),
        ("nothing at all like it", None),
        ("xx", None),
        ("zephyrr", None),
        ("hushush", None),
        ("size:5", None),
        ("unbutu" * 40, None),
    ],
)
def test_what_is_meant(shelf: Engine, text: str, suggested: str | None) -> None:
    assert meant(EVE, text, ask) == suggested


def test_words_of_others_are_for_who_finds_them(shelf: Engine) -> None:
    assert (
        meant(ROOT, "zephyrr", lambda one: CallerSearch(query=one, all_projects=True)) == "zephyr"
    )


def test_what_is_kept_is_not_suggested(
    shelf: Engine, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert meant(EVE, "os_distro:debiann", ask) == "os_distro:debian"
    monkeypatch.setattr(books, "kept", lambda _: Kept(property=lambda key: key == "os_distro"))
    monkeypatch.setattr(books, "present", lambda body, _: body | {"properties": {}})
    assert meant(EVE, "os_distro:debiann", ask) is None


def test_filters_hold_for_suggestions_too(shelf: Engine) -> None:
    def narrow(text: Expression) -> CallerSearch:
        return CallerSearch(query=Bool(must=(text,), filter=(Term("tags", "golden"),)))

    assert meant(EVE, "jamy", narrow) == "jammy"
    assert meant(EVE, "bokworm", narrow) is None


@pytest.mark.parametrize(
    "word", ["ubunut", "jmmay", "golden", "gold", "rde hat", "Red Hta", "app", "a"]
)
def test_engines_find_near_words_as_plain_python_does(
    shelf: Engine, books: Books, word: str
) -> None:
    schema = engines.current().live().schema
    for fields in ((), ("name",), ("tags",), ("os_distro",), ("properties.os_distro",)):
        query = Near(fields, word)
        found = selectors.search(ROOT, CallerSearch(query=query, all_projects=True))
        resolved = resolve_query(schema, query)
        wanted = {
            id_
            for id_, (_, body) in books.rows.items()
            if matches(resolved, Evaluated(encode(schema, BOOK, id_, body or {})))
        }
        assert {hit.id for hit in found.hits} == wanted
