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
from search.deadline import UNBOUNDED, Deadline
from search.engines.embedded.compiler import TantivyCompiler, count
from search.engines.embedded.counting import Counting, Counts, aggregate
from search.engines.embedded.layout import place
from search.errors import QueryRefused
from search.query_cost import together
from search.query_resolver import resolve_query
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


class Aggregating:
    """Answers aggregations over the documents of a query."""

    def __init__(
        self,
        searcher: Searcher,
        compiler: TantivyCompiler,
        schema: Schema,
        deadline: Deadline = UNBOUNDED,
    ) -> None:
        self._searcher, self._compiler, self._schema = searcher, compiler, schema
        self._deadline = deadline

    def all(self, found: Query, wanted: Mapping[str, Aggregation]) -> dict[str, Counted]:
        """One answer per name."""
        few, _ = together(self._schema, wanted)
        counts = self._top(found, few)
        answers: dict[str, Counted] = {}
        for name, one in wanted.items():
            self._deadline.check()
            if isinstance(one, TermsAggregation):
                counted = counts[name] if name in counts else self._top(found, {name: one})[name]
                answers[name] = self._terms(found, one, *counted)
            else:
                answers[name] = self._one(found, one)
        return answers

    def _top(
        self, found: Query, wanted: Mapping[str, TermsAggregation]
    ) -> dict[str, tuple[Counts, int]]:
        targets = {name: (one, counted_target(self._schema, one)) for name, one in wanted.items()}
        return Counting(self._searcher, self._deadline).top(found, targets)

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
        return aggregate(self._searcher, found, specification)

    def _terms(self, found: Query, one: TermsAggregation, counts: Counts, other: int) -> Buckets:
        target = counted_target(self._schema, one)
        buckets = []
        for value, documents in counts:
            inner: Mapping[str, Counted] = {}
            if one.inner:
                equal = resolve_query(self._schema, _is(one.field, target, value))
                inner = self.all(self._both(found, equal), one.inner)
            buckets.append(Bucket(value, documents, inner))
        return Buckets(tuple(buckets), other)

    def _stats(self, found: Query, target: Target) -> Stats:
        raw = self._native(found, {"s": {"stats": {"field": place(target)}}})["s"]
        return Stats(int(raw["count"]), raw["min"], raw["max"], raw["sum"])

    def _ranges(self, found: Query, one: RangeAggregation) -> Buckets:
        number_target(self._schema, one.field)
        buckets = []
        for bounds in one.ranges:
            inside = resolve_query(self._schema, Range(one.field, gte=bounds.start, lt=bounds.end))
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
            inside = resolve_query(
                self._schema, Range(one.field, gte=start, lt=start + one.interval)
            )
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
                inside = resolve_query(self._schema, Range(one.field, gte=first, lt=last))
                inner = self.all(self._both(found, inside), one.inner) if one.inner else {}
                buckets.append(Bucket(start, count, inner))
        return Buckets(tuple(buckets))

    def _both(self, found: Query, resolved: Any) -> Query:
        return Query.boolean_query(
            [(Occur.Must, found), (Occur.Must, self._compiler.compile(resolved))]
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


def _is(name: str, target: Target, value: Any) -> Any:
    return Term(name, dates.from_epoch(value) if target.type is FieldType.DATE else value)
