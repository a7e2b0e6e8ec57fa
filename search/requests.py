"""What an engine is asked and what it answers, as values."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from catalog.query import Everything, Expression, Scalar, Sort
from search.field_security import NOTHING, HiddenFields

WINDOW = 10_000
BUCKETS = 1000


@dataclass(frozen=True, slots=True)
class TermsAggregation:
    """Counts per value, the most frequent first (`by_key`: in the values' order), ties in the values' order.
    `internal` ones may count what callers cannot name.
    """

    field: str
    size: int = 10
    by_key: bool = False
    descending: bool = True
    internal: bool = False
    inner: Mapping[str, "Aggregation"] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatsAggregation:
    """`count, min, max, sum, avg` of a number or a date; `show` names the one that was asked for."""

    field: str
    show: Literal["stats", "min", "max", "sum", "avg", "value_count"] = "stats"


@dataclass(frozen=True, slots=True)
class Bounds:
    """From (included) to (excluded): a caller's scalars, until `aggregations.typed` makes them numbers or dates and
    gives each range its key.
    """

    key: str
    start: Scalar | None
    end: Scalar | None


@dataclass(frozen=True, slots=True)
class RangeAggregation:
    field: str
    ranges: tuple[Bounds, ...]
    inner: Mapping[str, "Aggregation"] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistogramAggregation:
    """Steps of `interval` over a number. Engines answer with those that hold something; `fill` adds the others."""

    field: str
    interval: float
    fill: bool = True
    inner: Mapping[str, "Aggregation"] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DateHistogramAggregation:
    """Steps over a date: of a calendar `unit` (y q M w d h m), or of `milliseconds`."""

    field: str
    unit: str = ""
    milliseconds: int = 0
    fill: bool = True
    inner: Mapping[str, "Aggregation"] = dataclasses.field(default_factory=dict)


Aggregation: TypeAlias = (
    TermsAggregation
    | StatsAggregation
    | RangeAggregation
    | HistogramAggregation
    | DateHistogramAggregation
)


@dataclass(frozen=True, slots=True)
class Bucket:
    """`key` is the value: text, number, boolean, epoch milliseconds, or the name of a range."""

    key: Scalar
    count: int
    inner: Mapping[str, "Counted"] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Buckets:
    buckets: tuple[Bucket, ...] = ()
    other: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    count: int
    min: float | None
    max: float | None
    sum: float

    @property
    def avg(self) -> float | None:
        return self.sum / self.count if self.count else None


Counted: TypeAlias = Buckets | Stats


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """`query` ranks and `rights` only filters; no `sorts`: by relevance. Every order ends in the document's
    own number. `hidden` is left out of the query, the order and the counts; bodies come whole.
    """

    query: Expression = field(default_factory=Everything)
    rights: Expression = field(default_factory=Everything)
    hidden: HiddenFields = NOTHING
    sorts: tuple[Sort, ...] = ()
    size: int = 25
    offset: int = 0
    aggregations: Mapping[str, Aggregation] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """`sort`: the values it was ordered by, None where it has none; `highlight`: field → marked fragments."""

    id: str
    resource_type: str
    version: int
    score: float | None
    body: dict[str, Any]
    sort: tuple[Scalar | None, ...] = ()
    highlight: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """`index` names the generation that answered; `consistent` is None unless the caller asked to wait. `next_offset`
    is where to go on when the page ended before as many hits as were asked for, lest it hold too many bytes.
    """

    total: int
    hits: tuple[Hit, ...] = ()
    aggregations: Mapping[str, Counted] = dataclasses.field(default_factory=dict)
    index: str = ""
    milliseconds: int = 0
    consistent: bool | None = None
    next_offset: int | None = None
