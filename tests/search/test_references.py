"""The engines answer as two references do: a raw Elasticsearch, and plain Python that shares nothing with the service.

See `tests.search.reference` for what is meant to be different.
"""

import json
import os
import uuid
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from search import aggregations
from search import schema as schemas
from search.engine import Engine, Operation, Verdict
from search.errors import QueryRefused
from search.parsing import bodies
from search.requests import SearchRequest
from tests.search.conftest import BOTH, make_engine
from tests.search.corpus import DECLARED, KIND, Things
from tests.search.reference import plainly
from tests.search.reference.documents import documents
from tests.search.reference.questions import (
    AGGREGATIONS,
    FIXED,
    REFUSED,
    SORTS,
    Query,
    questions,
)
from tests.search.reference.raw import Raw

SCHEMA = schemas.build([Things()], DECLARED)
DOCUMENTS = {id_: {"id": id_, **body} for id_, body in documents().items()}
RANDOM = questions(seed=2026, count=1000)
LARGEST = 2**63 - 1


@pytest.fixture(scope="module", params=BOTH)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    made = make_engine(request.param, tmp_path_factory.mktemp("index"))
    made.ensure(SCHEMA)
    outcomes = made.bulk([Operation(KIND, id_, 1, body) for id_, body in DOCUMENTS.items()])
    assert {one.verdict for one in outcomes} == {Verdict.ACCEPTED}
    made.refresh()
    yield made
    made.drop()


@pytest.fixture(scope="module")
def raw() -> Iterator[Raw]:
    address = os.environ["VITRINE_TEST_ELASTICSEARCH_URL"]
    made = Raw(address, f"raw-{uuid.uuid4().hex[:10]}", documents())
    yield made
    made.drop()


def asked(engine: Engine, body: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """Ids in their order, and aggregations as callers see them."""
    question = bodies.parse(SCHEMA, {"size": 1000, **body})
    wanted = aggregations.typed(SCHEMA, question.aggregations)
    result = engine.search(
        SearchRequest(
            query=question.query, sorts=question.sorts, size=question.size, aggregations=wanted
        )
    )
    ids = [hit.id for hit in result.hits]
    assert result.total == len(ids) == len(set(ids))
    filled = aggregations.filled(wanted, result.aggregations)
    return ids, aggregations.shown(SCHEMA, wanted, filled)


def found(engine: Engine, query: Query) -> set[str]:
    return set(asked(engine, {"query": query})[0])


def plain(query: Query) -> set[str]:
    test = plainly.question(query)
    return {id_ for id_, document in DOCUMENTS.items() if test(document)}


def ids_of(answer: dict[str, Any]) -> list[str]:
    assert "error" not in answer, json.dumps(answer)[:1000]
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def told(query: Query) -> str:
    return json.dumps(query, ensure_ascii=True)[:90]


def differences(wanted: dict[str, set[str]], engine: Engine, several: list[Query]) -> list[str]:
    """The questions that the engine answers otherwise."""
    found_ = {json.dumps(one): found(engine, one) for one in several}
    return [text for text, ids in found_.items() if ids != wanted[text]]


def test_fixed_questions_are_answered_as_plain_python_does(engine: Engine) -> None:
    wanted = {json.dumps(one): plain(one) for one in FIXED}
    assert differences(wanted, engine, FIXED) == []


def test_random_questions_are_answered_as_plain_python_does(engine: Engine) -> None:
    wanted = {json.dumps(one): plain(one) for one in RANDOM}
    assert sum(0 < len(ids) < len(DOCUMENTS) for ids in wanted.values()) > len(RANDOM) // 2
    assert differences(wanted, engine, RANDOM) == []


@pytest.mark.elasticsearch
def test_every_question_is_answered_as_by_a_raw_elasticsearch(raw: Raw, engine: Engine) -> None:
    several = [*FIXED, *RANDOM]
    answers = raw.answers({"query": one} for one in several)
    wanted = {
        json.dumps(one): set(ids_of(answer)) for one, answer in zip(several, answers, strict=True)
    }
    assert differences(wanted, engine, several) == []


@pytest.mark.parametrize("query", REFUSED, ids=told)
def test_what_cannot_be_asked_is_refused(engine: Engine, query: Query) -> None:
    with pytest.raises(QueryRefused) as refused:
        found(engine, query)
    assert refused.value.message


@pytest.mark.elasticsearch
def test_a_raw_elasticsearch_refuses_it_too(raw: Raw) -> None:
    answers = raw.answers({"query": one} for one in REFUSED)
    taken = [one for one, answer in zip(REFUSED, answers, strict=True) if answer["status"] != 400]
    assert taken == []


def keys(ids: list[str], sorts: list[Any], *, exactly: bool = True) -> list[Any]:
    """What documents are sorted by; `exactly`: the largest integer is not the same as none."""
    return [tuple(_key(DOCUMENTS[id_], one, exactly) for one in sorts) for id_ in ids]


def _key(document: dict[str, Any], sort: Any, exactly: bool) -> Any:
    name, order = (sort, "asc") if isinstance(sort, str) else next(iter(sort.items()))
    down = (order["order"] if isinstance(order, dict) else order) == "desc"
    held = plainly.held(document, name)
    if not held:
        return None
    extreme = max(held) if down else min(held)
    lost = -LARGEST - 1 if down else LARGEST
    whole = plainly.kind(name) == "long"
    return None if whole and not exactly and extreme == lost else extreme


def in_order(found_: list[Any], sorts: list[Any]) -> bool:
    """Whether each key is no smaller than the one before, larger where it descends; None is last."""
    directions = [
        isinstance(one, dict) and "desc" in json.dumps(next(iter(one.values()))) for one in sorts
    ]
    for before, after in pairwise(found_):
        for one, other, down in zip(before, after, directions, strict=True):
            if one == other:
                continue
            if one is None or (other is not None and (one < other) == down):
                return False
            break
    return True


@pytest.mark.parametrize("sorts", SORTS, ids=str)
def test_orders_hold_for_every_value(engine: Engine, sorts: list[Any]) -> None:
    ids, _ = asked(engine, {"sort": sorts})
    assert len(ids) == len(DOCUMENTS)
    assert in_order(keys(ids, sorts), sorts)


@pytest.mark.elasticsearch
def test_orders_are_those_of_a_raw_elasticsearch(raw: Raw, engine: Engine) -> None:
    answers = raw.answers({"sort": one} for one in SORTS)
    for sorts, answer in zip(SORTS, answers, strict=True):
        ids, _ = asked(engine, {"sort": sorts})
        ours = keys(ids, sorts, exactly=False)
        assert ours == keys(ids_of(answer), sorts, exactly=False), sorts


@pytest.mark.elasticsearch
def test_counts_are_those_of_a_raw_elasticsearch(raw: Raw, engine: Engine) -> None:
    several = [
        {"query": one, "aggs": {"x": a}} for a in AGGREGATIONS for one in (FIXED[0], FIXED[3])
    ]
    for body, answer in zip(several, raw.answers(several), strict=True):
        _, counted = asked(engine, body)
        assert counted == answer["aggregations"], body
