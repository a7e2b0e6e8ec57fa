"""What a question costs, from its form and the rounded number of documents alone, asked before it runs.

The unit is a document or a word that is looked at, which takes about five nanoseconds. Nothing here depends on what
documents hold: a refusal would tell of those that the caller may not find.

- A word, a value or a range of numbers looks at every document; words in sequence at five times as many.
- A pattern, a beginning or a range of texts goes through the words of its field, which are taken to be as many as the
  documents, times what going through them costs by the letters that it begins with.
- A pattern is made into a machine first, which takes longer the more wildcards it has.
- All that is done in every pass: for the hits one or two, for the aggregations those that `passes` tells.
- An order looks at every document, and reads the texts that make it one by one; every hit is read and written.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.indexing.documents import FieldType
from search import aggregations, ordering, patterns
from search.errors import QueryTooCostly
from search.requests import Aggregation, RangeAggregation, SearchRequest, TermsAggregation
from search.resolved_query import (
    ANY_ONE,
    ANY_RUN,
    Between,
    Combined,
    Near,
    OneOf,
    PrefixMatch,
    ResolvedQuery,
    WildcardMatch,
    Words,
    even_score,
)
from search.resolved_query import Sequence as InSequence
from search.resolving import Target
from search.schema import Schema

MOST = 160_000_000
"""Under a second's work."""
LIGHT = 4_000_000
"""A question below this is over in a moment, and needs no place."""
LEAST_DOCUMENTS = 1 << 14
WALK = (96, 12, 4, 2)
"""Times the words of a field: of a pattern that begins with no letter, with one, two, or more."""
NEXT_TO = 5
SORTED, TEXT, HIT, VALUE, ANEW = 6, 30_000, 15_000, 600, 400
COUNTED, COUNTED_FEW = 40, 4
"""Times the documents: of an aggregation over many values, or over few."""
SHAPE, MIXED = 50_000, 8_000_000
"""Of a pattern, for every letter and each pair of wildcards; and for `?` behind a `*`, which must be remembered."""
PATTERNS, COUNTS, WITHIN = "patterns", "aggregations", "aggregations within aggregations"
HINTS = {
    "size": "ask for fewer hits",
    "sort": "ask for fewer hits, or order by fewer texts",
    "query": "ask for fewer words and values at once, or name the fields to look into",
    COUNTS: "ask for fewer at once",
    WITHIN: "ask for fewer buckets, or for one aggregation at a time",
    PATTERNS: "begin it with letters, name the fields to look into, or ask for fewer at once",
}


@dataclass(frozen=True, slots=True)
class Walk:
    """A leaf that goes through the words of a field, from a beginning on; `asked` names it for people, `shape` is what
    its machine costs.
    """

    target: Target
    beginning: str
    asked: str
    shape: int = 0

    @property
    def price(self) -> int:
        """Times the words of the field."""
        return WALK[min(len(self.beginning), len(WALK) - 1)]


def rounded(documents: int) -> int:
    """The next power of two, so that a single document more or less is not seen."""
    return max(LEAST_DOCUMENTS, 1 << max(documents - 1, 0).bit_length())


def price(schema: Schema, query: ResolvedQuery, request: SearchRequest, documents: int) -> int:
    """What the request costs on about so many documents; `query` is its own, resolved against the schema.
    QueryTooCostly, which names the costliest part, when it is too much.
    """
    size = rounded(documents)
    costs = _costs(schema, query, request, size)
    walked = _walked(schema, query, request, size)
    total = costs.total() + walked.total()
    if total <= MOST:
        return total
    costs[PATTERNS] = walked.total()
    part = max(costs, key=lambda one: costs[one])
    hint = HINTS[part]
    if part == PATTERNS:
        part = max(walked, key=lambda one: walked[one])
    raise QueryTooCostly(
        f"the question would take too much work, most of it for {part}: {hint}", part=part
    )


def passes(schema: Schema, query: ResolvedQuery, request: SearchRequest) -> int:
    """How often the documents are gone through: for the hits twice where many may have the same of several scores;
    aggregations within others left out.
    """
    few, others = together(schema, request.aggregations)
    uneven = not request.sorts and request.size and even_score(query) is None
    return (2 if uneven else 1) + bool(few) + len(others)


def together(
    schema: Schema, wanted: Mapping[str, Aggregation]
) -> tuple[dict[str, TermsAggregation], dict[str, Aggregation]]:
    """The aggregations that are counted in one pass, for their values are few; and those that take one each."""
    few: dict[str, TermsAggregation] = {}
    fields: set[str] = set()
    for name, one in wanted.items():
        if not isinstance(one, TermsAggregation) or one.inner or one.field in fields:
            continue
        if _few_values(schema, one):
            fields.add(one.field)
            few[name] = one
    others = {name: one for name, one in wanted.items() if name not in few}
    return few, others


def walks(resolved: ResolvedQuery) -> Iterator[Walk]:
    """The leaves that go through words."""
    for leaf in leaves(resolved):
        match leaf:
            case PrefixMatch(target, value):
                yield Walk(target, value, f"{value}*")
            case WildcardMatch(target, parts):
                first = parts[0] if parts and isinstance(parts[0], str) else ""
                yield Walk(target, first, patterns.written(parts), _shape(parts))
            case Near(target, value):
                yield Walk(target, value[:1], f"{value}~", SHAPE * len(value))
            case Between(target, low, high) if target.type is FieldType.KEYWORD:
                asked = f"{target.name}:[{low or '*'} TO {high or '*'}]"[:80]
                yield Walk(target, "", asked, SHAPE * len(f"{low or ''}{high or ''}"))


def leaves(resolved: ResolvedQuery) -> Iterator[ResolvedQuery]:
    """The parts that have no parts."""
    if isinstance(resolved, Combined):
        for part in (*resolved.must, *resolved.filter, *resolved.should, *resolved.must_not):
            yield from leaves(part)
    else:
        yield resolved


def _costs(schema: Schema, query: ResolvedQuery, request: SearchRequest, size: int) -> Counter[str]:
    """By part; patterns aside."""
    keys = ordering.resolved(schema, request.sorts)
    texts = sum(1 for key in keys if key.target.type is FieldType.KEYWORD)
    reach = request.offset + request.size if request.size else 0
    within = aggregations.questions_within(request.aggregations)
    every = passes(schema, query, request)
    costs = Counter(
        size=request.size * HIT,
        sort=size * SORTED * (1 + len(request.sorts)) + reach * texts * TEXT,
    )
    costs[WITHIN if within else COUNTS] = size * _counted(schema, request.aggregations)
    for leaf in leaves(query):
        looked, values = _looked(leaf)
        costs["query"] += looked * size * every + values * VALUE
        costs[WITHIN] += within * ANEW * looked
    return costs


def _counted(schema: Schema, wanted: Mapping[str, Aggregation]) -> int:
    """How often all documents are counted: each range may hold all of them, other buckets divide them."""
    counted = 0
    for one in wanted.values():
        many = isinstance(one, TermsAggregation) and not _few_values(schema, one)
        times = len(one.ranges) if isinstance(one, RangeAggregation) else 1
        inner: Mapping[str, Aggregation] = getattr(one, "inner", {})
        counted += times * ((COUNTED if many else COUNTED_FEW) + _counted(schema, inner))
    return counted


def _walked(
    schema: Schema, query: ResolvedQuery, request: SearchRequest, size: int
) -> Counter[str]:
    times = passes(schema, query, request) + aggregations.questions_within(request.aggregations)
    costs: Counter[str] = Counter()
    for walk in walks(query):
        costs[walk.asked] += walk.price * size * times + walk.shape
    return costs


def _shape(parts: Sequence[Any]) -> int:
    letters = sum(len(part) for part in parts if isinstance(part, str))
    runs, ones = parts.count(ANY_RUN), parts.count(ANY_ONE)
    mixed = patterns.ones_after_a_run(parts)
    machine = letters + ones - mixed + (runs + mixed) ** 2
    return SHAPE * machine + (MIXED if mixed else 0)


def _looked(leaf: ResolvedQuery) -> tuple[int, int]:
    """How often all documents are looked at, and how many values are looked up."""
    match leaf:
        case Words(_, words):
            return len(words), 0
        case InSequence(_, words):
            return NEXT_TO * len(words), 0
        case OneOf(_, several):
            return 1, len(several)
        case Between():
            return 2, 0
        case _:
            return 1, 0


def _few_values(schema: Schema, one: TermsAggregation) -> bool:
    target = aggregations.counted_target(schema, one)
    facet = target.field is not None and target.field.facet
    return one.internal or facet or target.type is FieldType.BOOLEAN or target.typing is not None
