"""Aggregations on tantivy: counts of values in one pass; ranges and inner aggregations by a query per bucket."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from tantivy import Occur, Query, Searcher

from catalog.indexing.documents import FieldType
from catalog.query import Range, Term
from search import dates
from search.aggregations import counted_target, number_target, too_many
from search.binding import bind
from search.compilers.tantivy import TantivyCompiler, count
from search.engines.embedded.layout import counted_place, counted_value, place
from search.errors import QueryRefused
from search.requests import (
    BUCKETS,
    Aggregation,
    Bucket,
    Buckets,
    Counted,
    DateHistogramAggregation,
    HistogramAggregation,
    RangeAggregation,
    Stats,
    StatsAggregation,
    TermsAggregation,
)
from search.resolving import Target
from search.schema import Schema

DISTINCT = 65_000


class Aggregating:
    """Answers aggregations over the documents of a query."""

    def __init__(self, searcher: Searcher, compiler: TantivyCompiler, schema: Schema) -> None:
        self._searcher, self._compiler, self._schema = searcher, compiler, schema

    def all(self, found: Query, wanted: Mapping[str, Aggregation]) -> dict[str, Counted]:
        """One answer per name; values are counted in one pass over the documents."""
        targets = {
            name: counted_target(self._schema, one)
            for name, one in wanted.items()
            if isinstance(one, TermsAggregation)
        }
        native = self._native(
            found,
            {
                name: {"terms": {"field": counted_place(target), "size": DISTINCT}}
                for name, target in targets.items()
            },
        )
        answers: dict[str, Counted] = {}
        for name, one in wanted.items():
            if isinstance(one, TermsAggregation):
                answers[name] = self._terms(found, one, targets[name], native[name]["buckets"])
            else:
                answers[name] = self._one(found, one)
        return answers

    def _one(self, found: Query, one: Aggregation) -> Counted:
        match one:
            case StatsAggregation():
                return self._stats(found, number_target(self._schema, one.field))
            case RangeAggregation():
                return self._ranges(found, one)
            case HistogramAggregation():
                return self._histogram(found, one)
            case DateHistogramAggregation():
                return self._date_histogram(found, one)
        raise QueryRefused("there is no such aggregation")

    def _native(self, found: Query, specification: dict[str, Any]) -> dict[str, Any]:
        if not specification:
            return {}
        try:
            answer: dict[str, Any] = self._searcher.aggregate(found, specification)
        except ValueError as error:
            raise QueryRefused(f"this cannot be counted: {error}") from None
        return answer

    def _terms(
        self, found: Query, one: TermsAggregation, target: Target, raw: list[dict[str, Any]]
    ) -> Buckets:
        counts = [(_value(target, bucket["key"]), int(bucket["doc_count"])) for bucket in raw]
        counts.sort(key=lambda item: _order(item[0]), reverse=one.by_key and one.descending)
        if not one.by_key:
            counts.sort(key=lambda item: item[1], reverse=one.descending)
        kept = counts[: one.size]
        buckets = []
        for value, documents in kept:
            inner: Mapping[str, Counted] = {}
            if one.inner:
                equal = bind(self._schema, _is(one.field, target, value))
                inner = self.all(self._both(found, equal), one.inner)
            buckets.append(Bucket(value, documents, inner))
        return Buckets(tuple(buckets), sum(c for _, c in counts) - sum(c for _, c in kept))

    def _stats(self, found: Query, target: Target) -> Stats:
        raw = self._native(found, {"s": {"stats": {"field": place(target)}}})["s"]
        return Stats(int(raw["count"]), raw["min"], raw["max"], raw["sum"])

    def _ranges(self, found: Query, one: RangeAggregation) -> Buckets:
        number_target(self._schema, one.field)
        buckets = []
        for bounds in one.ranges:
            inside = bind(self._schema, Range(one.field, gte=bounds.start, lt=bounds.end))
            within = self._both(found, inside)
            inner = self.all(within, one.inner) if one.inner else {}
            buckets.append(Bucket(bounds.key, self._count(within), inner))
        return Buckets(tuple(buckets))

    def _histogram(self, found: Query, one: HistogramAggregation) -> Buckets:
        target = number_target(self._schema, one.field)
        specification = {"field": place(target), "interval": one.interval, "min_doc_count": 1}
        raw = self._native(found, {"h": {"histogram": specification}})["h"]["buckets"]
        buckets = []
        for bucket in raw:
            start = float(bucket["key"])
            inside = bind(self._schema, Range(one.field, gte=start, lt=start + one.interval))
            inner = self.all(self._both(found, inside), one.inner) if one.inner else {}
            buckets.append(Bucket(start, int(bucket["doc_count"]), inner))
        return Buckets(tuple(buckets))

    def _date_histogram(self, found: Query, one: DateHistogramAggregation) -> Buckets:
        target = number_target(self._schema, one.field)
        stats = self._stats(found, target)
        if stats.min is None or stats.max is None:
            return Buckets()
        edges = _edges(one, int(stats.min), int(stats.max))
        ranges = [{"from": float(a), "to": float(b)} for a, b in pairwise(edges)]
        raw = self._native(found, {"r": {"range": {"field": place(target), "ranges": ranges}}})
        counts = {
            int(bucket["from"]): int(bucket["doc_count"])
            for bucket in raw["r"]["buckets"]
            if bucket.get("from") is not None
        }
        buckets = []
        for start, end in pairwise(edges):
            if count := counts.get(start, 0):
                first, last = dates.from_epoch(start), dates.from_epoch(end)
                inside = bind(self._schema, Range(one.field, gte=first, lt=last))
                inner = self.all(self._both(found, inside), one.inner) if one.inner else {}
                buckets.append(Bucket(start, count, inner))
        return Buckets(tuple(buckets))

    def _both(self, found: Query, bound: Any) -> Query:
        return Query.boolean_query(
            [(Occur.Must, found), (Occur.Must, self._compiler.compile(bound))]
        )

    def _count(self, found: Query) -> int:
        return count(self._searcher, found)


def _edges(one: DateHistogramAggregation, low: int, high: int) -> list[int]:
    """The borders of the steps that hold `low` to `high`."""
    edges: list[int] = []
    if one.milliseconds:
        start = low // one.milliseconds * one.milliseconds
        if (high - start) // one.milliseconds >= BUCKETS:
            raise too_many()
        return list(range(start, high + one.milliseconds + 1, one.milliseconds))
    moment: datetime = dates.floor(dates.from_epoch(low), one.unit)
    while not edges or edges[-1] <= high:
        edges.append(dates.to_epoch(moment))
        moment = dates.step(moment, one.unit, 1)
        if len(edges) > BUCKETS + 1:
            raise too_many()
    return edges


def _value(target: Target, key: Any) -> Any:
    match target.type:
        case FieldType.BOOLEAN:
            return bool(key)
        case FieldType.DOUBLE:
            return float(key)
        case FieldType.LONG | FieldType.DATE:
            return int(key)
        case _:
            return counted_value(target, key)


def _order(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _is(name: str, target: Target, value: Any) -> Any:
    return Term(name, dates.from_epoch(value) if target.type is FieldType.DATE else value)
