"""What a protection keeps from a caller is kept in the search, too: not found, shown, marked, sorted or counted."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from artifacts.documents import ArtifactDocuments
from catalog.actors import Actor
from catalog.indexing import documents
from catalog.indexing.documents import FieldType
from catalog.query import Everything, Exists, Expression, Match, Phrase, Prefix, Range, Sort, Term
from images.documents import ImageDocuments
from search import engines, index_maintenance
from search.caller_search import CallerSearch, Highlight
from search.engine import Engine
from search.facets import facets
from search.parsing import freetext
from search.relay import drain
from search.requests import Buckets, TermsAggregation
from search.selectors import search
from tests.images.test_protections import protect
from tests.search.conftest import BOTH, make_engine
from tests.support.identity import actor_for, admin_actor, make_user, member_actor
from tests.support.images import callers

__all__ = ["admin_actor", "member_actor", "protect"]
pytestmark = pytest.mark.django_db
IMAGE = "OS::Glance::Image"
FILE = """
[^(secret|description|cores)]
create = @
read = admin
update = @
delete = @

[.*]
create = @
read = @
update = @
delete = @
"""


@pytest.fixture(params=BOTH)
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None
) -> Iterator[Engine]:
    made = make_engine(request.param, tmp_path)
    monkeypatch.setattr(engines, "current", lambda: made)
    monkeypatch.setattr(documents, "_declared", [lambda: {"cores": FieldType.LONG}])
    yield made
    made.drop()


@pytest.fixture
def index(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Begins to index by the rules that are in force now."""

    def begin() -> None:
        sources = {IMAGE: ImageDocuments(), ArtifactDocuments.resource_type: ArtifactDocuments()}
        monkeypatch.setattr(documents, "_sources", sources)

    begin()
    return begin


@pytest.fixture
def image(engine: Engine, index: Callable[[], None], protect: Any) -> str:
    """One image with everything that is kept from members."""
    protect(FILE)
    index()
    index_maintenance.ensure(engine)
    (ada,) = callers("ada")
    made = ada.create(
        name="zebra",
        visibility="shared",
        secret="platypus",
        description="wombat burrow",
        cores="4",
        open="koala",
    )
    drain()
    engine.refresh()
    return str(made["id"])


def member() -> Actor:
    from artifacts.models import Artifact
    from identity.models import Project

    project = Project.objects.get(pk=Artifact.objects.get().project_id)
    return actor_for(make_user("eve", project, ["member"]), project)


def found(actor: Actor, query: Expression, **question: Any) -> list[str]:
    return [hit.id for hit in search(actor, CallerSearch(query=query, **question)).hits]


KEPT = {
    "term": Term("secret", "platypus"),
    "dotted": Term("properties.secret", "platypus"),
    "prefix": Prefix("secret", "plat"),
    "exists": Exists("secret"),
    "not-exists": Exists("properties.cores"),
    "number": Term("cores", 4),
    "range": Range("properties.cores", gte=1),
    "field": Match(("description",), "wombat"),
    "raw": Term("description.raw", "wombat burrow"),
    "words": freetext.parse("platypus"),
    "key": freetext.parse("secret"),
    "text": freetext.parse("wombat"),
    "phrase": Phrase((), "wombat burrow"),
    "any": Prefix("", "wombat"),
}


def test_nothing_that_is_kept_is_found(image: str, admin_actor: Actor) -> None:
    eve = member()
    for name, query in KEPT.items():
        assert found(eve, query) == [], name
        by_words = name in {"words", "key"}
        assert found(admin_actor, query, all_projects=True) == ([] if by_words else [image]), name
    assert found(eve, freetext.parse("koala")) == [image], "what all may read is found by words"
    assert found(eve, Term("open", "koala")) == [image]
    assert found(eve, freetext.parse("zebra")) == [image]


def test_nothing_that_is_kept_is_shown_marked_sorted_counted_or_offered(
    image: str, admin_actor: Actor
) -> None:
    eve = member()
    counts = {name: TermsAggregation(name) for name in ("secret", "cores", "description.raw")}
    question = CallerSearch(
        query=Everything(),
        sorts=(Sort("secret"), Sort("description"), Sort("cores")),
        aggregations=counts,
        highlight=Highlight(("*",)),
    )
    mine, all_ = search(eve, question), search(admin_actor, replace(question, all_projects=True))
    (hit,), (whole,) = mine.hits, all_.hits
    assert hit.id == whole.id == image
    assert whole.sort == ("platypus", "wombat burrow", 4)
    assert hit.sort == (None, None, None)
    assert whole.body["properties"]["secret"] == "platypus"
    assert hit.body["properties"] == {"open": "koala"}
    assert (whole.body["description"], hit.body["description"]) == ("wombat burrow", None)
    assert {n: _keys(c) for n, c in all_.aggregations.items()} == {
        "secret": ["platypus"],
        "cores": [4],
        "description.raw": ["wombat burrow"],
    }
    assert {n: _keys(c) for n, c in mine.aggregations.items()} == {name: [] for name in counts}
    assert "platypus" not in str(hit)
    offered = {f.name for f in facets(admin_actor, all_projects=True)[IMAGE].facets}
    assert offered - {f.name for f in facets(eve)[IMAGE].facets} == {
        "properties.cores",
        "description",
        "violated_properties",
    }


def test_documents_of_older_rules_are_found_by_no_word_of_a_property(
    engine: Engine, index: Callable[[], None], protect: Any
) -> None:
    index_maintenance.ensure(engine)
    (ada,) = callers("ada")
    image = ada.create(name="zebra", secret="platypus", open="koala")["id"]
    drain()
    engine.refresh()
    eve = member()
    assert found(eve, freetext.parse("platypus")) == [image]
    protect(FILE)
    assert found(eve, freetext.parse("platypus")) == []
    assert found(eve, freetext.parse("koala")) == [], "not told apart before the index is new"
    assert found(eve, freetext.parse("zebra")) == [image]
    index()
    index_maintenance.keep(engine)
    engine.refresh()
    assert found(eve, freetext.parse("platypus")) == []
    assert found(eve, freetext.parse("koala")) == [image]


def _keys(counted: Any) -> list[Any]:
    assert isinstance(counted, Buckets)
    return [bucket.key for bucket in counted.buckets]
