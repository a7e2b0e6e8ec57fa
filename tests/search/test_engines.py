"""One suite for both engines: what they find, count and order is what plain Python finds in the same documents."""

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import query as q
from catalog.query import Expression, Sort
from search import schema as schemas
from search.binding import bind
from search.compilers.plain import Evaluated, matches
from search.encoding import encode
from search.engine import Engine, Operation, Verdict
from search.engines.elasticsearch.engine import ElasticsearchEngine
from search.engines.embedded.engine import EmbeddedEngine
from search.errors import QueryRefused
from search.parsing import dsl
from search.requests import SearchRequest, StatsAggregation, TermsAggregation
from search.schema import Schema
from tests.search.corpus import DECLARED, KIND, Things, bodies

BODIES = dict(bodies())
SCHEMA = schemas.build([Things()], DECLARED)


def operations(version: int = 1) -> list[Operation]:
    return [Operation(KIND, i, version, body) for i, body in BODIES.items()]


def made(name: str, folder: Path) -> Engine:
    if name == "embedded":
        return EmbeddedEngine(folder)
    url = os.environ["VITRINE_TEST_ELASTICSEARCH_URL"]
    return ElasticsearchEngine(
        (url,), prefix=f"t{uuid.uuid4().hex[:10]}", shards=1, timeout=30.0, ca_certs=None
    )


ENGINES = [pytest.param("embedded"), pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)]


@pytest.fixture(scope="module", params=ENGINES)
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An engine that holds the corpus."""
    found = made(request.param, tmp_path_factory.mktemp("index"))
    found.ensure(SCHEMA)
    assert {o.verdict for o in found.bulk(operations())} == {Verdict.ACCEPTED}
    found.refresh()
    yield found
    found.drop()


@pytest.fixture(params=ENGINES)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty engine of the test's own."""
    found = made(request.param, tmp_path)
    found.ensure(SCHEMA)
    yield found
    found.drop()


def live(engine: Engine) -> Schema:
    return engine.live().schema


def plainly(schema: Schema, expression: Expression) -> set[str]:
    bound = bind(schema, expression)
    return {
        i for i, body in BODIES.items() if matches(bound, Evaluated(encode(schema, KIND, i, body)))
    }


def found(engine: Engine, expression: Expression, **more: Any) -> set[str]:
    result = engine.search(SearchRequest(query=expression, size=100, **more))
    ids = {hit.id for hit in result.hits}
    assert result.total == len(ids)
    return ids


CASES: list[Any] = [
    {"match_all": {}},
    {"match": {"name": "QUICK fox"}},
    {"match": {"name": {"query": "quick brown", "operator": "and"}}},
    {"match": {"name": "unicode"}},
    {"match": {"name": "日本"}},
    {"match": {"name": "ubuntu"}},
    {"match_phrase": {"description": "a lazy"}},
    {"match_phrase_prefix": {"name": "quick br"}},
    {"multi_match": {"query": "fox dog", "fields": ["name", "description"]}},
    {"term": {"format": "a/b"}},
    {"term": {"properties.os": "x/y"}},
    {"term": {"os": "Ubuntu 22"}},
    {"terms": {"status": ["active", "queued"]}},
    {"term": {"tags": "quick"}},
    {"term": {"protected": True}},
    {"term": {"on": True}},
    {"term": {"cores": 9}},
    {"term": {"cores": "many"}},
    {"range": {"cores": {"gte": 9, "lte": 12}}},
    {"range": {"cores": {"gt": 9}}},
    {"range": {"ratio": {"lt": 2.5}}},
    {"range": {"size": {"gte": 2**53, "lte": 2**53 + 1}}},
    {"range": {"size": {"gt": 9}}},
    {"range": {"format": {"gte": "a", "lt": "q"}}},
    {"range": {"created_at": {"gte": "2026-01-03", "lte": "2026-01-05"}}},
    {"range": {"created_at": {"lt": "2026-01-01T07:00:00.124Z"}}},
    {"exists": {"field": "size"}},
    {"exists": {"field": "properties.cores"}},
    {"exists": {"field": "name"}},
    {"prefix": {"format": "qc"}},
    {"prefix": {"name": "ubu"}},
    {"wildcard": {"format": "?/*"}},
    {"wildcard": {"properties.os": "Ubu*2?"}},
    {"ids": {"values": ["id-01", "id-07", "nothing"]}},
    {"bool": {"must": [{"match": {"name": "fox"}}], "must_not": [{"term": {"status": "queued"}}]}},
    {
        "bool": {
            "should": [
                {"term": {"owner": "p1"}},
                {"term": {"status": "active"}},
                {"term": {"valid": False}},
            ],
            "minimum_should_match": 2,
        }
    },
    {"bool": {"filter": [{"bool": {"must_not": [{"exists": {"field": "format"}}]}}]}},
    {"query_string": {"query": "quick AND NOT status:queued"}},
    {"query_string": {"query": "cores:[9 TO 12] OR format:raw"}},
    {"query_string": {"query": "+fox -dog brown"}},
    {"query_string": {"query": 'name:"quick brown" OR tags:lazy'}},
    {"query_string": {"query": "qui*"}},
]


@pytest.mark.parametrize("document", CASES, ids=lambda d: str(d)[:70])
def test_both_engines_find_what_plain_python_finds(engine: Engine, document: Any) -> None:
    expression = dsl.parse(live(engine), document)
    assert found(engine, expression) == plainly(live(engine), expression)


def test_the_corpus_is_found_in_part_by_most_cases() -> None:
    sizes = [len(plainly(SCHEMA, dsl.parse(SCHEMA, d))) for d in CASES]
    assert sum(0 < size < len(BODIES) for size in sizes) > 0.85 * len(CASES)


REFUSED: list[Any] = [
    {"script": {}},
    {"match": {"nothing_declared": {"query": "x", "fuzziness": 2}}},
    {"match_all": {}, "term": {}},
    {"term": {}},
    [],
    {"term": {"members": "p1"}},
    {"exists": {"field": "property_text"}},
    {"range": {"size": {"gte": "big"}}},
    {"range": {"created_at": {"gte": "yesterday"}}},
    {"query_string": {"query": "(("}},
    {"query_string": {"query": "name:"}},
]


@pytest.mark.parametrize("document", REFUSED, ids=str)
def test_what_cannot_be_asked_is_refused_with_its_reason(engine: Engine, document: Any) -> None:
    with pytest.raises(QueryRefused) as refused:
        found(engine, dsl.parse(live(engine), document))
    assert refused.value.message


def test_rights_hold_for_hits_totals_and_counts(engine: Engine) -> None:
    rights = q.Term("project_id", "p1")
    wanted = {"owners": TermsAggregation(field="owner"), "sizes": StatsAggregation(field="weight")}
    result = engine.search(
        SearchRequest(query=q.Everything(), rights=rights, size=100, aggregations=wanted)
    )
    mine = {i for i, b in BODIES.items() if b.get("project_id") == "p1"}
    assert {h.id for h in result.hits} == mine
    assert result.total == len(mine)
    assert [(b.key, b.count) for b in result.aggregations["owners"].buckets] == [("p1", len(mine))]  # type: ignore[union-attr]
    weights = [BODIES[i]["weight"] for i in mine if BODIES[i]["weight"] is not None]
    assert result.aggregations["sizes"].count == len(weights)  # type: ignore[union-attr]


@pytest.mark.parametrize("field", ["format", "tags", "status", "properties.os", "cores", "valid"])
def test_terms_are_counted_once_per_document(engine: Engine, field: str) -> None:
    result = engine.search(
        SearchRequest(size=0, aggregations={"x": TermsAggregation(field=field, size=100)})
    )
    name = field.removeprefix("properties.")
    expected: Counter[Any] = Counter()
    for body in BODIES.values():
        value = body.get(name, body["properties"].get(name))
        if name == "cores":
            value = int(value) if value is not None and value.isdigit() else None
        values = value if isinstance(value, list) else [value]
        expected.update(
            {v for v in values if v is not None and not (isinstance(v, str) and len(v) > 10_000)}
        )
    assert {b.key: b.count for b in result.aggregations["x"].buckets} == dict(expected)  # type: ignore[union-attr]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("field", ["created_at", "size", "weight", "name", "cores"])
def test_orders(engine: Engine, field: str, descending: bool) -> None:
    result = engine.search(SearchRequest(size=100, sorts=(Sort(field, descending), Sort("id"))))
    assert len(result.hits) == len(BODIES)
    values = [h.sort[0] for h in result.hits]
    present = [v for v in values if v is not None]
    assert values == present + [None] * (len(values) - len(present)), "what has no value comes last"
    assert present == sorted(present, reverse=descending)  # type: ignore[type-var]
    pages = [
        h.id
        for start in range(0, 45, 10)
        for h in engine.search(
            SearchRequest(size=10, offset=start, sorts=(Sort(field, descending), Sort("id")))
        ).hits
    ]
    assert pages == [h.id for h in result.hits]


def test_versions_decide(fresh: Engine) -> None:
    body = BODIES["id-01"]

    def write(version: int, content: Any) -> Verdict:
        return fresh.bulk([Operation(KIND, "a", version, content)])[0].verdict

    assert write(5, body) is Verdict.ACCEPTED
    assert write(5, {**body, "status": "again"}) is Verdict.ACCEPTED, "a replay is harmless"
    assert write(4, body) is Verdict.SUPERSEDED
    assert write(7, None) is Verdict.ACCEPTED
    assert write(6, body) is Verdict.SUPERSEDED, "a late write does not bring it back"
    fresh.refresh()
    assert list(fresh.scan()) == []
    assert fresh.versions([(KIND, "a")]) == {}
    assert write(8, body) is Verdict.ACCEPTED
    fresh.refresh()
    assert list(fresh.scan()) == [(KIND, "a", 8)]
    assert fresh.versions([(KIND, "a")]) == {(KIND, "a"): 8}


def test_a_rebuild_takes_live_writes_and_swaps_at_once(fresh: Engine) -> None:
    fresh.bulk(operations())
    with fresh.rebuilding(SCHEMA) as generation:
        fresh.bulk([Operation(KIND, "id-01", 9, {**BODIES["id-01"], "status": "while building"})])
        fresh.bulk([Operation(KIND, "id-02", 9, None)])
        fresh.bulk([o for o in operations(2) if o.id != "id-03"], into=generation)
        fresh.refresh()
        assert len(list(fresh.scan())) == len(BODIES) - 1
        fresh.commit_rebuild(generation)
    fresh.refresh()
    kept = {(i, v) for _, i, v in fresh.scan()}
    assert ("id-01", 9) in kept
    assert not {i for i, _ in kept} & {"id-02", "id-03"}
    assert found(fresh, q.Term("status", "while building")) == {"id-01"}


names = st.sampled_from(["status", "format", "os", "properties.n", "owner", "tags"])
keywords = st.sampled_from(
    ["active", "queued", "raw", "a/b", "x/y", "ubuntu", "7", "p1", "quick", "", "zzz"]
)
numbers = st.integers(-5, 45) | st.sampled_from([2**53, 2**53 + 1, -(2**63), 2**63 - 1])
bounds = st.builds(
    lambda low, high, a, b: ({low: a} if low else {}) | ({high: b} if high else {}),
    st.sampled_from(["", "gt", "gte"]),
    st.sampled_from(["", "lt", "lte"]),
    numbers,
    numbers,
)
leaves = (
    st.builds(q.Term, names, keywords)
    | st.builds(q.Terms, names, st.lists(keywords, min_size=1, max_size=3).map(tuple))
    | st.builds(q.Exists, names | st.sampled_from(["size", "cores", "weight"]))
    | st.builds(lambda f, b: q.Range(f, **b), st.sampled_from(["size", "cores", "weight"]), bounds)
    | st.builds(q.Prefix, names, keywords)
    | st.builds(
        lambda t, o: q.Match(("name", "description"), t, o),
        st.sampled_from(["quick fox", "lazy", "unicode", "server 22"]),
        st.sampled_from(["and", "or"]),
    )
)
several = lambda inner: st.lists(inner, max_size=3).map(tuple)  # noqa: E731 - a strategy
queries = st.recursive(
    leaves,
    lambda inner: st.builds(
        q.Bool,
        must=several(inner),
        filter=several(inner),
        should=several(inner),
        must_not=several(inner),
    ),
    max_leaves=8,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(expression=queries)
def test_random_queries(engine: Engine, expression: Expression) -> None:
    assert found(engine, expression) == plainly(live(engine), expression)
