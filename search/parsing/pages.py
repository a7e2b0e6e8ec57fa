"""What the pages ask: free text as it is typed, narrowed by chosen facets, with counts for the next choice."""

from collections.abc import Mapping, Sequence

from catalog.query import Bool, Expression, Sort, Terms
from search.errors import QueryRefused
from search.facets import facet_fields
from search.parsing import freetext
from search.question import Highlight, Question
from search.requests import WINDOW, Aggregation, TermsAggregation
from search.schema import Schema

LONGEST = 1000


def question(
    schema: Schema,
    *,
    text: str = "",
    types: Sequence[str] = (),
    chosen: Mapping[str, Sequence[str]] | None = None,
    also: Sequence[Expression] = (),
    sorts: Sequence[Sort] = (),
    page: int = 1,
    page_size: int = 25,
    facets: bool = True,
    facet_size: int = 20,
    highlight: tuple[str, str] | None = None,
    all_projects: bool = False,
) -> Question:
    """A page's question. `chosen`: facet → values, any of which; `also`: further conditions; `highlight`: the two texts
    between which found words are put. Each facet field is counted under the whole question, by its name.
    """
    if len(text) > LONGEST:
        raise QueryRefused(f"the text to search for is longer than {LONGEST} characters")
    offset = (page - 1) * page_size
    if page < 1 or not 0 <= page_size <= WINDOW - offset:
        raise QueryRefused(f"pages end after {WINDOW} finds; narrow the search")
    narrowed = tuple(
        Terms(name, tuple(values)) for name, values in (chosen or {}).items() if values
    )
    counted: dict[str, Aggregation] = {}
    if facets:
        counted = {
            one.name: TermsAggregation(one.name, facet_size)
            for one in facet_fields(schema, tuple(types))
        }
    return Question(
        query=Bool(must=(freetext.parse(text),), filter=(*narrowed, *also)),
        types=tuple(types),
        sorts=tuple(sorts),
        size=page_size,
        offset=offset,
        aggregations=counted,
        highlight=None if highlight is None else Highlight(("*",), *highlight),
        all_projects=all_projects,
    )
