"""Aggregations of a request, read into values: terms, stats and its parts, range, histogram, date_histogram."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from catalog.errors import Forbidden
from search.aggregations import questions_within
from search.errors import QueryRefused
from search.parsing.reading import choice, known, listed, mapping, scalar, text, whole
from search.requests import (
    BUCKETS,
    Aggregation,
    Bounds,
    DateHistogramAggregation,
    HistogramAggregation,
    RangeAggregation,
    StatsAggregation,
    TermsAggregation,
)

DEPTH, MOST, WORK = 3, 32, 2000
STATS = ("stats", "min", "max", "sum", "avg", "value_count")
UNITS = {
    "year": "y", "1y": "y", "quarter": "q", "1q": "q", "month": "M", "1M": "M", "week": "w",
    "1w": "w", "day": "d", "1d": "d", "hour": "h", "1h": "h", "minute": "m", "1m": "m",
}  # fmt: skip
_FIXED = re.compile(r"([1-9]\d{0,8})(ms|s|m|h|d)")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
Inner = dict[str, Aggregation]


class GlobalAggregationForbidden(Forbidden):
    """It would count what the caller may not see."""

    code = "global_aggregation_forbidden"


def parse(document: Any) -> Inner:
    """The aggregations by name; QueryRefused for what is not understood or would be too much work."""
    found = _parse(document, 1)
    if _count(found) > MOST:
        raise QueryRefused(f"a search has at most {MOST} aggregations")
    if questions_within(found) > WORK:
        raise QueryRefused(
            "aggregations within aggregations would make too many buckets; ask for fewer"
        )
    return found


def _parse(document: Any, depth: int) -> Inner:
    if document and depth > DEPTH:
        raise QueryRefused(f"aggregations are nested deeper than {DEPTH} levels")
    named = mapping(document, "aggregations")
    if len(named) > MOST:
        raise QueryRefused(f"a search has at most {MOST} aggregations")
    return {
        name: _one(name, mapping(given, f"aggregation {name}"), depth)
        for name, given in named.items()
    }


def _one(name: str, given: Mapping[str, Any], depth: int) -> Aggregation:
    kinds = [key for key in given if key not in {"aggs", "aggregations"}]
    if "global" in kinds:
        raise GlobalAggregationForbidden("a global aggregation would count what you may not see")
    if len(kinds) != 1:
        raise QueryRefused(f"aggregation {name} must have one kind, not {len(kinds)}")
    kind = kinds[0]
    if "aggs" in given and "aggregations" in given:
        raise QueryRefused("aggs and aggregations mean the same; give one of them")
    inner = _parse(given.get("aggs", given.get("aggregations", {})), depth + 1)
    options = mapping(given[kind], f"{name}.{kind}")
    where = f"{name}.{kind}"
    if kind in STATS:
        if inner:
            raise QueryRefused(f"{where} takes no aggregations within")
        known(options, where, {"field"})
        return StatsAggregation(_field(options, where), kind)  # type: ignore[arg-type] # one of STATS
    reader = _READERS.get(kind)
    if reader is None:
        understood = ", ".join(sorted([*_READERS, *STATS]))
        raise QueryRefused(f"the aggregation {kind!r} is not understood; there are {understood}")
    return reader(options, where, inner)


def _terms(options: Mapping[str, Any], where: str, inner: Inner) -> Aggregation:
    known(options, where, {"field", "size", "order"})
    size = whole(options.get("size", 10), f"{where}.size", least=1, most=BUCKETS)
    by, direction = "_count", "desc"
    if "order" in options:
        order = options["order"]
        pairs = mapping(order, f"{where}.order")
        if len(pairs) != 1:
            raise QueryRefused(f"{where}.order must name one of _count and _key")
        by, direction = next(iter(pairs.items()))
        by = choice({"_term": "_key"}.get(by, by), f"{where}.order", {"_count", "_key"})
        direction = choice(direction, f"{where}.order", {"asc", "desc"})
    return TermsAggregation(
        _field(options, where), size, by == "_key", direction == "desc", inner=inner
    )


def _range(options: Mapping[str, Any], where: str, inner: Inner) -> Aggregation:
    known(options, where, {"field", "ranges"})
    given = options.get("ranges")
    if not isinstance(given, list) or not given:
        raise QueryRefused(f"{where}.ranges must be a list of ranges")
    ranges = tuple(_bounds(one, where) for one in listed(given, f"{where}.ranges", most=50))
    return RangeAggregation(_field(options, where), ranges, inner)


def _bounds(given: Any, where: str) -> Bounds:
    options = mapping(given, f"{where}.ranges")
    known(options, f"{where}.ranges", {"key", "from", "to"})
    start, end = (
        None if options.get(name) is None else scalar(options[name], f"{where}.ranges.{name}")
        for name in ("from", "to")
    )
    return Bounds(text(options.get("key", ""), f"{where}.ranges.key"), start, end)


def _histogram(options: Mapping[str, Any], where: str, inner: Inner) -> Aggregation:
    known(options, where, {"field", "interval", "min_doc_count"})
    interval = options.get("interval")
    if (
        isinstance(interval, bool)
        or not isinstance(interval, int | float)
        or not 0 < interval < 1e300
    ):
        raise QueryRefused(f"{where}.interval must be a number larger than 0")
    return HistogramAggregation(
        _field(options, where), float(interval), _fill(options, where), inner
    )


def _date_histogram(options: Mapping[str, Any], where: str, inner: Inner) -> Aggregation:
    steps = {"calendar_interval", "fixed_interval", "interval"}
    known(options, where, {"field", "min_doc_count", *steps})
    given = [name for name in steps if name in options]
    if len(given) != 1:
        raise QueryRefused(f"{where} needs one of {', '.join(sorted(steps))}")
    interval = text(options[given[0]], f"{where}.{given[0]}")
    unit, milliseconds = "", 0
    if given[0] != "fixed_interval" and interval in UNITS:
        unit = UNITS[interval]
    elif given[0] != "calendar_interval" and (found := _FIXED.fullmatch(interval)):
        milliseconds = int(found[1]) * _MILLISECONDS[found[2]]
    else:
        raise QueryRefused(f"{where}: {interval!r} is no such interval; write month, 1d or 12h")
    return DateHistogramAggregation(
        _field(options, where), unit, milliseconds, _fill(options, where), inner
    )


def _fill(options: Mapping[str, Any], where: str) -> bool:
    return whole(options.get("min_doc_count", 0), f"{where}.min_doc_count", most=1) == 0


def _field(options: Mapping[str, Any], where: str) -> str:
    return text(options.get("field"), f"{where}.field")


def _count(found: Inner) -> int:
    return sum(1 + _count(getattr(one, "inner", {})) for one in found.values())


_READERS: dict[str, Callable[[Mapping[str, Any], str, Inner], Aggregation]] = {
    "terms": _terms,
    "range": _range,
    "date_range": _range,
    "histogram": _histogram,
    "date_histogram": _date_histogram,
}
