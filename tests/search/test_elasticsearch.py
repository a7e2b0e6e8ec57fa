"""Elasticsearch under the common suite: the 8.x that `VITRINE_TEST_ELASTICSEARCH_URL` names, and 9.x where there is one."""

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from elasticsearch import Elasticsearch
from typing_extensions import override

from search import analysis, engines
from search.engine import Engine
from search.engines.elasticsearch import indexes
from search.engines.elasticsearch.engine import ElasticsearchEngine
from search.errors import IndexNameTaken, RebuildRunning
from search.schema import Schema
from settings.health import Prober
from tests.conformance.search_suite import SCHEMA, TEXTS, SearchEngineConformance

URL, URL9 = "VITRINE_TEST_ELASTICSEARCH_URL", "VITRINE_TEST_ELASTICSEARCH9_URL"


def made(variable: str, name: str) -> Engine:
    """An engine whose indexes are of this worker and test alone."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return ElasticsearchEngine([os.environ[variable]], prefix=f"t-{worker}-{name}", timeout=30.0)


@pytest.mark.elasticsearch
class TestElasticsearch(SearchEngineConformance):
    @override
    @classmethod
    def make(cls, folder: Path, name: str) -> Engine:
        return made(URL, name)

    @pytest.mark.parametrize("text", TEXTS, ids=lambda t: ascii(t)[:30])
    def test_texts_become_the_words_that_python_makes_of_them(
        self, engine: Engine, text: str
    ) -> None:
        assert isinstance(engine, ElasticsearchEngine)
        answer = engine._client.indices.analyze(
            index=engine.live().name, analyzer="words", text=text
        )
        assert [token["token"] for token in answer["tokens"]] == analysis.words(text)


@pytest.mark.elasticsearch
def test_a_build_is_given_up_only_by_who_saw_it_stand_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the clocks of machines say, and however long the comparing with the rows takes."""
    monkeypatch.setattr(indexes, "TOUCH_SECONDS", 0.2)
    monkeypatch.setattr(indexes, "ABANDONED", 4.0)
    name = uuid.uuid4().hex[:10]
    builder, other = made(URL, name), made(URL, name)
    assert isinstance(builder, ElasticsearchEngine)
    try:
        builder.ensure(SCHEMA)
        with builder.rebuilding(SCHEMA) as build:
            end = time.monotonic() + 6
            while time.monotonic() < end:
                other.sweep()
                with pytest.raises(RebuildRunning), other.rebuilding(SCHEMA):
                    pass
                time.sleep(0.3)
            builder.commit_rebuild(build)
        assert builder.live().name == build.name
        dead = builder._indexes.begin(SCHEMA)
        while dead.name in builder._indexes.all_names():
            assert time.monotonic() < end + 60
            other.sweep()
            time.sleep(0.3)
        assert time.monotonic() > end + 3.5, "it was not watched for long enough"
        with other.rebuilding(SCHEMA) as again:
            other.commit_rebuild(again)
    finally:
        builder.drop()


@pytest.mark.elasticsearch
def test_two_that_begin_at_once_do_not_both_build(monkeypatch: pytest.MonkeyPatch) -> None:
    name = uuid.uuid4().hex[:10]
    one, other = made(URL, name), made(URL, name)
    assert isinstance(one, ElasticsearchEngine)
    assert isinstance(other, ElasticsearchEngine)
    create, began = one._indexes._create, []

    def meanwhile(name: str, schema: Schema, *, live: bool) -> None:
        began.append(other._indexes.begin(SCHEMA))
        create(name, schema, live=live)

    try:
        one.ensure(SCHEMA)
        monkeypatch.setattr(one._indexes, "_create", meanwhile)
        with pytest.raises(RebuildRunning), one.rebuilding(SCHEMA):
            pass
        assert [build.name for build in other._indexes.written()[1:]] == [began[0].name]
    finally:
        one.drop()


@pytest.mark.skipif(URL9 not in os.environ, reason=f"{URL9} is not set")
class TestElasticsearch9(SearchEngineConformance):
    @override
    @classmethod
    def make(cls, folder: Path, name: str) -> Engine:
        return made(URL9, name)


@pytest.fixture
def names() -> Iterator[str]:
    """A prefix of which nothing is left afterwards."""
    prefix = f"t-{uuid.uuid4().hex[:10]}"
    yield prefix
    client = Elasticsearch(os.environ[URL])
    for name in client.indices.get(index=f"*{prefix}*", expand_wildcards="all").body:
        client.indices.delete(index=name)
    client.close()


def said_by(command: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command(command)
    return str(caught.value)


@pytest.mark.elasticsearch
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("index", "alias", "said"),
    [
        ("{}", None, "there is an index named {}: remove it"),
        ("{}-write", None, "there is an index named {}-write: remove it"),
        ("logs-{}", "{}", "the alias {} leads to logs-{}, which is another's"),
        ("logs-{}", "{}-write", "the alias {}-write leads to logs-{}, which is another's"),
        ("{}-g-first", None, "the index {}-g-first has lost its alias {}"),
    ],
)
@pytest.mark.parametrize("later", [False, True], ids=["before", "later"])
def test_what_lies_in_the_way_is_named_to_operators(
    names: str,
    index: str,
    alias: str | None,
    said: str,
    later: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether it was there before our index, or came into its alias under a running service."""
    engine = ElasticsearchEngine([os.environ[URL]], prefix=names, timeout=30.0)
    monkeypatch.setattr(engines, "current", lambda: engine)
    if later and alias is None:
        pytest.skip("Elasticsearch lets nobody take a name that is in use")
    if later:
        engine.ensure(SCHEMA)
        assert engine.check()
    aliases = {alias.format(names): {}} if alias else {}
    engine._client.indices.create(index=index.format(names), aliases=aliases)
    with pytest.raises(IndexNameTaken) as caught:
        engine.check()
    assert caught.value.for_operators.startswith(said.replace("{}", names))
    assert names not in caught.value.message
    assert said_by("verify_index").startswith(said.replace("{}", names))
    assert names in said_by("rebuild_index")
    health = Prober({"search": engine.check})()["search"]
    assert health.reason == caught.value.for_operators
    engine._client.indices.delete(index=index.format(names))
    engine.ensure(SCHEMA)
    assert engine.check()


@pytest.mark.elasticsearch
def test_an_alias_that_cannot_be_made_is_told(names: str) -> None:
    engine = ElasticsearchEngine([os.environ[URL]], prefix=names, timeout=30.0)
    engine._client.indices.create(index=f"{names}-g-first-own")
    with pytest.raises(IndexNameTaken) as caught:
        engine.ensure(SCHEMA)
    assert f"{names}-g-first-own" in caught.value.for_operators


@pytest.mark.elasticsearch
def test_an_index_that_lost_its_alias_is_told_and_not_called_missing(names: str) -> None:
    engine = ElasticsearchEngine([os.environ[URL]], prefix=names, timeout=30.0)
    engine.ensure(SCHEMA)
    engine._client.indices.delete_alias(index="*", name=names)
    with pytest.raises(IndexNameTaken):
        engine.check()
    with pytest.raises(IndexNameTaken):
        engine.ensure(SCHEMA)
