"""Aggregations in Elasticsearch's words, and its answers as values. Names are replaced, since callers' may
hold anything.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalog.indexing.documents import FieldType
from search import dates
from search.aggregations import counted_target, number_target
from search.engines.elasticsearch.layout import counted_place, place
from search.requests import (
    Aggregation,
    Bounds,
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

UNITS = {"y": "year", "q": "quarter", "M": "month", "w": "week", "d": "day", "h": "hour",
         "m": "minute"}  # fmt: skip


def compiled(schema: Schema, wanted: Mapping[str, Aggregation]) -> dict[str, Any]:
    """The request's part."""
    return {f"a{at}": _one(schema, one) for at, one in enumerate(wanted.values())}


def counted(
    schema: Schema, wanted: Mapping[str, Aggregation], answer: Mapping[str, Any]
) -> dict[str, Counted]:
    """The answer's part."""
    return {
        name: _counted(schema, one, answer[f"a{at}"])
        for at, (name, one) in enumerate(wanted.items())
    }


def _one(schema: Schema, one: Aggregation) -> dict[str, Any]:
    match one:
        case TermsAggregation():
            direction = "desc" if one.descending else "asc"
            order = (
                [{"_key": direction}] if one.by_key else [{"_count": direction}, {"_key": "asc"}]
            )
            place_ = counted_place(counted_target(schema, one))
            found: dict[str, Any] = {
                "terms": {
                    "field": place_,
                    "size": one.size,
                    "shard_size": max(one.size * 2, 1000),
                    "order": order,
                }
            }
        case StatsAggregation():
            return {"stats": {"field": place(number_target(schema, one.field))}}
        case RangeAggregation():
            found = _ranges(number_target(schema, one.field), one)
        case HistogramAggregation():
            found = {
                "histogram": {
                    "field": place(number_target(schema, one.field)),
                    "interval": one.interval,
                    "min_doc_count": 1,
                }
            }
        case DateHistogramAggregation():
            step = (
                {"calendar_interval": UNITS[one.unit]}
                if one.unit
                else {"fixed_interval": f"{one.milliseconds}ms"}
            )
            place_ = place(number_target(schema, one.field))
            found = {"date_histogram": {"field": place_, "min_doc_count": 1, **step}}
    return found | ({"aggs": compiled(schema, one.inner)} if one.inner else {})


def _ranges(target: Target, one: RangeAggregation) -> dict[str, Any]:
    dated = target.type is FieldType.DATE
    ranges = []
    for at, bounds in enumerate(one.ranges):
        edges = {"from": _edge(bounds.start), "to": _edge(bounds.end)}
        ranges.append({"key": f"r{at}", **{k: v for k, v in edges.items() if v is not None}})
    options: dict[str, Any] = {"field": place(target), "ranges": ranges}
    if dated:
        options["format"] = "epoch_millis"
    return {"date_range" if dated else "range": options}


def _edge(edge: Any) -> Any:
    return str(dates.to_epoch(edge)) if isinstance(edge, datetime) else edge


def _counted(schema: Schema, one: Aggregation, answer: Mapping[str, Any]) -> Counted:
    if isinstance(one, StatsAggregation):
        return Stats(answer["count"], answer["min"], answer["max"], answer["sum"] or 0.0)
    target = counted_target(schema, one)
    if isinstance(one, RangeAggregation):
        by_key = {bucket["key"]: bucket for bucket in answer["buckets"]}
        buckets = [
            _range_bucket(schema, one, bounds, by_key[f"r{at}"])
            for at, bounds in enumerate(one.ranges)
        ]
        return Buckets(tuple(buckets))
    return Buckets(
        tuple(
            Bucket(
                _key(one, target, bucket["key"]),
                bucket["doc_count"],
                counted(schema, one.inner, bucket),
            )
            for bucket in answer["buckets"]
        ),
        answer.get("sum_other_doc_count", 0),
    )


def _range_bucket(
    schema: Schema, one: RangeAggregation, bounds: Bounds, bucket: Mapping[str, Any]
) -> Bucket:
    return Bucket(bounds.key, bucket["doc_count"], counted(schema, one.inner, bucket))


def _key(one: Aggregation, target: Target, key: Any) -> Any:
    if isinstance(one, HistogramAggregation):
        return float(key)
    match target.type:
        case FieldType.BOOLEAN:
            return bool(key)
        case FieldType.DOUBLE:
            return float(key)
        case _:
            return key
