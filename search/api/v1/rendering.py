"""Answers of Search v1, shaped as Searchlight's: an Elasticsearch reply with a plain number as the total."""

from typing import Any

from catalog.indexing.documents import FieldType
from search import selectors
from search.caller_search import CallerSearch
from search.facets import Facet, TypeFacets
from search.requests import Hit, SearchResult

_TYPES = {FieldType.KEYWORD: "string", FieldType.TEXT: "string"}


def reply(question: CallerSearch, result: SearchResult) -> dict[str, Any]:
    """The whole reply; `consistent` is there when the caller asked to wait, `next_offset` when there were more hits
    than a page holds.
    """
    scores = [hit.score for hit in result.hits if hit.score is not None]
    document: dict[str, Any] = {
        "took": result.milliseconds,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "hits": {
            "total": result.total,
            "max_score": max(scores) if scores else None,
            "hits": [_hit(question, result, hit) for hit in result.hits],
        },
    }
    if question.aggregations:
        document["aggregations"] = selectors.shown_aggregations(question, result)
    if result.next_offset is not None:
        document["next_offset"] = result.next_offset
    if result.consistent is not None:
        document["consistent"] = result.consistent
    return document


def facets(found: dict[str, TypeFacets], *, fields: bool) -> dict[str, Any]:
    """`{type: {doc_count, facets}}`; `more_facets` and `more_options` where not all are there."""
    return {
        name: {"doc_count": one.count}
        | ({"facets": [_facet(facet) for facet in one.facets]} if fields else {})
        | ({"more_facets": True} if one.more else {})
        for name, one in found.items()
    }


def _hit(question: CallerSearch, result: SearchResult, hit: Hit) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "_index": result.index,
        "_type": hit.resource_type,
        "_id": hit.id,
        "_score": hit.score,
    }
    if question.version:
        shown["_version"] = hit.version
    if question.source.wanted:
        shown["_source"] = hit.body
    if hit.highlight:
        shown["highlight"] = hit.highlight
    if question.sorts:
        shown["sort"] = list(hit.sort)
    return shown


def _facet(facet: Facet) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": facet.name, "type": _TYPES.get(facet.type, facet.type.value)}
    if facet.label:
        shown["label"] = facet.label
    if facet.exact:
        shown["facet_field"] = facet.exact
    if facet.declared:
        shown["declared"] = True
    if facet.options is not None:
        shown["options"] = [
            {"key": bucket.key, "doc_count": bucket.count} for bucket in facet.options
        ]
    if facet.more:
        shown["more_options"] = True
    return shown
