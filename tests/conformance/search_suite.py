"""What every engine of search must do: find, order, count and refuse as plain Python does over the same documents.

A subclass says how an engine is made. Scores are the same too: they tell nothing of documents that are not found.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import query as q
from catalog.query import Expression, Sort
from search import aggregations, dates, highlighting, ordering
from search import schema as schemas
from search.caller_search import Highlight
from search.deadline import Deadline
from search.encoding import encode, tie
from search.engine import Engine, Operation, Verdict
from search.errors import EngineUnavailable, IndexMissing, QueryRefused, RebuildRunning
from search.evaluation import Evaluated, matches, order, score
from search.parsing import aggregations as aggregation_parser
from search.parsing import dsl
from search.query_resolver import resolve_query
from search.requests import Buckets, SearchRequest, Stats, TermsAggregation
from search.resolving import PROPERTY_KEYS, TYPING_SEQUENCE
from tests.search.corpus import DECLARED, KIND, Things, bodies

untyped = st.one_of(
    st.sampled_from(
        ["2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000Z",
         "2024-01-01t00:00:00z", "2024-01-01", "1", "01", "1.0", "+1", "1e0", "-0", "NaN", "true",
         "True", "false", "null", "", " ", "=1", "=", "{}", "[1]", "9223372036854775808"]
    ),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])).map(
        datetime.isoformat
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
)  # fmt: skip
"""Texts that could be taken for something else."""

BODIES = dict(bodies())
SCHEMA = schemas.build([Things()], DECLARED)
DOCUMENTS = {i: Evaluated(encode(SCHEMA, KIND, i, body)) for i, body in BODIES.items()}


def operations(version: int = 1) -> list[Operation]:
    return [Operation(KIND, i, version, body) for i, body in BODIES.items()]


def plainly(expression: Expression) -> set[str]:
    resolved = resolve_query(SCHEMA, expression)
    return {i for i, document in DOCUMENTS.items() if matches(resolved, document)}


def plain_order(ids: set[str], sorts: tuple[Sort, ...]) -> list[str]:
    keys = [order(k.target, k.descending) for k in ordering.resolved(SCHEMA, sorts)]
    return sorted(
        ids,
        key=lambda i: (*(key(DOCUMENTS[i]) for key in keys), DOCUMENTS[i].encoded.tie),
    )


def plain_ranks(expression: Expression) -> list[tuple[str, float]]:
    """Ids with their scores, the best first, equal ones by the documents' own numbers."""
    resolved = resolve_query(SCHEMA, expression)
    scores = {i: score(resolved, DOCUMENTS[i]) for i in plainly(expression)}
    return sorted(scores.items(), key=lambda one: (-one[1], DOCUMENTS[one[0]].encoded.tie))


def ranked(engine: Engine, expression: Expression, **page: Any) -> list[tuple[str, float | None]]:
    result = engine.search(SearchRequest(query=expression, **{"size": 200} | page))
    return [(hit.id, hit.score) for hit in result.hits]


def found(engine: Engine, expression: Expression) -> set[str]:
    result = engine.search(SearchRequest(query=expression, size=200))
    ids = [hit.id for hit in result.hits]
    assert result.total == len(ids) == len(set(ids))
    return set(ids)


def counted(engine: Engine, asked: Any, expression: Expression = q.Everything()) -> Any:  # noqa: B008 - a value
    """One aggregation's answer, as callers see it."""
    wanted = aggregations.typed(SCHEMA, aggregation_parser.parse({"x": asked}))
    result = engine.search(SearchRequest(query=expression, size=0, aggregations=wanted))
    filled = aggregations.filled(wanted, result.aggregations)
    return aggregations.shown(SCHEMA, wanted, filled)["x"]


CASES: list[Any] = [
    {"match_all": {}},
    {"match_none": {}},
    {"match": {"name": "QUICK fox"}},
    {"match": {"name": {"query": "quick brown", "operator": "and"}}},
    {"match": {"name": "unicode"}},
    {"match": {"name": "日本"}},
    {"match_phrase": {"name": "日本"}},
    {"match_phrase": {"name": "本日"}},
    {"match": {"name": "カ"}},
    {"match": {"name": "한"}},
    {"match": {"name": "cafe"}},
    {"match": {"name": "café"}},
    {"match": {"tags": "é"}},
    {"match": {"description": "strasse"}},
    {"match": {"description": "istanbul"}},
    {"match": {"description": "σίσυφοσ"}},
    {"match": {"name": "ubuntu"}},
    {"match": {"name": "22.04"}},
    {"match": {"name": "1.2.3"}},
    {"match": {"name": "3,5"}},
    {"match": {"name": "don"}},
    {"match": {"name": "w" * 255}},
    {"match": {"name": "v" * 256}},
    {"match": {"name": "!!!"}},
    {"match": {"cores": "9"}},
    {"match": {"format": "a/b"}},
    {"multi_match": {"query": "quick a/b", "fields": ["name", "format"]}},
    {"multi_match": {"query": "quick laz", "type": "bool_prefix", "operator": "and"}},
    {"multi_match": {"query": "… lazy", "type": "bool_prefix"}},
    {"multi_match": {"query": "id-0 quick", "type": "bool_prefix"}},
    {"multi_match": {"query": "quick id-edge-0", "type": "bool_prefix"}},
    {"match_phrase": {"description": "a lazy"}},
    {"match_phrase": {"description": "lazy a"}},
    {"match_phrase_prefix": {"name": "quick br"}},
    {"match_phrase_prefix": {"name": "qu"}},
    {"match_phrase_prefix": {"format": "qc"}},
    {"multi_match": {"query": "fox dog", "fields": ["name", "description"]}},
    {"multi_match": {"query": "fox thing", "operator": "and", "fields": ["name", "description"]}},
    {"multi_match": {"query": "9", "fields": ["name", "size", "cores"]}},
    {"multi_match": {"query": "quick bro", "type": "bool_prefix", "fields": ["name"]}},
    {"multi_match": {"query": "brown fo", "type": "phrase_prefix"}},
    {"term": {"format": "a/b"}},
    {"term": {"format": "a\nb"}},
    {"term": {"format": "f" * 8191}},
    {"term": {"format": "f" * 8192}},
    {"term": {"name": "quick dog"}},
    {"term": {"name": "cafe\u0301 CAFÉ \uff23\uff41\uff46\uff45"}},
    {"term": {"name.raw": "new\nline"}},
    {"term": {"name": ""}},
    {"term": {"properties.os": "x/y"}},
    {"term": {"properties.os": ""}},
    {"term": {"properties.os": "p" * 8191}},
    {"term": {"properties.os": "p" * 8192}},
    {"term": {"properties.os": "日" * 16_383}},
    {"term": {"properties.os": "日" * 16_384}},
    {"term": {"format": "f" * 16_384}},
    {"prefix": {"properties.os": "日日"}},
    {"term": {"sep\x1fkey": "v"}},
    {"term": {"sep": "key\x1fv"}},
    {"range": {"sep": {"lt": "l"}}},
    {"prefix": {"sep": "k"}},
    {"exists": {"field": "sep"}},
    {"term": {"_mine": "yes"}},
    {"term": {"os.keyword": "ubuntu"}},
    {"term": {"os": "Ubuntu 22"}},
    {"term": {"properties.a.b": "dot"}},
    {"term": {"properties.a b": "space"}},
    {"term": {"a:b": "colon"}},
    {"term": {"properties.ü": "1"}},
    {"terms": {"status": ["active", "queued"]}},
    {"terms": {"status": []}},
    {"terms": {"cores": [9, "12", "many", "x"]}},
    {"term": {"tags": "quick"}},
    {"term": {"tags": ""}},
    {"term": {"protected": True}},
    {"term": {"protected": "false"}},
    {"term": {"on": True}},
    {"term": {"on": "yes"}},
    {"term": {"cores": 9}},
    {"term": {"cores": "007"}},
    {"term": {"cores": 7.5}},
    {"term": {"cores": "many"}},
    {"term": {"cores": "99999999999999999999"}},
    {"term": {"ratio": 1000}},
    {"term": {"born": "2026-02-03"}},
    {"term": {"born": "?"}},
    {"term": {"size": 2**53 + 1}},
    {"term": {"size": 2**53}},
    {"term": {"size": 2**63 - 2}},
    {"term": {"size": 2**70}},
    {"term": {"size": 9.5}},
    {"term": {"weight": 0}},
    {"term": {"created_at": "2026-01-03"}},
    {"range": {"cores": {"gte": 9, "lte": 12}}},
    {"range": {"cores": {"gt": "9"}}},
    {"range": {"cores": {"lt": 7.5}}},
    {"range": {"ratio": {"lt": 2.5}}},
    {"range": {"ratio": {"gte": 1000}}},
    {"range": {"on": {"gt": False}}},
    {"range": {"born": {"gte": "2026", "lt": "2027"}}},
    {"range": {"size": {"gte": 2**53, "lte": 2**53 + 1}}},
    {"range": {"size": {"gt": 2**53 + 1}}},
    {"range": {"size": {"lte": -(2**63) + 1}}},
    {"range": {"size": {"gt": 2**63 - 1}}},
    {"range": {"size": {"gt": 2**63 - 3}}},
    {"range": {"size": {"gt": 9}}},
    {"range": {"size": {"gt": 10, "lt": 9}}},
    {"range": {"size": {}}},
    {"range": {"weight": {"gt": 1.5, "lte": 3}}},
    {"range": {"valid": {"gte": True}}},
    {"range": {"format": {"gte": "a", "lt": "q"}}},
    {"range": {"format": {"gte": "a/b", "lte": "a/b"}}},
    {"range": {"format": {"gt": "a\nb", "lte": "a/b"}}},
    {"range": {"format": {"gt": "a/b"}}},
    {"range": {"format": {"lt": "a/b"}}},
    {"range": {"tags": {"gt": "a", "lt": "e"}}},
    {"range": {"status": {"gte": "", "lt": "b"}}},
    {"range": {"status": {"gte": "日", "lt": "日語"}}},
    {"range": {"name": {"gte": "fox", "lt": "lazy"}}},
    {"range": {"properties.os": {"gte": "Ubuntu 22", "lt": "ubuntu"}}},
    {"range": {"properties.os": {"gt": "ubuntu"}}},
    {"range": {"properties.os": {"lte": "debian"}}},
    {"range": {"created_at": {"gte": "2026-01-03", "lte": "2026-01-05"}}},
    {"range": {"created_at": {"lt": "2026-01-01T07:00:00.124Z"}}},
    {"range": {"created_at": {"lte": "2026-01"}}},
    {"range": {"created_at": {"gt": "2026-01-05||/d", "lt": "2026-01-01||+1w"}}},
    {"range": {"created_at": {"gte": "now-100y", "lt": "now+100y"}}},
    {"range": {"created_at": {"gte": 1767312000000}}},
    {"exists": {"field": "size"}},
    {"exists": {"field": "properties.cores"}},
    {"exists": {"field": "properties.os"}},
    {"exists": {"field": "nowhere"}},
    {"exists": {"field": "name"}},
    {"exists": {"field": "name.raw"}},
    {"exists": {"field": "tags"}},
    {"exists": {"field": "valid"}},
    {"exists": {"field": "description"}},
    {"prefix": {"format": "qc"}},
    {"prefix": {"format": ""}},
    {"prefix": {"format": "a\n"}},
    {"prefix": {"name": "UBU"}},
    {"prefix": {"name": "w" * 100}},
    {"prefix": {"name": ""}},
    {"prefix": {"cores": "0"}},
    {"prefix": {"os": "x/"}},
    {"wildcard": {"format": "?/*"}},
    {"wildcard": {"format": "a?b"}},
    {"wildcard": {"status": "a\\\\b\\*c\\?d"}},
    {"wildcard": {"name": "q*k"}},
    {"wildcard": {"properties.os": "Ubu*2?"}},
    {"wildcard": {"properties.os": "*\n*"}},
    {"wildcard": {"cores": "*a*"}},
    {"ids": {"values": ["id-01", "id-07", "nothing"]}},
    {"ids": {"values": []}},
    {"ids": {"type": "OS::Other", "values": ["id-01"]}},
    {"bool": {}},
    {"bool": {"must": [{"match": {"name": "fox"}}], "must_not": [{"term": {"status": "queued"}}]}},
    {"bool": {"must_not": {"exists": {"field": "name"}}}},
    {"bool": {"should": [{"term": {"owner": "p1"}}], "minimum_should_match": 0}},
    {"bool": {"filter": {"term": {"owner": "p1"}}, "should": {"term": {"status": "active"}}}},
    {"bool": {"filter": {"term": {"owner": "p1"}}, "minimum_should_match": 1}},
    {
        "bool": {
            "should": [
                {"term": {"owner": "p1"}},
                {"term": {"status": "active"}},
                {"term": {"valid": False}},
            ],
            "minimum_should_match": "67%",
        }
    },
    {"bool": {"filter": [{"bool": {"must_not": [{"exists": {"field": "format"}}]}}]}},
    {"constant_score": {"filter": {"term": {"owner": "p2"}}}},
    {"query_string": {"query": "quick AND NOT status:queued"}},
    {"query_string": {"query": "cores:[9 TO 12] OR format:raw"}},
    {"query_string": {"query": "cores:{9 TO *]"}},
    {"query_string": {"query": "size:>=10 -size:11"}},
    {"query_string": {"query": "size:-9223372036854775807"}},
    {"query_string": {"query": "created_at:[2026-01-03 TO now]"}},
    {"query_string": {"query": "+fox -dog brown"}},
    {"query_string": {"query": "quick AND fox OR dog"}},
    {"query_string": {"query": "quick fox dog", "default_operator": "AND"}},
    {"query_string": {"query": "quick OR fox dog", "default_operator": "AND"}},
    {"query_string": {"query": "NOT fox"}},
    {"query_string": {"query": 'name:"quick brown" OR tags:lazy'}},
    {"query_string": {"query": "name:(quick dog) AND _exists_:size"}},
    {"query_string": {"query": "qui*"}},
    {"query_string": {"query": "name:*"}},
    {"query_string": {"query": "*"}},
    {"query_string": {"query": "   "}},
    {"query_string": {"query": "x\\/y"}},
    {"query_string": {"query": "*:*"}},
    {"query_string": {"query": "*:quick"}},
    {"query_string": {"query": "quick && !lazy || format:raw"}},
    {"query_string": {"query": "size:>-1 size:(<0 >9)"}},
    {"query_string": {"query": "quick … lazy", "default_operator": "AND"}},
    {"query_string": {"query": "quick lazy", "default_operator": "AND"}},
    {
        "query_string": {
            "query": "quick lazy",
            "default_operator": "AND",
            "fields": ["name", "tags"],
        }
    },
    {"query_string": {"query": "\\u0071uick created_at:2026-01-01T07:00:00"}},
    {"query_string": {"query": "fox", "default_field": "description"}},
    {"query_string": {"query": "size:big OR name:fox", "lenient": True}},
    "quick bro",
    "ubuntu-22.0",
    "os x/y",
    "日本",
    "",
]

REFUSED: list[Any] = [
    {"script": {}},
    {"nested": {"path": "x", "query": {"match_all": {}}}},
    {"match": {"name": {"query": "x", "fuzziness": 2}}},
    {"match": {"name": {"query": None}}},
    {"match": {"size": "big"}},
    {"match_all": {}, "term": {}},
    {"match_all": {"boost": 2}},
    {"term": {}},
    {"term": {"name": None}},
    {"term": {"name": ["a"]}},
    {"term": {"size": {"value": 1, "boost": 2}}},
    {"term": {"valid": "maybe"}},
    {"term": {"": "x"}},
    {"term": {"_source": "x"}},
    {"term": {"n" * 300: "x"}},
    {"terms": {"name": "x"}},
    {"terms": {"name": ["x"] * 1001}},
    [],
    7,
    {},
    {"term": {"members": "p1"}},
    {"exists": {"field": "property_text"}},
    {"exists": {"field": "property_keys"}},
    {"multi_match": {"query": "p1", "fields": ["name", "members"]}},
    {"multi_match": {"query": "x", "fields": ["name^3"]}},
    {"multi_match": {"query": "x", "fields": ["na*"]}},
    {"multi_match": {"query": "x", "type": "cross_fields"}},
    {"range": {"size": {"gte": "big"}}},
    {"range": {"size": {"gt": 1, "gte": 1}}},
    {"range": {"size": {"gte": 1, "boost": 1}}},
    {"range": {"cores": {"gte": "many"}}},
    {"range": {"created_at": {"gte": "yesterday"}}},
    {"range": {"created_at": {"gte": "now-1x"}}},
    {"range": {"created_at": {"gte": "2026-13-01"}}},
    {"range": {"format": {"gte": "x" * 201}}},
    {"prefix": {"size": "1"}},
    {"wildcard": {"format": "*a" * 11}},
    {"match_phrase": {"name": {"query": "a b", "slop": 2}}},
    {"query_string": {"query": "(("}},
    {"query_string": {"query": "name:"}},
    {"query_string": {"query": "name:/x/"}},
    {"query_string": {"query": "fox~"}},
    {"query_string": {"query": '"a b"~3'}},
    {"query_string": {"query": "fox^2"}},
    {"query_string": {"query": "[1 TO 2]"}},
    {"query_string": {"query": "members:p1"}},
    {"query_string": {"query": "members:p1", "lenient": True}},
    {"query_string": {"query": "size:big"}},
    {"query_string": {"query": "a:b:c"}},
    {"query_string": {"query": "na*:fox"}},
    {"query_string": {"query": "AND fox"}},
    {"query_string": {"query": "fox ||"}},
    {"query_string": {"query": ">5"}},
    {"query_string": {"query": "size:>="}},
    {"query_string": {"query": "_exists_:(name size)"}},
    {"query_string": {"query": "fox\\"}},
    {"query_string": {"query": "\\ud800"}},
    {"exists": {"field": "na*"}},
    {"exists": {"field": "properties"}},
    {"term": {"size.raw": 1}},
    {"term": {"name": "x" * 8192}},
    {"multi_match": {"query": "w" * 101, "type": "bool_prefix"}},
    {"query_string": {"query": "*a" * 11}},
    {"query_string": {"query": "a", "fuzziness": 1}},
    {"query_string": {"query": "x" * 5000}},
    {"query_string": {"query": "(" * 30 + "a" + ")" * 30}},
    {"query_string": {"query": " ".join(["a"] * 300)}},
    {"bool": {"must": "x"}},
    {"bool": {"must": [{"match_all": {}}] * 300}},
    {"bool": {"should": [], "minimum_should_match": "some"}},
    "a " * 40,
]

AGGREGATIONS: list[Any] = [
    {"terms": {"field": "format", "size": 100}},
    {"terms": {"field": "tags", "size": 100}},
    {"terms": {"field": "tags", "size": 3}},
    {"terms": {"field": "name", "size": 5}},
    {"terms": {"field": "status", "order": {"_key": "desc"}}},
    {"terms": {"field": "status", "order": {"_count": "asc"}}},
    {"terms": {"field": "properties.os", "size": 100}},
    {"terms": {"field": "properties.a.b"}},
    {"terms": {"field": "properties.a b"}},
    {"terms": {"field": "properties.ü"}},
    {"terms": {"field": "properties.nowhere"}},
    {"terms": {"field": "cores", "size": 100}},
    {"terms": {"field": "size", "size": 100}},
    {"terms": {"field": "weight", "size": 100}},
    {"terms": {"field": "on"}},
    {"terms": {"field": "valid"}},
    {"terms": {"field": "created_at", "size": 100}},
    {"terms": {"field": "born"}},
    {"stats": {"field": "weight"}},
    {"stats": {"field": "cores"}},
    {"min": {"field": "created_at"}},
    {"max": {"field": "updated_at"}},
    {"avg": {"field": "ratio"}},
    {"value_count": {"field": "cores"}},
    {"range": {"field": "cores", "ranges": [{"to": 9}, {"from": 9, "to": 30}, {"from": 30}]}},
    {"range": {"field": "weight", "ranges": [{"key": "light", "to": 3.5}, {"from": 2}]}},
    {"date_range": {"field": "created_at", "ranges": [{"to": "2026-01-05"}, {"from": "2026"}]}},
    {"histogram": {"field": "cores", "interval": 5}},
    {"histogram": {"field": "cores", "interval": 5, "min_doc_count": 1}},
    {"date_histogram": {"field": "updated_at", "calendar_interval": "month"}},
    {"date_histogram": {"field": "updated_at", "calendar_interval": "week"}},
    {"date_histogram": {"field": "updated_at", "calendar_interval": "quarter"}},
    {"date_histogram": {"field": "created_at", "calendar_interval": "year"}},
    {"date_histogram": {"field": "updated_at", "fixed_interval": "36h"}},
    {"date_histogram": {"field": "updated_at", "calendar_interval": "day", "min_doc_count": 1}},
]
ORDERS: list[tuple[Sort, ...]] = [
    (Sort("created_at"),),
    (Sort("size", descending=True), Sort("name")),
    (Sort("weight"),),
    (Sort("size"),),
    (Sort("size", descending=True), Sort("id")),
    (Sort("os.keyword", descending=True),),
    (Sort("name"),),
    (Sort("name", descending=True),),
    (Sort("tags"),),
    (Sort("tags", descending=True), Sort("created_at", descending=True)),
    (Sort("status"), Sort("format", descending=True), Sort("weight")),
    (Sort("valid"), Sort("protected", descending=True)),
    (Sort("cores"), Sort("id", descending=True)),
    (Sort("on", descending=True),),
    (Sort("born"),),
    (Sort("properties.os"), Sort("size")),
    (Sort("properties.n", descending=True),),
    (Sort("properties.nowhere"), Sort("id")),
    (Sort("id"),),
]
TEXTS = [
    "Ubuntu-22.04_server don't 3,5 v1.2 1.2.3.4 12abc abc12.5",
    "日本語カタカナひらがな한국어 abc日本 ー々〆",
    "cafe\u0301 CAFÉ \uff23\uff41\uff46\uff45 İstanbul ẞtraße ΣΊΣΥΦΟΣ Ǆ ﬁ Å Ø Ł",
    "\U0001d4b3\U0001d7d9 😀👍🏽 🇩🇪 \u200bx\u200b y\u00adz",
    "хайль мир שלום العربية १२३ ٤٥٦ ไทย",
    "w" * 255 + " " + "v" * 256 + " " + "日" * 300,
    "a\tb\nc\r\nd\u00a0e\u3000f…g—h",
    "\u0301 e\u0301\u0302 3\u0301.5 ½ ² ① Ⅷ",
]


class SearchEngineConformance:
    """Subclasses define `make`."""

    @classmethod
    def make(cls, folder: Path, name: str) -> Engine:
        """An engine without an index; `name` is of this test alone."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
        """An engine that holds the corpus."""
        made = cls.make(tmp_path_factory.mktemp("index"), uuid.uuid4().hex[:10])
        made.ensure(SCHEMA)
        assert {o.verdict for o in made.bulk(operations())} == {Verdict.ACCEPTED}
        made.refresh()
        yield made
        made.drop()

    @pytest.fixture(scope="class")
    @classmethod
    def crowded(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
        """An engine with more different values than tantivy makes buckets, written in several parts."""
        made = cls.make(tmp_path_factory.mktemp("crowd"), uuid.uuid4().hex[:10])
        made.ensure(SCHEMA)
        for n, tags in enumerate(_crowd()):
            made.bulk([Operation(KIND, f"{n}", 1, {"tags": tags})])
        made.refresh()
        yield made
        made.drop()

    @pytest.fixture
    def empty(self, tmp_path: Path) -> Iterator[Engine]:
        """An engine without an index."""
        made = self.make(tmp_path, uuid.uuid4().hex[:10])
        yield made
        made.drop()

    @pytest.fixture
    def fresh(self, empty: Engine) -> Engine:
        """An engine with an index that holds nothing."""
        empty.ensure(SCHEMA)
        return empty

    @pytest.mark.parametrize("document", CASES, ids=lambda d: ascii(d)[:70])
    def test_it_finds_what_plain_python_finds(self, engine: Engine, document: Any) -> None:
        expression = dsl.parse(SCHEMA, document)
        assert found(engine, expression) == plainly(expression)

    @pytest.mark.parametrize("document", REFUSED, ids=lambda d: ascii(d)[:70])
    def test_it_refuses_with_a_reason(self, engine: Engine, document: Any) -> None:
        with pytest.raises(QueryRefused) as refused:
            found(engine, dsl.parse(SCHEMA, document))
        assert refused.value.message

    @pytest.mark.parametrize("sorts", ORDERS, ids=str)
    def test_orders_and_their_pages(self, engine: Engine, sorts: tuple[Sort, ...]) -> None:
        expected = plain_order(set(BODIES), sorts)
        whole = engine.search(SearchRequest(size=200, sorts=sorts))
        assert [hit.id for hit in whole.hits] == expected
        pages = []
        for start in range(0, len(BODIES) + 7, 7):
            page = engine.search(SearchRequest(size=7, offset=start, sorts=sorts))
            assert page.total == len(BODIES)
            pages += [hit.id for hit in page.hits]
        assert pages == expected
        keys = ordering.resolved(SCHEMA, sorts)
        for hit in whole.hits:
            for value, key in zip(hit.sort, keys, strict=True):
                held = DOCUMENTS[hit.id].values(key.target)
                assert (value is None) == (not held)
                assert value is None or value in held

    @pytest.mark.parametrize("sorts", [(), *ORDERS], ids=str)
    def test_a_callers_page_is_the_same_however_it_is_read(
        self, engine: Engine, sorts: tuple[Sort, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("search.engines.elasticsearch.searching.FIRST", 5)
        request = SearchRequest(query=q.Match((), "quick thing"), sorts=sorts, size=30, offset=2)
        whole = engine.search(request)
        page = engine.search(request, Deadline(600.0, 600.0))
        assert page.total == whole.total > 9
        assert page.hits == whole.hits

    @pytest.mark.parametrize("document", CASES, ids=lambda d: ascii(d)[:70])
    def test_without_an_order_the_better_match_comes_first(
        self, engine: Engine, document: Any
    ) -> None:
        expression = dsl.parse(SCHEMA, document)
        assert ranked(engine, expression) == plain_ranks(expression)

    def test_each_word_that_is_found_counts_its_fields_boost(self, engine: Engine) -> None:
        boosts = {"name": 4.0, "description": 1.0}
        expression = q.Match(("name", "description"), "quick fox")
        for hit in engine.search(SearchRequest(query=expression, size=200)).hits:
            held = {field: str(hit.body.get(field) or "").split() for field in boosts}
            by_word = [
                boost * (word in held[field])
                for field, boost in boosts.items()
                for word in ("quick", "fox")
            ]
            assert hit.score == sum(by_word) + 0.0
        doubled = q.Match(("name",), "quick quick QUICK")
        assert ranked(engine, doubled) == ranked(engine, q.Match(("name",), "quick"))

    def test_pages_by_relevance_neither_lose_nor_repeat(self, fresh: Engine) -> None:
        """Two hundred equal names, in pages of twenty, while others change between the pages."""
        body = {"name": "equal name", "description": "equal"}
        fresh.bulk([Operation(KIND, f"equal-{n}", 1, body) for n in range(200)])
        expression = q.Match((), "equal name")
        seen: list[str] = []
        for start in range(0, 200, 20):
            fresh.bulk([Operation(KIND, f"other-{start}", 1, {"name": "another"})])
            fresh.bulk([Operation(KIND, f"equal-{start}", 2, body)])
            fresh.refresh()
            seen += [i for i, _ in ranked(fresh, expression, size=20, offset=start)]
        assert sorted(seen) == sorted(f"equal-{n}" for n in range(200))
        assert seen == sorted(seen, key=lambda i: tie(KIND, i))

    def test_what_is_hidden_changes_neither_scores_nor_orders(self, fresh: Engine) -> None:
        mine, questions = (
            q.Term("project_id", "mine"),
            [
                q.Match((), "secret word"),
                q.Match(("name", "description"), "word"),
                q.Phrase(("description",), "secret word"),
                q.Phrase(("description",), "a secret wo", prefix=True),
                q.Wildcard("description", "*ecre*"),
                dsl.parse(SCHEMA, "secret wor"),
                dsl.parse(
                    SCHEMA, {"query_string": {"query": "name:word OR description:(a secret)"}}
                ),
            ],
        )

        def answers() -> list[Any]:
            fresh.refresh()
            return [
                [(hit.id, hit.score) for hit in fresh.search(request).hits]
                for request in (SearchRequest(query=one, rights=mine, size=50) for one in questions)
            ]

        names = ["word", "secret", "a secret word", "word of another kind", "nothing"]
        fresh.bulk([
            Operation(KIND, f"m{n}", 1, {"project_id": "mine", "name": names[n % 5],
                                         "description": names[(n * 3 + 1) % 5]})
            for n in range(25)
        ])  # fmt: skip
        before = answers()
        assert all(before)
        text = "secret word secret wording a secret world"
        hidden = {"project_id": "theirs", "name": text, "description": f"a {text}"}
        fresh.bulk([Operation(KIND, f"t{n}", 1, hidden) for n in range(50)])
        assert answers() == before

    @pytest.mark.parametrize("asked", AGGREGATIONS, ids=str)
    def test_counts(self, engine: Engine, asked: Any) -> None:
        inside = q.Range("updated_at", lt=datetime(2026, 2, 5, tzinfo=UTC))
        expression = inside if "updated_at" in str(asked) else q.Everything()
        assert counted(engine, asked, expression) == _plain_counts(asked, plainly(expression))

    @pytest.mark.parametrize(
        "order", [{"_count": "desc"}, {"_count": "asc"}, {"_key": "asc"}, {"_key": "desc"}], ids=str
    )
    def test_counts_of_very_many_values(self, crowded: Engine, order: Any) -> None:
        """More than 65 000, most of them equally frequent."""
        counts = Counter(tag for tags in _crowd() for tag in tags)
        keys = sorted(counts, reverse=order.get("_key") == "desc")
        if direction := order.get("_count"):
            keys.sort(key=lambda tag: counts[tag], reverse=direction == "desc")
        for size in (5, 100):
            answer = counted(crowded, {"terms": {"field": "tags", "size": size, "order": order}})
            kept = [{"key": tag, "doc_count": counts[tag]} for tag in keys[:size]]
            assert answer["buckets"] == kept
            others = sum(counts.values()) - sum(one["doc_count"] for one in kept)
            assert answer["sum_other_doc_count"] == others

    def test_counts_within_counts(self, engine: Engine) -> None:
        asked = {
            "s": {
                "terms": {"field": "status"},
                "aggs": {
                    "f": {"terms": {"field": "format"}, "aggs": {"w": {"sum": {"field": "cores"}}}},
                    "on": {"terms": {"field": "on"}},
                },
            },
            "m": {
                "date_histogram": {"field": "updated_at", "calendar_interval": "month"},
                "aggs": {"s": {"terms": {"field": "status"}}},
            },
            "c": {
                "histogram": {"field": "cores", "interval": 10},
                "aggs": {"r": {"range": {"field": "weight", "ranges": [{"to": 5}]}}},
            },
        }
        wanted = aggregations.typed(SCHEMA, aggregation_parser.parse(asked))
        result = engine.search(SearchRequest(size=0, aggregations=wanted))
        for bucket in _buckets(result.aggregations["s"]):
            ids = plainly(q.Term("status", str(bucket.key)))
            assert bucket.count == len(ids)
            for inner in _buckets(bucket.inner["f"]):
                both = ids & plainly(q.Term("format", str(inner.key)))
                assert inner.count == len(both)
                cores = [v for i in both for v in _values(i, "cores")]
                stats = inner.inner["w"]
                assert isinstance(stats, Stats)
                assert (stats.count, stats.sum) == (len(cores), sum(cores))
        for bucket in _buckets(result.aggregations["m"]):
            start = dates.from_epoch(int(bucket.key))  # type: ignore[arg-type]
            ids = plainly(q.Range("updated_at", gte=start, lt=dates.step(start, "M", 1)))
            expected = Counter(v for i in ids for v in _values(i, "status"))
            assert {b.key: b.count for b in _buckets(bucket.inner["s"])} == dict(expected)
        for bucket in _buckets(result.aggregations["c"]):
            ids = plainly(q.Range("cores", gte=bucket.key, lt=bucket.key + 10))  # type: ignore[operator]
            light = [i for i in ids if any(v < 5 for v in _values(i, "weight"))]
            assert _buckets(bucket.inner["r"])[0].count == len(light)

    @pytest.mark.parametrize(
        "asked",
        [
            {"terms": {"field": "members"}},
            {"terms": {"field": "format", "size": 5000}},
            {"terms": {"field": "format", "script": "1"}},
            {"stats": {"field": "name"}},
            {"avg": {"field": "properties.os"}},
            {"histogram": {"field": "created_at", "interval": 5}},
            {"histogram": {"field": "size", "interval": 1}},
            {"histogram": {"field": "size", "interval": 0}},
            {"date_histogram": {"field": "cores", "calendar_interval": "month"}},
            {"date_histogram": {"field": "created_at", "fixed_interval": "1ms"}},
            {"date_histogram": {"field": "created_at", "calendar_interval": "2w"}},
            {"range": {"field": "cores", "ranges": [{"from": "many"}]}},
            {"range": {"field": "cores", "ranges": [{"to": 1}, {"to": 1}]}},
            {"significant_terms": {"field": "name"}},
        ],
        ids=str,
    )
    def test_what_cannot_be_counted_is_refused(self, engine: Engine, asked: Any) -> None:
        with pytest.raises(QueryRefused) as refused:
            counted(engine, asked)
        assert refused.value.message

    def test_rights_hold_for_hits_totals_and_counts(self, engine: Engine) -> None:
        rights = q.any_of(q.Term("members", "p2"), q.Term("project_id", "p1"))
        wanted = aggregation_parser.parse(
            {"owners": {"terms": {"field": "owner"}}, "sizes": {"stats": {"field": "weight"}}}
        )
        result = engine.search(
            SearchRequest(query=q.Everything(), rights=rights, size=200, aggregations=wanted)
        )
        mine = {
            i
            for i, body in BODIES.items()
            if body.get("project_id") == "p1" or "p2" in (body.get("members") or [])
        }
        assert {hit.id for hit in result.hits} == mine
        assert result.total == len(mine)
        owners = Counter(BODIES[i]["owner"] for i in mine)
        assert {b.key: b.count for b in _buckets(result.aggregations["owners"])} == dict(owners)
        weights = [v for i in mine for v in _values(i, "weight")]
        assert result.aggregations["sizes"].count == len(weights)  # type: ignore[union-attr]

    def test_marked_words_are_of_the_body(self, engine: Engine) -> None:
        expression = dsl.parse(SCHEMA, "quick bro")
        resolved = resolve_query(SCHEMA, expression)
        for hit in engine.search(SearchRequest(query=expression, size=200)).hits:
            marked = highlighting.highlights(SCHEMA, resolved, hit.body, Highlight(("*",)))
            assert marked
            assert "property_text" not in marked

    @settings(
        max_examples=80,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.differing_executors,
        ],
    )
    @given(data=st.data())
    def test_random_queries_and_orders(self, engine: Engine, data: st.DataObject) -> None:
        expression = data.draw(queries)
        sorts = data.draw(sortings)
        expected = plainly(expression)
        ranks = plain_ranks(expression)
        assert ranked(engine, expression) == ranks
        assert ranked(engine, expression, size=7, offset=3) == ranks[3:10]
        page = engine.search(SearchRequest(query=expression, sorts=sorts, size=9, offset=2))
        assert [hit.id for hit in page.hits] == plain_order(expected, sorts)[2:11]

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(text=st.text(max_size=12) | st.sampled_from(TEXTS))
    def test_any_text_can_be_typed(self, engine: Engine, text: str) -> None:
        for document in (text, {"query_string": {"query": text, "lenient": True}}):
            try:
                expression = dsl.parse(SCHEMA, document)
            except QueryRefused:
                continue
            try:
                expected = plainly(expression)
            except QueryRefused:
                with pytest.raises(QueryRefused):
                    found(engine, expression)
                continue
            assert found(engine, expression) == expected

    def test_versions_decide(self, fresh: Engine) -> None:
        body = BODIES["id-01"]

        def write(version: int, content: Any) -> Verdict:
            return fresh.bulk([Operation(KIND, "a", version, content)])[0].verdict

        assert write(5, body) is Verdict.ACCEPTED
        assert write(5, {**body, "status": "again"}) is Verdict.ACCEPTED, "a replay is harmless"
        assert write(4, body) is Verdict.SUPERSEDED
        assert write(4, None) is Verdict.SUPERSEDED
        assert write(7, None) is Verdict.ACCEPTED
        assert write(7, None) is Verdict.ACCEPTED
        assert write(6, body) is Verdict.SUPERSEDED, "a late write does not bring it back"
        fresh.refresh()
        assert list(fresh.scan()) == []
        assert fresh.versions([(KIND, "a")]) == {}
        assert write(8, body) is Verdict.ACCEPTED
        fresh.refresh()
        assert list(fresh.scan()) == [(KIND, "a", 8)]
        assert fresh.versions([(KIND, "a"), (KIND, "b")]) == {(KIND, "a"): 8}
        assert write(2**62, None) is Verdict.ACCEPTED

    def test_operations_of_one_batch_are_done_in_order_and_each_for_itself(
        self, fresh: Engine
    ) -> None:
        outcomes = fresh.bulk(
            [
                Operation(KIND, "a", 2, {"status": "new"}),
                Operation(KIND, "a", 1, {"status": "old"}),
                Operation(KIND, "b", 1, {"properties": "no mapping"}),
                Operation(KIND, "c", 1, {"odd": object()}),
                Operation(KIND, "d", 1, {}),
                Operation("OS::Other", "a", 1, {"status": "another type's"}),
            ]
        )
        accepted, superseded, rejected = Verdict.ACCEPTED, Verdict.SUPERSEDED, Verdict.REJECTED
        assert [one.verdict for one in outcomes] == [
            accepted, superseded, rejected, rejected, accepted, accepted,
        ]  # fmt: skip
        assert all(one.error for one in outcomes if one.verdict is rejected)
        fresh.refresh()
        assert set(fresh.scan()) == {(KIND, "a", 2), (KIND, "d", 1), ("OS::Other", "a", 1)}
        assert fresh.search(SearchRequest(query=q.Term("status", "new"))).total == 1
        assert fresh.bulk([]) == []

    def test_a_long_id_is_found_again(self, fresh: Engine) -> None:
        id_ = "日" * 255
        fresh.bulk([Operation(KIND, id_, 3, {"status": "x"})])
        fresh.refresh()
        assert list(fresh.scan()) == [(KIND, id_, 3)]
        assert fresh.versions([(KIND, id_)]) == {(KIND, id_): 3}
        assert [hit.id for hit in fresh.search(SearchRequest(query=q.Term("id", id_))).hits] == [
            id_
        ]

    def test_a_rebuild_takes_live_writes_and_swaps_at_once(self, fresh: Engine) -> None:
        fresh.bulk(operations())
        before = fresh.live().name
        with fresh.rebuilding(SCHEMA) as generation:
            fresh.bulk([Operation(KIND, "id-01", 9, {**BODIES["id-01"], "status": "live"})])
            fresh.bulk([Operation(KIND, "id-02", 9, None)])
            fresh.bulk([o for o in operations(2) if o.id != "id-03"], into=generation)
            fresh.refresh()
            assert len(list(fresh.scan())) == len(BODIES) - 1
            assert len(list(fresh.scan(generation))) == len(BODIES) - 2
            with pytest.raises(RebuildRunning), fresh.rebuilding(SCHEMA):
                pass
            fresh.commit_rebuild(generation)
        fresh.refresh()
        assert fresh.live().name == generation.name != before
        kept = {(i, v) for _, i, v in fresh.scan()}
        assert ("id-01", 9) in kept
        assert not {i for i, _ in kept} & {"id-02", "id-03"}
        assert found(fresh, q.Term("status", "live")) == {"id-01"}

    def test_a_rebuild_that_fails_leaves_everything_as_it_was(self, fresh: Engine) -> None:
        fresh.bulk(operations())
        before = fresh.live().name
        with fresh.rebuilding(SCHEMA) as generation:
            fresh.bulk(operations()[:3], into=generation)
        fresh.bulk([Operation(KIND, "late", 1, {})])
        fresh.refresh()
        assert fresh.live().name == before
        assert len(list(fresh.scan())) == len(BODIES) + 1
        with fresh.rebuilding(SCHEMA) as again:
            fresh.commit_rebuild(again)
        with pytest.raises(EngineUnavailable):
            fresh.commit_rebuild(generation)

    def test_without_an_index_nothing_is_answered_and_nothing_is_made(self, empty: Engine) -> None:
        for question in (
            lambda: empty.search(SearchRequest()),
            lambda: empty.bulk([Operation(KIND, "a", 1, {})]),
            lambda: empty.versions([(KIND, "a")]),
            lambda: list(empty.scan()),
            empty.live,
            empty.check,
        ):
            with pytest.raises(IndexMissing):
                question()
        assert empty.ensure(SCHEMA)
        assert not empty.ensure(SCHEMA)
        assert empty.check()
        assert empty.search(SearchRequest()).total == 0

    def test_a_typed_property_is_read_as_definitions_read_it(self, fresh: Engine) -> None:
        """` 4` is no integer to them: it is found as the text that it is, and by no number."""
        texts = {"t0": "4", "t1": "4.0", "t2": "4e0", "t3": " 4", "t4": "+4", "t5": "4 "}
        fresh.bulk(
            [Operation(KIND, i, 1, {"properties": {"cores": text}}) for i, text in texts.items()]
        )
        fresh.refresh()
        numbers = {"t0", "t1", "t2"}
        for question in (
            q.Range("cores", gte=4, lte=4),
            q.Term("cores", 4),
            q.Term("cores", 4.0),
            *(q.Term("cores", texts[i]) for i in numbers),
        ):
            assert found(fresh, question) & texts.keys() == numbers, question
        for other in texts.keys() - numbers:
            assert found(fresh, q.Term("cores", texts[other])) & texts.keys() == {other}

    def test_newly_typed_keys_are_used_once_they_are_ready(self, empty: Engine) -> None:
        plain = schemas.build([Things()], {})
        empty.ensure(plain)
        old = [Operation(KIND, f"{n}", 1, {"properties": {"cores": f"{n}"}}) for n in (5, 9, 10)]
        empty.bulk(old)
        changed = schemas.extended(plain, {"cores": schemas.FieldType.LONG})
        assert changed is not None
        empty.change_schema(changed)
        more = [Operation(KIND, f"{n}", 1, {"properties": {"cores": f"{n}"}}) for n in (11, 100)]
        empty.bulk(more)
        empty.refresh()
        by_text = q.Range("cores", gt="9")
        assert empty.search(SearchRequest(query=by_text)).total == 0
        stale = q.all_of(q.Term(PROPERTY_KEYS.name, "cores"), q.Range(TYPING_SEQUENCE.name, lt=2))
        assert {h.id for h in empty.search(SearchRequest(rights=stale)).hits} == {"5", "9", "10"}
        empty.bulk(old)
        empty.refresh()
        assert empty.search(SearchRequest(rights=stale)).total == 0
        ready = {key: replace(one, ready=True) for key, one in changed.typings.items()}
        empty.change_schema(replace(changed, typings=ready))
        result = empty.search(
            SearchRequest(query=q.Range("cores", gt=9), sorts=(Sort("cores", descending=True),))
        )
        assert [hit.id for hit in result.hits] == ["100", "11", "10"]


def _crowd() -> Iterator[list[str]]:
    """Tags of nine documents; some are of two, four or five of them."""
    for n in range(9):
        shared = [f"b{k:05}" for k in range(60) if n < 2 + (k % 3) * (k % 2)]
        yield [*(f"a{n}{k:05}" for k in range(7_500)), *shared]


def _buckets(counted: Any) -> tuple[Any, ...]:
    assert isinstance(counted, Buckets)
    return counted.buckets


def _values(id_: str, name: str) -> list[Any]:
    target = aggregations.counted_target(SCHEMA, TermsAggregation(name))
    return list(DOCUMENTS[id_].values(target))


def _plain_counts(asked: Any, ids: set[str]) -> dict[str, Any]:
    """The answer as Elasticsearch would write it, counted in plain Python."""
    ((kind, options),) = asked.items()
    type_ = aggregations.counted_target(SCHEMA, TermsAggregation(options["field"])).type
    held = {i: set(_values(i, options["field"])) for i in ids}
    numbers = sorted(v for values in held.values() for v in values) if type_ != "keyword" else []
    if kind == "terms":
        return _plain_terms(options, held, type_)
    if kind in {"range", "date_range"}:
        return {"buckets": [_plain_range(one, numbers, type_) for one in options["ranges"]]}
    if kind in {"histogram", "date_histogram"}:
        return {"buckets": _plain_histogram(options, numbers)}
    values = {
        "count": len(numbers),
        "min": min(numbers),
        "max": max(numbers),
        "sum": pytest.approx(sum(numbers)),
        "avg": pytest.approx(sum(numbers) / len(numbers)),
    }
    if kind == "stats":
        return values
    shown = {"value": values["count" if kind == "value_count" else kind]}
    if type_ == "date":
        shown["value_as_string"] = dates.iso(shown["value"])
    return shown


def _plain_terms(options: Any, held: dict[str, set[Any]], type_: str) -> dict[str, Any]:
    counts = Counter(v for values in held.values() for v in values)
    by_key = sorted(counts, key=lambda v: v.encode() if isinstance(v, str) else v)
    ((name, direction),) = options.get("order", {"_count": "desc"}).items()
    down = direction == "desc"
    keys = by_key[::-1] if name == "_key" and down else by_key
    if name == "_count":
        keys = sorted(keys, key=lambda v: counts[v], reverse=down)
    kept = keys[: options.get("size", 10)]
    return {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": sum(counts.values()) - sum(counts[k] for k in kept),
        "buckets": [{**_plain_key(k, type_), "doc_count": counts[k]} for k in kept],
    }


def _plain_key(key: Any, type_: str) -> dict[str, Any]:
    if type_ == "date":
        return {"key": key, "key_as_string": dates.iso(key)}
    if type_ == "boolean":
        return {"key": int(key), "key_as_string": str(key).lower()}
    return {"key": key}


def _plain_range(one: Any, numbers: list[Any], type_: str) -> dict[str, Any]:
    edges = {}
    for name in ("from", "to"):
        if name in one:
            edge = dates.to_epoch(dates.parse(one[name])) if type_ == "date" else one[name]
            edges[name] = float(edge)
            if type_ == "date":
                edges[f"{name}_as_string"] = dates.iso(edge)
    shown = [edges.get(f"{n}_as_string", str(edges.get(n, "*"))) for n in ("from", "to")]
    low, high = edges.get("from", float("-inf")), edges.get("to", float("inf"))
    count = sum(1 for v in numbers if low <= v < high)
    return {"key": one.get("key", "-".join(shown)), "doc_count": count, **edges}


def _plain_histogram(options: Any, numbers: list[Any]) -> list[dict[str, Any]]:
    if "calendar_interval" in options:
        unit = {"month": "M", "week": "w", "quarter": "q", "year": "y", "day": "d"}[
            options["calendar_interval"]
        ]
        counts = Counter(dates.to_epoch(dates.floor(dates.from_epoch(v), unit)) for v in numbers)

        def after(start: int) -> int:
            return dates.to_epoch(dates.step(dates.from_epoch(start), unit, 1))
    else:
        step = options.get("interval") or 36 * 3600 * 1000
        counts = Counter(v // step * step for v in numbers)

        def after(start: int) -> int:
            return start + step

    keys = [min(counts)]
    while keys[-1] < max(counts):
        keys.append(after(keys[-1]))
    if options.get("min_doc_count") == 1:
        keys = sorted(counts)
    dated = "interval" not in options
    return [
        {**({"key": k, "key_as_string": dates.iso(k)} if dated else {"key": float(k)}),
         "doc_count": counts[k]}
        for k in keys
    ]  # fmt: skip


names = st.sampled_from(
    ["status", "format", "os", "properties.n", "owner", "tags", "cores", "name", "properties.a.b"]
)
keywords = st.sampled_from(
    ["active", "queued", "raw", "a/b", "x/y", "ubuntu", "7", "p1", "quick", "", "zzz", "日本", "é",
     "a\nb", "dot", "many", "A", "f" * 200]
)  # fmt: skip
whole = st.integers(-5, 45) | st.sampled_from([2**53, 2**53 + 1, -(2**63), 2**63 - 1, 2**64])
numbers = whole | st.floats(-10, 50) | st.sampled_from([2.5, 1e18, 1e30])
moments = st.datetimes(datetime(2025, 12, 1), datetime(2026, 4, 1)).map(  # noqa: DTZ001 - made aware
    lambda d: d.replace(tzinfo=UTC)
) | st.sampled_from(["2026", "2026-01", "2026-01-04", "2026-01-04T05", "2026-01-01||+1M/d"])
numeric = st.sampled_from(["size", "cores", "weight", "ratio"])
timed = st.sampled_from(["created_at", "updated_at", "born"])
phrases = st.lists(
    st.sampled_from(["quick", "brown", "fox", "lazy", "a", "thing", "日", "本", "22.04", "bro"]),
    min_size=1,
    max_size=3,
).map(" ".join)
text_fields = st.sampled_from([("name",), ("description",), ("name", "description"), ()])


def ranged(fields: Any, values: Any) -> Any:
    bounds = st.builds(
        lambda low, high, a, b: ({low: a} if low else {}) | ({high: b} if high else {}),
        st.sampled_from(["", "gt", "gte"]),
        st.sampled_from(["", "lt", "lte"]),
        values,
        values,
    )
    return st.builds(lambda field, found: q.Range(field, **found), fields, bounds)


leaves = (
    st.builds(q.Term, names, keywords)
    | st.builds(q.Terms, names, st.lists(keywords, min_size=1, max_size=3).map(tuple))
    | st.builds(q.Term, st.sampled_from(["valid", "protected", "on"]), st.booleans())
    | st.builds(q.Term, numeric, numbers)
    | st.builds(q.Term, timed, moments)
    | st.builds(q.Exists, names | numeric | timed)
    | ranged(numeric, numbers)
    | ranged(timed, moments)
    | ranged(names.filter(lambda n: n != "cores"), keywords)
    | st.builds(q.Prefix, names, keywords)
    | st.builds(q.Wildcard, names, st.sampled_from(["*", "?*", "a*", "*u*", "q??ck", "x/?"]))
    | st.builds(q.Match, text_fields, phrases, st.sampled_from(["and", "or"]))
    | st.builds(q.Phrase, text_fields, phrases, st.booleans())
)


def several(inner: Any) -> Any:
    return st.lists(inner, max_size=3).map(tuple)


queries = st.recursive(
    leaves,
    lambda inner: st.builds(
        q.Bool,
        must=several(inner),
        filter=several(inner),
        should=several(inner),
        must_not=several(inner),
        minimum=st.none() | st.integers(0, 2),
    ),
    max_leaves=8,
)
sortings = st.lists(
    st.builds(
        Sort,
        st.sampled_from(
            ["status", "tags", "size", "weight", "cores", "name", "properties.os", "on", "born"]
        ),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda s: s.field,
).map(tuple)
