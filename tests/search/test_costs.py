"""What a question may cost: its price by its form, what it may use up, and how many run at once."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from catalog import query as q
from catalog.actors import Actor
from catalog.callers import CallerGone, watched
from search import aggregations, bulkhead, patterns, query_cost
from search import schema as schemas
from search.conf import SearchConfig
from search.deadline import Deadline
from search.engine import Engine, Operation
from search.engines.embedded import ordering
from search.engines.embedded.engine import EmbeddedEngine
from search.engines.embedded.walking import Walking
from search.errors import QueryTooCostly, SearchOverdue
from search.parsing import bodies
from search.query_resolver import resolve_query
from search.relay import drain
from search.requests import Hit, SearchRequest
from search.resolved_query import ANY_ONE, ANY_RUN
from tests.conformance.search_suite import operations, plain_ranks, ranked
from tests.search.corpus import DECLARED, KIND, Things
from tests.search.shelf import Books
from tests.support.identity import headers_for, make_project, make_user

SEARCH = "/search/v1/search"
MANY = 100_000
SCHEMA = schemas.build([Things()], DECLARED)


def price(body: dict[str, Any], documents: int = MANY) -> int:
    question = bodies.parse(SCHEMA, body)
    request = SearchRequest(
        query=question.query,
        sorts=question.sorts,
        size=question.size,
        offset=question.offset,
        aggregations=aggregations.typed(SCHEMA, question.aggregations),
    )
    return query_cost.price(SCHEMA, resolve_query(SCHEMA, question.query), request, documents)


def strings(*parts: str) -> dict[str, Any]:
    return {"query": {"query_string": {"query": " OR ".join(parts)}}}


def ranges(count: int) -> dict[str, Any]:
    return {"range": {"field": "size", "ranges": [{"to": n} for n in range(count)]}}


def should(clause: Any, times: int) -> dict[str, Any]:
    return {"query": {"bool": {"should": [clause] * times}}}


def within(outer: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    return {"aggs": {"a": {**outer, "aggs": {"b": inner}}}}


TOO_COSTLY: list[tuple[dict[str, Any], str]] = [
    (strings(*(f"*{n:02}*" for n in range(64))), "*00*"),
    (strings(*(f"*{n:02}*" for n in range(250))), "query"),
    (should({"terms": {"os_distro": ["x"] * 1000}}, 11), "query"),
    (strings(*["?a*"] * 3), "?a*"),
    (strings(*(f"{letter}*" for letter in "abcdefghijklmnopqrstuvwxyz" * 3)), "a*"),
    (strings(*['"one two three"'] * 60), "query"),
    (strings(*(f"word{n}" for n in range(200))), "query"),
    (should({"match_phrase_prefix": {"name": "one two t"}}, 60), "t*"),
    (should({"match_phrase_prefix": {"name": "t"}}, 120), "t*"),
    (should({"wildcard": {"properties.os": "*x*"}}, 14), "*x*"),
    (should({"range": {"name": {"gte": "b", "lt": "x"}}}, 14), "name.raw:[b TO x]"),
    (should({"terms": {"format": [f"{n}" for n in range(1000)]}}, 40), "query"),
    ({"query": {"match": {"name": " ".join(f"w{n}" for n in range(1500))}}}, "query"),
    (should({"match": {"name": "word " * 3000}}, 3), "query"),
    (should({"query_string": {"query": "word-and-more " * 200}}, 4), "query"),
    (should({"wildcard": {"name": "abc*" + "de*f" * 9}}, 40), "abc*" + "de*f" * 9),
    (should({"wildcard": {"name": "abc*d?e?f?g"}}, 20), "abc*d?e?f?g"),
    ({"sort": ["name"], "offset": 9000}, "sort"),
    ({"sort": ["name", "format", "properties.os", "status"], "offset": 2000}, "sort"),
    ({"limit": 10_000, "sort": ["name"]}, "sort"),
    (within(ranges(50), {"terms": {"field": "id"}}), "aggregations within aggregations"),
    ({"aggs": {f"{n}": {"terms": {"field": "id", "size": 9 + n}} for n in range(32)}}, "aggregations"),
    (
        {**within({"terms": {"field": "format", "size": 900}}, {"stats": {"field": "size"}}),
         "query": {"wildcard": {"name": "*a*"}}},
        "*a*",
    ),
    (
        {**within({"terms": {"field": "format", "size": 900}}, {"stats": {"field": "size"}}),
         **should({"term": {"status": "x"}}, 240)},
        "query",
    ),
]  # fmt: skip
ORDINARY: list[dict[str, Any]] = [
    {},
    {"query": "ubuntu serv", "aggs": {"s": {"terms": {"field": "status"}}}},
    {"query": "ubuntu-22"},
    {"query": "several words that somebody types"},
    strings("debian AND NOT name:old", "os:ub*", "size:>=10"),
    {"query": {"wildcard": {"name": "*buntu*"}}},
    {"query": {"term": {"name": "cirros"}}, "sort": [{"created_at": "desc"}, "name"]},
    {"sort": ["size"], "offset": 9_000, "limit": 1000},
    within({"terms": {"field": "status"}}, {"sum": {"field": "size"}}),
    within(ranges(10), {"terms": {"field": "status"}}),
    {"aggs": {name: {"terms": {"field": name}} for name in ("status", "tags", "owner", "format")}},
]


@pytest.mark.parametrize(("body", "part"), TOO_COSTLY, ids=lambda given: str(given)[:50])
def test_what_would_take_too_long_is_refused_and_named(body: dict[str, Any], part: str) -> None:
    with pytest.raises(QueryTooCostly) as refused:
        price(body)
    assert refused.value.facts["part"] == part
    assert "property_text" not in refused.value.message


@pytest.mark.parametrize("body", ORDINARY, ids=lambda given: str(given)[:50])
def test_ordinary_questions_are_answered_by_large_indexes(body: dict[str, Any]) -> None:
    assert price(body, 1_000_000) <= query_cost.MOST


@pytest.mark.parametrize(
    "pattern",
    ["abc*d?e", "*d?e", "abc" + "*de" * 9, "*" + "long" * 40, "*?*?*?*?*" + "a" * 60],
)
def test_patterns_that_are_hard_to_make_need_a_place(pattern: str) -> None:
    """Making them is the price, whatever documents there are."""
    assert price(should({"wildcard": {"name": pattern}}, 3), 1) > query_cost.LIGHT


def test_placeholders_side_by_side_are_in_order() -> None:
    same = {tuple(patterns.parts(pattern)) for pattern in ("a*?*?b", "a?*?b", "a??*b", "a*??***b")}
    assert same == {("a", ANY_ONE, ANY_ONE, ANY_RUN, "b")}
    assert list(patterns.parts(r"\*?*\?\a\\")) == ["*", ANY_ONE, ANY_RUN, "?a\\"]
    assert patterns.written(["*", ANY_ONE, ANY_RUN]) == "*?*"


def test_a_leaf_is_not_begun_when_nothing_is_left(embedded: EmbeddedEngine) -> None:
    request = SearchRequest(query=q.any_of(q.Wildcard("name", "a*b"), q.Range("name", gt="b")))
    with pytest.raises(SearchOverdue):
        embedded.search(request, Deadline(60.0, -1.0))


def test_a_pattern_without_a_beginning_is_looked_for_in_all_fields() -> None:
    price(strings("*ab*"))
    price({**strings("*ab*"), "aggs": {"s": {"terms": {"field": "status"}}}})


def test_single_documents_change_no_price() -> None:
    assert len({price({"query": "a word"}, n) for n in (70_000, 99_999, 131_072)}) == 1
    assert price({"query": "a word"}, 131_073) > price({"query": "a word"}, 131_072)


@pytest.mark.parametrize(("seconds", "cpu_seconds"), [(-1.0, 60.0), (60.0, -1.0)])
def test_what_is_used_up_ends_a_question(seconds: float, cpu_seconds: float) -> None:
    Deadline(60.0, 60.0).check()
    with pytest.raises(SearchOverdue) as ended:
        Deadline(seconds, cpu_seconds).check()
    assert int(ended.value.facts["headers"]["Retry-After"]) > 0


# ── on both engines, over HTTP ─────────────────────────────────────────────────────────────────


@pytest.fixture
def ask(client: Client, engine: Engine, books: Books) -> Callable[..., HttpResponse]:
    """A member's question; there are three books of hers."""
    project = make_project("ours")
    headers = headers_for(make_user("ada", project), project)
    for number in range(3):
        books.write(f"book {number}", project_id=project.pk, description="long " * 200)
    drain()
    engine.refresh()

    def asked(body: dict[str, Any] | None = None, path: str = SEARCH) -> HttpResponse:
        if body is None:
            return client.get(path, headers=headers)  # type: ignore[return-value]
        return client.post(path, body, "application/json", headers=headers)  # type: ignore[return-value]

    return asked


def changed(monkeypatch: pytest.MonkeyPatch, section: type, **values: Any) -> None:
    monkeypatch.setitem(settings.VITRINE, section, replace(settings.VITRINE[section], **values))


@pytest.mark.django_db
def test_the_part_is_named_to_callers(
    ask: Callable[..., Any], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "documents", lambda: MANY)
    refused = ask(TOO_COSTLY[0][0])
    assert (refused.status_code, refused.json()["code"]) == (400, "query_too_costly")
    assert refused.json()["part"] == "*00*"
    assert ask({"query": "book"}).json()["hits"]["total"] == 3
    assert ask(None, f"{SEARCH}/facets").status_code == 200


@pytest.mark.django_db
def test_a_question_that_takes_too_long_is_ended_and_nothing_is_told_of_it(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(monkeypatch, SearchConfig, cpu_seconds=0.0)
    for ended in (ask({"query": "*boo*"}), ask({}), ask(None, f"{SEARCH}/facets")):
        assert (ended.status_code, ended.json()["code"]) == (503, "search_overdue")
        assert int(ended["Retry-After"]) > 0
        assert "boo" not in ended.content.decode()


@pytest.mark.django_db
def test_a_question_ends_when_nobody_waits_for_it(engine: Engine, books: Books) -> None:
    books.write("a")
    drain()
    with watched(lambda: True), pytest.raises(CallerGone):
        engine.search(SearchRequest(), Deadline(60.0, 60.0))
    assert engine.search(SearchRequest()).total <= 1, "what the service asks itself goes on"


@pytest.mark.django_db
def test_what_a_page_does_not_take_is_not_read(engine: Engine, books: Books) -> None:
    for number in range(9):
        books.write(f"book {number}")
    drain()
    engine.refresh()
    seen: list[Hit] = []

    def first_two(hits: Iterable[Hit]) -> list[Hit]:
        for hit in hits:
            seen.append(hit)
            if len(seen) == 2:
                return seen
        raise AssertionError

    found = engine.search(SearchRequest(size=9), Deadline(60.0, 60.0), first_two)
    assert (found.total, len(found.hits), len(seen)) == (9, 2, 2)


@contextmanager
def searching(project: str, count: int) -> Iterator[None]:
    """So many questions of a project run in the block."""
    over, begun = threading.Event(), threading.Barrier(count + 1)

    def hold() -> None:
        with bulkhead.permit(Actor(project_id=project), query_cost.MOST):
            begun.wait(60)
            over.wait(60)

    threads = [threading.Thread(target=hold) for _ in range(count)]
    for one in threads:
        one.start()
    begun.wait(60)
    try:
        yield
    finally:
        over.set()
        for one in threads:
            one.join()


@pytest.mark.django_db
def test_a_project_leaves_places_to_others(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulkhead, "LIGHT", -1)
    ours = ask({"limit": 1}).json()["hits"]["hits"][0]["_source"]["project_id"]
    with searching("theirs", 1):
        assert ask({}).status_code == 200
    with searching(ours, 1):
        for crowded in (ask({}), ask(None, f"{SEARCH}/facets")):
            assert (crowded.status_code, crowded.json()["code"]) == (503, "too_many_searches")
            assert crowded["Retry-After"] == "1"
        monkeypatch.setattr(bulkhead, "LIGHT", query_cost.LIGHT)
        assert ask({}).status_code == 200, "what is over in a moment needs no place"


# ── the embedded engine ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def embedded(tmp_path: Any) -> EmbeddedEngine:
    made = EmbeddedEngine(tmp_path / "search")
    made.ensure(SCHEMA)
    made.bulk(operations())
    return made


def test_ties_are_found_in_a_part_of_the_documents(
    embedded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [Operation(KIND, f"more-{n}", 1, {"name": "quick quicker"}) for n in range(300)]
    embedded.bulk([*more[:100], Operation(KIND, "best", 1, {"name": "quick brown"})])
    embedded.bulk(more[100:])
    expression = q.Match(("name", "description"), "quick brown")
    whole = ranked(embedded, expression, size=1000)
    monkeypatch.setattr(ordering, "ROOM", 1)
    for enough in (1, 8):
        monkeypatch.setattr(ordering, "ENOUGH", max(enough, 2))
        for start in (0, 1, 3, 40, 299, 330):
            page = ranked(embedded, expression, size=7, offset=start)
            assert page == whole[start : start + 7]


def test_ranks_are_the_same_however_many_are_asked_for_at_once(
    embedded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "ROOM", 1)
    for text in ("quick fox", "lazy dog server", "a thing"):
        expression = q.Match((), text)
        ranks = plain_ranks(expression)
        for start in range(0, len(ranks), 3):
            assert ranked(embedded, expression, size=3, offset=start) == ranks[start : start + 3]


def test_words_that_take_long_to_go_through_end_a_question_before_it_runs(
    embedded: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def slow(*given: Any) -> float:
        tried.append(given[-1].beginning)
        return 0.3

    monkeypatch.setattr(Walking, "_tried", slow)
    request = SearchRequest(query=q.any_of(*(q.Wildcard("name", f"a{n}*") for n in range(9))))
    with pytest.raises(SearchOverdue) as ended:
        embedded.search(request, Deadline(60.0, 1.0))
    assert "a0" not in ended.value.message
    assert len(tried) == 2, "nothing more is tried than is needed"
    assert embedded.search(request).total == 0


def test_going_through_words_is_tried_once(embedded: EmbeddedEngine) -> None:
    request = SearchRequest(query=q.Wildcard("name", "*uic*"))
    for _ in range(2):
        embedded.search(request, Deadline(60.0, 60.0))
    known = embedded._current().walking._seconds
    assert [key[1] for key in known] == [""]
