"""What may be counted, and how counts are filled and shown; the same for all engines."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from catalog.indexing.documents import FieldType
from catalog.query import Scalar
from search import dates, values
from search.comparing import NUMBERS
from search.errors import QueryRefused
from search.requests import (
    BUCKETS,
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
from search.resolving import Target, resolve, sortable
from search.schema import Schema


def counted_target(schema: Schema, one: Aggregation) -> Target:
    """The target whose values are counted: of a text, the whole ones."""
    internal = isinstance(one, TermsAggregation) and one.internal
    return sortable(resolve(schema, one.field, internal=internal))


def number_target(schema: Schema, name: str) -> Target:
    """A number or a date; QueryRefused for anything else."""
    target = resolve(schema, name)
    if target.type not in NUMBERS | {FieldType.DATE}:
        raise QueryRefused(f"{name} is a {target.type}; this needs a number or a date", field=name)
    return target


def too_many() -> QueryRefused:
    return QueryRefused(f"the histogram would have more than {BUCKETS} steps; widen the interval")


def typed(schema: Schema, wanted: Mapping[str, Aggregation]) -> dict[str, Aggregation]:
    """The aggregations with their ranges typed; QueryRefused when one cannot be asked of this schema."""
    return {name: _typed(schema, one) for name, one in wanted.items()}


def filled(wanted: Mapping[str, Aggregation], counted: Mapping[str, Counted]) -> dict[str, Counted]:
    """The counts with the empty steps of histograms put in."""
    return {name: _filled(wanted[name], one) for name, one in counted.items()}


def shown(
    schema: Schema, wanted: Mapping[str, Aggregation], counted: Mapping[str, Counted]
) -> dict[str, Any]:
    """The counts as Elasticsearch writes them."""
    return {name: _shown(schema, wanted[name], one) for name, one in counted.items()}


def questions_within(wanted: Mapping[str, Aggregation]) -> int:
    """About how many questions the aggregations within others make: each is asked once for every bucket."""
    asked = 0
    for one in wanted.values():
        inner: Mapping[str, Aggregation] = getattr(one, "inner", {})
        match one:
            case TermsAggregation():
                buckets = one.size
            case RangeAggregation():
                buckets = len(one.ranges)
            case _:
                buckets = 100
        asked += buckets * (len(inner) + questions_within(inner))
    return asked


def _typed(schema: Schema, one: Aggregation) -> Aggregation:
    match one:
        case StatsAggregation():
            number_target(schema, one.field)
            return one
        case RangeAggregation():
            target = number_target(schema, one.field)
            ranges = tuple(_typed_bounds(target, bounds) for bounds in one.ranges)
            if len({bounds.key for bounds in ranges}) < len(ranges):
                raise QueryRefused(f"two ranges of {one.field} have the same key", field=one.field)
            return replace(one, ranges=ranges, inner=typed(schema, one.inner))
        case HistogramAggregation() | DateHistogramAggregation():
            dated = number_target(schema, one.field).type is FieldType.DATE
            if dated != isinstance(one, DateHistogramAggregation):
                kind = "date_histogram" if dated else "histogram"
                raise QueryRefused(f"{one.field} needs a {kind}", field=one.field)
            return replace(one, inner=typed(schema, one.inner))
        case _:
            counted_target(schema, one)
            return replace(one, inner=typed(schema, one.inner))


def _typed_bounds(target: Target, bounds: Bounds) -> Bounds:
    start, end = _edge(target, bounds.start), _edge(target, bounds.end)
    shown_edges = [
        "*" if e is None else dates.iso(dates.to_epoch(e)) if isinstance(e, datetime) else str(e)
        for e in (start, end)
    ]
    return Bounds(bounds.key or "-".join(shown_edges), start, end)


def _edge(target: Target, value: Scalar | None) -> float | datetime | None:
    if value is None:
        return None
    try:
        if target.type is FieldType.DATE:
            if isinstance(value, bool):
                raise ValueError
            return dates.parse(value)
        number = values.asked_number(value)
        if number is None:
            raise ValueError
        return float(number)
    except (ValueError, OverflowError):
        raise QueryRefused(
            f"{str(value)[:80]!r} is no value for {target.name}, which is a {target.type}",
            field=target.name,
        ) from None


def _filled(one: Aggregation, counted: Counted) -> Counted:
    if not isinstance(counted, Buckets):
        return counted
    inner = getattr(one, "inner", {})
    buckets = [replace(bucket, inner=filled(inner, bucket.inner)) for bucket in counted.buckets]
    if isinstance(one, HistogramAggregation | DateHistogramAggregation) and one.fill and buckets:
        by_key = {bucket.key: bucket for bucket in buckets}
        empty = _empty(inner)
        buckets = [
            by_key.get(key, Bucket(key, 0, empty))
            for key in _steps(one, buckets[0].key, buckets[-1].key)
        ]
    return Buckets(tuple(buckets), counted.other)


def _empty(inner: Mapping[str, Aggregation]) -> dict[str, Counted]:
    found: dict[str, Counted] = {}
    for name, one in inner.items():
        match one:
            case StatsAggregation():
                found[name] = Stats(0, None, None, 0.0)
            case RangeAggregation():
                found[name] = Buckets(
                    tuple(Bucket(b.key, 0, _empty(one.inner)) for b in one.ranges)
                )
            case _:
                found[name] = Buckets()
    return found


def _steps(
    one: HistogramAggregation | DateHistogramAggregation, first: Any, last: Any
) -> list[Any]:
    steps: list[Any] = []
    while not steps or steps[-1] < last:
        if len(steps) >= BUCKETS:
            raise too_many()
        if isinstance(one, HistogramAggregation):
            steps.append(round((first + len(steps) * one.interval) / one.interval) * one.interval)
        elif one.milliseconds:
            steps.append(first + len(steps) * one.milliseconds)
        else:
            moment = dates.step(dates.from_epoch(first), one.unit, len(steps))
            steps.append(dates.to_epoch(moment))
    return steps


def _shown(schema: Schema, one: Aggregation, counted: Counted) -> dict[str, Any]:
    type_ = counted_target(schema, one).type
    if isinstance(counted, Stats):
        return _shown_stats(one, counted, type_)
    inner = getattr(one, "inner", {})
    ranges = {b.key: b for b in one.ranges} if isinstance(one, RangeAggregation) else {}
    buckets = []
    for bucket in counted.buckets:
        shown_bucket = _edges(ranges[str(bucket.key)]) if ranges else _key(bucket, type_)
        shown_bucket |= {"doc_count": bucket.count, **shown(schema, inner, bucket.inner)}
        buckets.append(shown_bucket)
    if isinstance(one, RangeAggregation | HistogramAggregation | DateHistogramAggregation):
        return {"buckets": buckets}
    return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": counted.other,
            "buckets": buckets}  # fmt: skip


def _key(bucket: Bucket, type_: FieldType) -> dict[str, Any]:
    if type_ is FieldType.DATE:
        return {"key": bucket.key, "key_as_string": dates.iso(int(bucket.key))}  # type: ignore[arg-type] # milliseconds
    if type_ is FieldType.BOOLEAN:
        return {"key": int(bool(bucket.key)), "key_as_string": "true" if bucket.key else "false"}
    return {"key": bucket.key}


def _edges(bounds: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"key": bounds.key}
    for name, edge in (("from", bounds.start), ("to", bounds.end)):
        moment = dates.to_epoch(edge) if isinstance(edge, datetime) else None
        if moment is not None:
            found[f"{name}_as_string"] = dates.iso(moment)
            found[name] = float(moment)
        elif edge is not None:
            found[name] = float(edge)
    return found


def _shown_stats(one: Aggregation, counted: Stats, type_: FieldType) -> dict[str, Any]:
    values: dict[str, Any] = {
        "count": counted.count,
        "min": counted.min,
        "max": counted.max,
        "avg": counted.avg,
        "sum": counted.sum,
    }
    dated = type_ is FieldType.DATE
    wanted = one.show if isinstance(one, StatsAggregation) else "stats"
    if wanted == "stats":
        extra = {
            f"{name}_as_string": dates.iso(int(values[name]))
            for name in ("min", "max", "avg")
            if dated and values[name] is not None
        }
        return values | extra
    value = values["count" if wanted == "value_count" else wanted]
    if dated and value is not None and wanted not in {"sum", "value_count"}:
        return {"value": value, "value_as_string": dates.iso(int(value))}
    return {"value": value}
