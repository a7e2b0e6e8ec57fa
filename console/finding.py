"""From what a person asks to what the index answers: one search for the hits, and a small one more for each facet in
use, whose counts leave its own filter out, so that a second value can be chosen beside the first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.actors import Actor
from catalog.indexing.documents import FieldType, declared
from catalog.query import Bool, Everything, Expression, Sort, Term, Terms
from console.asking import ALL_PROJECTS, PAGE_SIZE, PROPERTY, WINDOW, Asking, facet_fields
from console.highlights import BEGIN, END
from search.parsing import freetext
from search.question import Highlight, Question
from search.requests import Aggregation, Buckets, Hit, SearchResult, TermsAggregation
from search.resolving import property_field
from search.selectors import opened, search

MOST_OPTIONS = 12
MOST_PROPERTIES = 5
COUNTED = frozenset({FieldType.KEYWORD, FieldType.TEXT, FieldType.LONG, FieldType.BOOLEAN})
MARKS = Highlight(
    ("name", "description", "tags", "id", "properties.*"),
    before=BEGIN,
    after=END,
    size=240,
    fragments=8,
)
SORTS: Mapping[str, tuple[Sort, ...]] = {
    "best": (),
    "newest": (Sort("created_at", descending=True),),
    "updated": (Sort("updated_at", descending=True),),
    "name": (Sort("name"),),
    "largest": (Sort("size", descending=True),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of hits, and per facet (as parameters name it) its values with counts, the most frequent first."""

    total: int
    hits: tuple[Hit, ...]
    counts: Mapping[str, Sequence[tuple[str, int]]]

    @property
    def pages(self) -> int:
        return max(1, min(-(-self.total // PAGE_SIZE), WINDOW // PAGE_SIZE))


def find(actor: Actor, asking: Asking) -> Found:
    """What the actor may find; nothing for who has no role anywhere, since no page would open for it.

    QueryRefused for text that cannot be asked, EngineUnavailable.
    """
    if not actor.roles:
        return Found(total=0, hits=(), counts={})
    base = facet_fields()
    chosen = [name for name in asking.filters if name.startswith(PROPERTY)]
    names = [*base, *chosen]
    opens = frozenset(asking.switches) | opened(query(asking))
    result = _search(actor, asking, names, opens, hits=True)
    offered = [name for name in _common_properties(result.hits) if name not in chosen]
    counts = _counts(result, names)
    if offered:
        counts |= _counts(_search(actor, asking, offered, opens), offered)
    for name in asking.filters:
        counts |= _counts(_search(actor, asking.without(name), [name], opens), [name])
    return Found(total=result.total, hits=result.hits, counts=counts)


def _search(
    actor: Actor,
    asking: Asking,
    facets: Sequence[str],
    opens: frozenset[str],
    *,
    hits: bool = False,
) -> SearchResult:
    """`opens` is of the whole question: a facet is counted over all that the other filters find."""
    aggregations: dict[str, Aggregation] = {
        name: TermsAggregation(_field(name), size=MOST_OPTIONS) for name in facets
    }
    question = Question(
        query=query(asking),
        sorts=SORTS[asking.order],
        size=PAGE_SIZE if hits else 0,
        offset=asking.offset if hits else 0,
        aggregations=aggregations,
        highlight=MARKS if hits and asking.text else None,
        opened=opens,
        all_projects=ALL_PROJECTS in asking.switches,
    )
    return search(actor, question)


def query(asking: Asking) -> Expression:
    """The text ranks, the filters only filter: of a filter's values one must hold."""
    filters = tuple(_filter(name, values) for name, values in asking.filters.items())
    if asking.switches.get("os_hidden") == "true":
        filters = (*filters, Term("os_hidden", True))
    if asking.text:
        return Bool(must=(freetext.parse(asking.text),), filter=filters)
    return Bool(filter=filters) if filters else Everything()


def _filter(name: str, values: tuple[str, ...]) -> Expression:
    if name == "valid":
        return Terms(name, tuple(value == "true" for value in values))
    return Terms(_field(name), values)


def _field(name: str) -> str:
    return property_field(name[len(PROPERTY) :]) if name.startswith(PROPERTY) else name


def _common_properties(hits: Sequence[Hit]) -> list[str]:
    """Declared keys that most hits of the page have: what it helps to narrow them by."""
    types = declared()
    seen = Counter(
        key for hit in hits for key in hit.body.get("properties") or {} if types.get(key) in COUNTED
    )
    keys = sorted(seen, key=lambda key: (-seen[key], key))[:MOST_PROPERTIES]
    return [PROPERTY + key for key in keys]


def _counts(result: SearchResult, names: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for name in names:
        counted = result.aggregations.get(name)
        if isinstance(counted, Buckets):
            found[name] = [(_value(bucket.key), bucket.count) for bucket in counted.buckets]
    return found


def _value(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
