"""Searching: rights added, the engine asked, bodies made fit for the caller. API and pages come through here."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import orjson

from catalog.actors import Actor
from catalog.conf import section
from catalog.pages import taken
from catalog.query import Exists, Expression
from search import (
    aggregations,
    bulkhead,
    consistency,
    engines,
    field_security,
    highlighting,
    opt_in,
    policies,
    presenting,
    query_cost,
    rights,
    spelling,
)
from search.caller_search import CallerSearch
from search.conf import SearchConfig
from search.deadline import Deadline, caller_deadline
from search.engine import Engine
from search.query_resolver import resolve_query
from search.requests import Hit, SearchRequest, SearchResult
from search.resolved_query import ResolvedQuery
from search.schema import Schema


def live_schema() -> Schema:
    """What questions are read against; IndexMissing before the relay has run."""
    return engines.current().live().schema


def opened(query: Expression) -> frozenset[str]:
    """What the query opens, for questions that are parts of it. QueryRefused."""
    return opt_in.compared(resolve_query(live_schema(), query))


def waiting(actor: Actor, question: CallerSearch) -> consistency.IndexWait:
    """What the question asks to wait for, for who waits without a thread. SearchForbidden by policy."""
    _require(actor, question)
    return consistency.IndexWait(section(SearchConfig).wait_limit)


def search(actor: Actor, question: CallerSearch, *, consistent: bool | None = None) -> SearchResult:
    """What the actor finds. Bodies hold what was asked of them; histograms have their empty steps. A question that
    asks to wait has waited already where `consistent` says what that came to.

    QueryRefused for what cannot be asked, SearchForbidden by policy, EngineUnavailable when the engine is away,
    TooManySearches and SearchOverdue when it is busy, or the question keeps it busy.
    """
    types = _require(actor, question)
    started = time.monotonic()
    if question.consistency == "wait" and consistent is None:
        consistent = consistency.wait(section(SearchConfig).wait_limit)
    found = _answered(actor, question, types)
    milliseconds = round((time.monotonic() - started) * 1000)
    return replace(found, consistent=consistent, milliseconds=milliseconds)


def _answered(actor: Actor, question: CallerSearch, types: list[str]) -> SearchResult:
    engine = engines.current()
    hidden = field_security.hidden_from(actor, types)
    schema = engine.live().schema.seen(hidden)
    resolved = resolve_query(schema, question.query)
    if question.highlight is not None:
        highlighting.check(schema, question.highlight, question.size)
    request = SearchRequest(
        query=question.query,
        rights=rights.visible(
            actor,
            types,
            opened=question.opened | opt_in.compared(resolved),
            all_projects=question.all_projects,
        ),
        hidden=hidden,
        sorts=question.sorts,
        size=question.size,
        offset=question.offset,
        aggregations=aggregations.typed(schema, question.aggregations),
    )
    price = query_cost.price(schema, resolved, request, engine.documents())
    with bulkhead.permit(actor, price):
        deadline, cut = caller_deadline(), False
        spelling.check(schema, question, _holding(engine, request, deadline))

        def page(hits: Iterable[Hit]) -> list[Hit]:
            nonlocal cut
            shown = (_presented(schema, resolved, question, actor, hit, deadline) for hit in hits)
            found, cut = taken(shown, _bytes_of)
            return found

        result = engine.search(request, deadline, page)
        counted = aggregations.filled(request.aggregations, result.aggregations)
    following = question.offset + len(result.hits) if cut else None
    return replace(result, next_offset=following, aggregations=counted)


def _holding(engine: Engine, request: SearchRequest, deadline: Deadline) -> Callable[[str], bool]:
    """Whether any document that the caller may find has a property."""

    def holds(name: str) -> bool:
        asked = SearchRequest(
            query=Exists(name), rights=request.rights, hidden=request.hidden, size=0
        )
        return engine.search(asked, deadline).total > 0

    return holds


def _bytes_of(hit: Hit) -> int:
    return len(orjson.dumps((hit.body, hit.highlight)))


def _require(actor: Actor, question: CallerSearch) -> list[str]:
    """The types that are searched. SearchForbidden."""
    policies.require(actor, policies.QUERY)
    if question.aggregations:
        policies.require(actor, policies.AGGREGATIONS)
    return policies.searchable(actor, question.types)


def shown_aggregations(question: CallerSearch, result: SearchResult) -> dict[str, Any]:
    """The counts as Elasticsearch writes them."""
    schema = live_schema()
    wanted = aggregations.typed(schema, question.aggregations)
    return aggregations.shown(schema, wanted, result.aggregations)


def _presented(
    schema: Schema,
    resolved: ResolvedQuery,
    question: CallerSearch,
    actor: Actor,
    hit: Hit,
    deadline: Deadline,
) -> Hit:
    body = presenting.presented(schema, hit.resource_type, hit.body, actor)
    marked = {}
    if question.highlight is not None:
        marked = highlighting.highlights(schema, resolved, body, question.highlight, deadline)
    shown = presenting.filtered(body, question.source) if question.source.wanted else {}
    return replace(hit, body=shown, highlight=marked)
