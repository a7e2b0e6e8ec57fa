"""An Elasticsearch that takes connections and answers nothing, or is cut off: few wait for it, and all others go on."""

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.indexing.documents import sources
from search import consistency, engines, schema
from search.engine import Engine
from search.engines.elasticsearch.engine import ElasticsearchEngine
from search.errors import EngineUnavailable
from tests.search.shelf import Books
from tests.support.identity import headers_for, make_admin
from tests.support.keystone import Forwarder
from tests.support.patience import eventually
from tests.support.service import configured

pytestmark = pytest.mark.elasticsearch
URL = "VITRINE_TEST_ELASTICSEARCH_URL"
LONG = 300.0


@pytest.fixture
def way() -> Iterator[Forwarder]:
    """The way to Elasticsearch."""
    found = Forwarder(os.environ[URL])
    yield found
    found.cut()


@pytest.fixture
def prefix() -> Iterator[str]:
    name = f"t-silent-{uuid.uuid4().hex[:10]}"
    yield name
    ElasticsearchEngine([os.environ[URL]], prefix=name).drop()


def made(way: Forwarder, prefix: str, *, timeout: float = LONG, **options: Any) -> Engine:
    """An engine with these options, and its index, which is made with patience."""
    patient = ElasticsearchEngine([os.environ[URL]], prefix=prefix, timeout=LONG)
    patient.ensure(schema.build(sources().values(), {}))
    return ElasticsearchEngine([way.url], prefix=prefix, timeout=timeout, **options)


def refused(engine: Engine) -> EngineUnavailable:
    with pytest.raises(EngineUnavailable) as told:
        engine.check()
    return told.value


def answer(engine: Engine) -> str:
    try:
        return engine.check()
    except EngineUnavailable as error:
        return error.message


def test_few_wait_and_the_others_are_told(way: Forwarder, prefix: str, books: Books) -> None:
    engine = made(way, prefix, waiters=2)
    way.silent = True
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(refused, engine) for _ in range(2)]
        for _ in range(20):
            told = refused(engine)
            assert "too many" in told.message
            assert told.facts["headers"] == {"Retry-After": "5"}
        assert not any(one.done() for one in waiting)
        way.cut()
        for one in waiting:
            assert "does not answer" in one.result(60).message


def test_who_finds_it_away_tells_the_others(way: Forwarder, prefix: str, books: Books) -> None:
    engine = made(way, prefix, timeout=0.5, away_seconds=LONG)
    way.silent = True
    assert "time ran out" in refused(engine).message
    way.silent = False
    asked = way.accepted
    for _ in range(5):
        assert "a moment ago" in refused(engine).message
    assert way.accepted == asked


def test_one_that_is_back_is_found(way: Forwarder, prefix: str, books: Books) -> None:
    engine = made(way, prefix, away_seconds=0.2)
    way.cut()
    refused(engine)
    way.mend()

    back = "Elasticsearch 8"
    assert eventually(lambda: answer(engine).startswith(back))


def test_a_node_that_hangs_does_not_make_the_cluster_away(
    way: Forwarder, prefix: str, books: Books
) -> None:
    made(way, prefix)
    engine = ElasticsearchEngine(
        [way.url, os.environ[URL]], prefix=prefix, timeout=5.0, away_seconds=LONG
    )
    way.silent = True
    said = [answer(engine) for _ in range(4)]
    assert any(one.startswith("Elasticsearch 8") for one in said)
    assert not any("a moment ago" in one for one in said)


@pytest.mark.django_db
def test_who_waits_for_the_index_learns_that_the_engine_is_away(
    way: Forwarder, prefix: str, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = made(way, prefix, away_seconds=LONG)
    monkeypatch.setattr(engines, "current", lambda: engine)
    books.write("a")
    way.cut()
    with pytest.raises(EngineUnavailable):
        consistency.wait(LONG)


@pytest.mark.django_db
def test_a_search_that_cannot_be_answered_says_when_to_come_again(
    way: Forwarder, prefix: str, books: Books, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = made(way, prefix)
    monkeypatch.setattr(engines, "current", lambda: engine)
    ada = headers_for(*make_admin())
    engine.drop()
    missing = client.post("/search/v1/search", {}, "application/json", headers=ada)
    way.cut()
    away = client.post("/search/v1/search", {}, "application/json", headers=ada)
    facets = client.get("/search/v1/search/facets", headers=ada)
    for answer in (missing, away, facets):
        assert answer.status_code == 503
        assert int(answer["Retry-After"]) > 0
    assert missing.json()["code"] == "search_index_missing"
    assert away.json()["code"] == "search_unavailable"


@pytest.mark.e2e
@pytest.mark.timeout(600)
@pytest.mark.parametrize("query", ["", "?consistency=wait"])
def test_images_go_on_while_the_engine_hangs(
    way: Forwarder, prefix: str, tmp_path: Path, query: str
) -> None:
    """More searches than threads ask an engine that hangs; while they wait, images are listed."""
    told = {
        "VITRINE_SEARCH_ENGINE": "elasticsearch",
        "VITRINE_SEARCH_URL": way.url,
        "VITRINE_SEARCH_INDEX_PREFIX": prefix,
        "VITRINE_SEARCH_TIMEOUT": "50",
        "VITRINE_SEARCH_WAIT_LIMIT": "50",
        "VITRINE_SEARCH_WAITERS": "2",
        "VITRINE_WEB_THREADS": "4",
    }
    with configured(tmp_path, **told) as service, ThreadPoolExecutor(12) as pool:
        service.start()
        token = service.token()
        search = f"/search/v1/search{query}"
        assert eventually(lambda: service.call("POST", search, {}, token=token)[0] == 200)
        way.silent = True
        document = {"disk_format": "raw", "container_format": "bare"}
        assert service.call("POST", "/image/v2/images", document, token=token)[0] == 201
        asked = [pool.submit(service.call, "POST", search, {}, token=token) for _ in range(12)]
        assert eventually(lambda: sum(one.done() for one in asked) >= 1)
        for _ in range(5):
            assert service.get("/image/v2/images", token)[0] == 200
        assert not all(one.done() for one in asked), "one that waits does so still"
        way.cut()
        answers = [one.result(120) for one in asked]
    assert {status for status, _, _ in answers} == {503}
    assert all("retry-after" in headers for _, _, headers in answers)
