"""One question to Elasticsearch. Bodies may be long, so a caller's hits come in parts that grow as the bodies allow."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from catalog.conf import CatalogConfig, section
from catalog.indexing.documents import FieldType
from search import ordering
from search.deadline import UNBOUNDED, Deadline
from search.engine import Generation, Page
from search.engines.elasticsearch import aggregating, layout
from search.engines.elasticsearch.client import told
from search.engines.elasticsearch.compiler import compile_query
from search.errors import EngineUnavailable, SearchOverdue
from search.query_resolver import resolve_query
from search.requests import Hit, SearchRequest, SearchResult
from search.resolved_query import Combined
from search.schema import Schema

FIRST = 25
"""Hits that are asked for before it is known how long they are."""


class Searching:
    """Asks one generation. `longest`: seconds that Elasticsearch may take at most."""

    def __init__(
        self,
        client: Elasticsearch,
        generation: Generation,
        request: SearchRequest,
        deadline: Deadline,
        *,
        longest: float,
    ) -> None:
        self._client, self._generation, self._request = client, generation, request
        self._deadline, self._longest = deadline, longest
        self._schema = generation.schema.seen(request.hidden)
        self._query = resolve_query(self._schema, request.query)

    def run(self, page: Page) -> SearchResult:
        request = self._request
        first = request.size if self._deadline is UNBOUNDED else min(request.size, FIRST)
        answer = self._ask(
            size=first,
            from_=request.offset,
            aggs=aggregating.compiled(self._schema, request.aggregations) or None,
            track_total_hits=True,
        )
        return SearchResult(
            total=answer["hits"]["total"]["value"],
            hits=tuple(page(self._hits(answer["hits"]["hits"], first))),
            aggregations=aggregating.counted(
                self._schema, request.aggregations, answer.get("aggregations", {})
            ),
            index=self._generation.name,
        )

    def _hits(self, part: list[dict[str, Any]], asked: int) -> Iterator[Hit]:
        """The hits of the first part, which had so many places, and of further ones that hold no more than a page."""
        ordered = ordering.narrowed(self._schema, self._request.sorts)
        left, room = self._request.size, section(CatalogConfig).page_bytes
        while part:
            size = 0
            for hit in part:
                self._deadline.check()
                size += len(orjson.dumps(hit["_source"]))
                yield _hit(ordered, self._request, hit)
            left -= len(part)
            if left <= 0 or len(part) < asked:
                return
            asked = min(left, max(1, room * len(part) // size))
            answer = self._ask(size=asked, search_after=part[-1]["sort"], track_total_hits=False)
            part = answer["hits"]["hits"]

    def _ask(self, **options: Any) -> Any:
        rights = resolve_query(self._schema, self._request.rights, internal=True)
        keys = ordering.resolved(self._schema, self._request.sorts)
        if self._deadline is not UNBOUNDED:
            self._deadline.check()
            options["timeout"] = f"{max(1, round(self._seconds() * 1000))}ms"
        with told(query=True):
            answer = self._client.search(
                index=self._generation.name,
                query=compile_query(Combined((self._query,), (rights,), (), (), 0)),
                sort=[*chain.from_iterable(map(_sort, keys)), {layout.TIE: "asc"}],
                source={"includes": [layout.BODY, "id", "resource_type"]},
                version=True,
                **options,
            )
        if answer["timed_out"] and self._deadline is not UNBOUNDED:
            raise SearchOverdue("the search takes too long and was ended; ask for less at once")
        if answer["_shards"]["failed"] or answer["timed_out"]:
            raise EngineUnavailable("not all of the index answered")
        return answer.body

    def _seconds(self) -> float:
        return min(self._deadline.left(), self._longest)


def _sort(key_: ordering.Key) -> list[dict[str, Any]]:
    if key_ == ordering.BY_SCORE:
        return [{"_score": "desc"}]
    options = {"order": "desc" if key_.descending else "asc", "missing": "_last"}
    place = layout.counted_place(key_.target)
    if key_.target.type is not FieldType.LONG:
        return [{place: options}]
    # A missing integer sorts as the largest, or smallest, of 64 bits, a missing double as infinity: it is behind both.
    return [{place: {**options, "numeric_type": "double"}}, {place: options}]


def _hit(schema: Schema, request: SearchRequest, hit: dict[str, Any]) -> Hit:
    source = hit["_source"]
    type_, id_, body = source["resource_type"][0], source["id"][0], source[layout.BODY]
    score = hit["_score"]
    return Hit(
        id=id_,
        resource_type=type_,
        version=hit["_version"],
        score=score,
        body=body,
        sort=ordering.values_of(schema, request.sorts, type_, id_, body, score),
    )
