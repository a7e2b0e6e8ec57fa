"""What one type's documents keep from an actor bounds that type; names asked of several types are kept for all."""

import pytest

from catalog.actors import Actor
from catalog.indexing.documents import Kept
from catalog.query import Term
from search import policies, selectors
from search.caller_search import CallerSearch
from search.engine import Engine
from search.field_security import NOTHING, hidden_from
from search.parsing import freetext
from search.relay import drain
from tests.search.shelf import BOOK, MAGAZINE, Books, Magazines

pytestmark = pytest.mark.django_db
EVE, ROOT = Actor(project_id="p1"), Actor(project_id="p1", is_admin=True)


def hides(actor: Actor) -> Kept | None:
    """Books keep `secret…` and their descriptions from all but administrators."""
    if actor.is_admin:
        return None
    return Kept(property=lambda key: key.startswith("secret"), fields=frozenset({"description"}))


@pytest.fixture
def shelf(
    engine: Engine, books: Books, magazines: Magazines, monkeypatch: pytest.MonkeyPatch
) -> Engine:
    monkeypatch.setattr(books, "kept", hides)
    for source, id_ in ((books, "book"), (magazines, "magazine")):
        source.write(
            id_,
            description="koala",
            properties={"secret_a": "x", "open": "y"},
            property_text=["wombat"],
        )
    drain()
    engine.refresh()
    assert set(policies.searchable(EVE)) == {BOOK, MAGAZINE}
    return engine


def ids(actor: Actor, query, *types: str) -> set[str]:
    found = selectors.search(actor, CallerSearch(query=query, types=types))
    assert found.total == len(found.hits)
    return {hit.id for hit in found.hits}


def test_names_and_words(shelf: Engine) -> None:
    both = {"book", "magazine"}
    for query, everywhere, in_books, in_magazines in (
        (freetext.parse("koala"), {"magazine"}, set(), {"magazine"}),
        (freetext.parse("wombat"), both, {"book"}, {"magazine"}),
        (Term("description", "koala"), set(), set(), {"magazine"}),
        (Term("secret_a", "x"), set(), set(), {"magazine"}),
        (Term("open", "y"), both, {"book"}, {"magazine"}),
    ):
        assert ids(EVE, query) == everywhere, query
        assert ids(EVE, query, BOOK) == in_books, query
        assert ids(EVE, query, MAGAZINE) == in_magazines, query
        assert ids(ROOT, query) == both, query


def test_who_is_kept_from_nothing_asks_the_schema_itself(books: Books) -> None:
    assert hidden_from(EVE, [BOOK, MAGAZINE]) is NOTHING
