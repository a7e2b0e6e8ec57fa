"""A shelf of documents, and an index for them: the embedded one, and Elasticsearch where it is there."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog import policy
from catalog.indexing import documents
from catalog.indexing.documents import FieldType
from search import engines, index_maintenance, policies
from search.engine import Engine
from search.engines.elasticsearch.engine import ElasticsearchEngine
from search.engines.embedded.engine import EmbeddedEngine
from tests.search.shelf import BOOK, MAGAZINE, Books, Magazines
from tests.support.identity import *  # noqa: F403 - the fixtures are for here
from tests.support.rules import rules  # noqa: F401 - likewise

BOTH = ["embedded", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)]


def make_engine(kind: str, folder: Path) -> Engine:
    if kind == "embedded":
        return EmbeddedEngine(folder / "search")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return ElasticsearchEngine(
        [os.environ["VITRINE_TEST_ELASTICSEARCH_URL"]],
        prefix=f"t-{worker}-{uuid.uuid4().hex[:10]}",
        timeout=30.0,
    )


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> dict[str, FieldType]:
    """What namespaces declare; a test writes into it."""
    found: dict[str, FieldType] = {}
    monkeypatch.setattr(documents, "_declared", [lambda: found])
    return found


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch, declared: dict[str, FieldType]) -> Books:
    """The only documents there are, beside `magazines`."""
    found = Books()
    monkeypatch.setattr(documents, "_sources", {BOOK: found, MAGAZINE: Magazines()})
    policy.register(policies.defaults([BOOK, MAGAZINE]))
    return found


@pytest.fixture
def magazines(books: Books) -> Magazines:
    found = documents.sources()[MAGAZINE]
    assert isinstance(found, Magazines)
    return found


@pytest.fixture(params=BOTH)
def bare(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    books: Books,
) -> Iterator[Engine]:
    """The service's engine, without an index."""
    made = make_engine(request.param, tmp_path)
    monkeypatch.setattr(engines, "current", lambda: made)
    yield made
    made.drop()


@pytest.fixture
def engine(bare: Engine, db: None) -> Engine:
    """The service's engine with an empty index."""
    index_maintenance.ensure(bare)
    return bare
