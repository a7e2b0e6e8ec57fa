"""Counts of values in tantivy, exact however many values there are.

Tantivy chooses the most frequent values, and any of those that are equally frequent: the ones of the last count are
asked for once more, in the order of the values.
"""

from collections.abc import Mapping
from typing import Any

from tantivy import Query, Searcher

from catalog.indexing.documents import FieldType
from search.deadline import Deadline
from search.engines.embedded.layout import counted_place, counted_value
from search.errors import QueryRefused, QueryTooCostly
from search.requests import TermsAggregation
from search.resolving import Target

ALL = 2**31 - 1
"""Values that a segment hands on: fewer would make counts wrong."""
MOST_TIED = 60_000
"""Tantivy makes 65 000 buckets at most."""

Wanted = Mapping[str, tuple[TermsAggregation, Target]]
Counts = list[tuple[Any, int]]


def aggregate(searcher: Searcher, found: Query, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Tantivy's answer; QueryRefused for what it cannot count."""
    try:
        answer: dict[str, Any] = searcher.aggregate(found, dict(asked))
    except ValueError as error:
        raise QueryRefused(f"this cannot be counted: {error}") from None
    return answer


class Counting:
    """Counts the values of the documents that a query finds."""

    def __init__(self, searcher: Searcher, deadline: Deadline) -> None:
        self._searcher, self._deadline = searcher, deadline

    def top(self, found: Query, wanted: Wanted) -> dict[str, tuple[Counts, int]]:
        """By name: the values that were asked for with their counts, in order, and the sum of all others'; in one pass
        over the documents.
        """
        if not wanted:
            return {}
        self._deadline.check()
        asked = {name: _asked(one, target) for name, (one, target) in wanted.items()}
        raw = aggregate(self._searcher, found, asked)
        return {
            name: self._chosen(found, one, target, raw[name])
            for name, (one, target) in wanted.items()
        }

    def _chosen(
        self, found: Query, one: TermsAggregation, target: Target, raw: Mapping[str, Any]
    ) -> tuple[Counts, int]:
        counts, other = _counts(target, raw), int(raw["sum_other_doc_count"] or 0)
        if not one.by_key:
            if other:
                last = counts[-1][1]
                counts = [pair for pair in counts if pair[1] != last]
                counts += self._tied(found, one, target, last, one.size - len(counts))
            counts.sort(key=lambda pair: _order(pair[0]))
            counts.sort(key=lambda pair: pair[1], reverse=one.descending)
        return counts, other

    def _tied(
        self, found: Query, one: TermsAggregation, target: Target, documents: int, need: int
    ) -> Counts:
        """The first `need` values, in their order, that so many documents hold."""
        size = one.size
        while True:
            self._deadline.check()
            asked = _asked(one, target, size=size, by_key="asc", least=documents)
            raw = aggregate(self._searcher, found, {"x": asked})["x"]
            tied = [pair for pair in _counts(target, raw) if pair[1] == documents]
            if len(tied) >= need or len(raw["buckets"]) < size:
                return tied[:need]
            if size == MOST_TIED:
                raise QueryTooCostly(
                    f"{one.field} has too many values to order them by the smallest counts",
                    part=one.field,
                )
            size = min(size * 8, MOST_TIED)


def _asked(
    one: TermsAggregation, target: Target, *, size: int = 0, by_key: str = "", least: int = 1
) -> dict[str, Any]:
    direction = "desc" if one.descending else "asc"
    order = {"_key": by_key or direction} if one.by_key or by_key else {"_count": direction}
    return {
        "terms": {
            "field": counted_place(target),
            "size": size or one.size,
            "segment_size": ALL,
            "order": order,
            "min_doc_count": least,
        }
    }


def _counts(target: Target, raw: Mapping[str, Any]) -> Counts:
    return [(_value(target, one["key"]), int(one["doc_count"])) for one in raw["buckets"]]


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
