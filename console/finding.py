"""From what a person asks to what the index answers: one search for the hits, and a small one more for each facet in
use, whose counts leave its own filter out, so that a second value can be chosen beside the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from catalog.actors import Actor
from catalog.errors import Unavailable
from catalog.query import Bool, Everything, Expression, Sort, Term, Terms
from console.asking import ALL_PROJECTS, PAGE_SIZE, PROPERTY, WINDOW, Asking, facet_fields
from console.highlights import BEGIN, END
from search.caller_search import CallerSearch, Highlight
from search.facets import common_properties
from search.parsing import box
from search.requests import BUCKETS, Aggregation, Buckets, Hit, SearchResult, TermsAggregation
from search.resolving import property_field
from search.selectors import live_schema, opened, search
from search.suggesting import meant

MOST_PROPERTIES = 5
DIGESTS = ("checksum", "os_hash_value")
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


@dataclass(frozen=True, slots=True)
class Counts:
    """Values of a facet with how many assets have them, the most frequent first; `more`: there are others beside."""

    values: Sequence[tuple[str, int]]
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of hits, and per facet (as parameters name it) its values, counted over all that is found. `meant` is a
    text that finds something, where this one does not.
    """

    total: int
    hits: tuple[Hit, ...]
    counts: Mapping[str, Counts]
    meant: str | None = None

    @property
    def pages(self) -> int:
        return max(1, min(-(-self.total // PAGE_SIZE), WINDOW // PAGE_SIZE))


def find(actor: Actor, asking: Asking) -> Found:
    """What the actor may find; nothing for who has no role anywhere, since no page would open for it.

    QueryRefused for text that cannot be asked, EngineUnavailable.
    """
    if not actor.roles:
        return Found(total=0, hits=(), counts={})
    finding = _Finding(actor, asking, box.parse(live_schema(), asking.text, digests=DIGESTS))
    return finding.found()


class _Finding:
    """One question; what it opens is said for all its parts, so that a facet is counted over all that the other filters
    find.
    """

    def __init__(self, actor: Actor, asking: Asking, text: Expression) -> None:
        self._actor, self._asking, self._text = actor, asking, text
        self._opens = frozenset(asking.switches) | opened(query(asking, text))

    def found(self) -> Found:
        asking, actor = self._asking, self._actor
        chosen = [name for name in asking.filters if name.startswith(PROPERTY)]
        names = [*facet_fields(), *chosen]
        result = self._search(asking, names, hits=True)
        counts = self._counts(result, names)
        if result.total:
            common = common_properties(actor, self._question(asking), MOST_PROPERTIES)
            offered = [name for key in common if (name := PROPERTY + key) not in chosen]
            if offered:
                counts |= self._counts(self._search(asking, offered), offered)
        for name in asking.filters:
            counts |= self._counts(self._search(asking.without(name), [name]), [name])
        text = self._meant() if asking.text and not result.total else None
        return Found(total=result.total, hits=result.hits, counts=counts, meant=text)

    def _meant(self) -> str | None:
        """What is nearer to be found; nothing where search is too busy to look for it."""
        try:
            return meant(self._actor, self._asking.text, self._asked)
        except Unavailable:
            return None

    def _search(self, asking: Asking, facets: Sequence[str], *, hits: bool = False) -> SearchResult:
        wanted: dict[str, Aggregation] = {
            name: TermsAggregation(_field(name), size=BUCKETS) for name in facets
        }
        question = replace(
            self._question(asking),
            sorts=SORTS[asking.order],
            size=PAGE_SIZE if hits else 0,
            offset=asking.offset if hits else 0,
            aggregations=wanted,
            highlight=MARKS if hits and asking.text else None,
        )
        return search(self._actor, question)

    def _question(self, asking: Asking, text: Expression | None = None) -> CallerSearch:
        return CallerSearch(
            query=query(asking, self._text if text is None else text),
            size=0,
            opened=self._opens,
            all_projects=ALL_PROJECTS in asking.switches,
        )

    def _asked(self, text: Expression) -> CallerSearch:
        """The same question with another text."""
        return self._question(self._asking, text)

    def _counts(self, result: SearchResult, names: Sequence[str]) -> dict[str, Counts]:
        found: dict[str, Counts] = {}
        for name in names:
            counted = result.aggregations.get(name)
            if isinstance(counted, Buckets):
                values = [(_value(bucket.key), bucket.count) for bucket in counted.buckets]
                found[name] = Counts(values, counted.other > 0)
        return found


def query(asking: Asking, text: Expression) -> Expression:
    """The text ranks, the filters only filter: of a filter's values one must hold."""
    filters = tuple(_filter(name, values) for name, values in asking.filters.items())
    if asking.switches.get("os_hidden") == "true":
        filters = (*filters, Term("os_hidden", True))
    if text != Everything():
        return Bool(must=(text,), filter=filters)
    return Bool(filter=filters) if filters else Everything()


def _filter(name: str, values: tuple[str, ...]) -> Expression:
    if name == "valid":
        return Terms(name, tuple(value == "true" for value in values))
    return Terms(_field(name), values)


def _field(name: str) -> str:
    return property_field(name[len(PROPERTY) :]) if name.startswith(PROPERTY) else name


def _value(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
