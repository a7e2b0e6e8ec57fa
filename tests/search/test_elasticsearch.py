"""Elasticsearch under the common suite: the 8.x that `VITRINE_TEST_ELASTICSEARCH_URL` names, and 9.x where there is one."""

import os
from pathlib import Path

import pytest
from typing_extensions import override

from search import analysis
from search.engine import Engine
from search.engines.elasticsearch.engine import ElasticsearchEngine
from tests.conformance.search_suite import TEXTS, SearchEngineConformance

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


@pytest.mark.skipif(URL9 not in os.environ, reason=f"{URL9} is not set")
class TestElasticsearch9(SearchEngineConformance):
    @override
    @classmethod
    def make(cls, folder: Path, name: str) -> Engine:
        return made(URL9, name)
