"""What a caller asks, read and bounded: of the API's body, or of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from catalog.query import Everything, Expression, Sort
from search.requests import Aggregation


@dataclass(frozen=True, slots=True)
class SourceFilter:
    """Which parts of a body are shown: patterns of dotted names; `wanted` False: no body at all."""

    wanted: bool = True
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Highlight:
    """Fields (patterns) whose found words are marked. `any_field`: words asked of another field are marked too.
    `fragments` 0: the whole text. `escape`: HTML in the text is escaped, the tags are not.
    """

    fields: tuple[str, ...]
    before: str = "<em>"
    after: str = "</em>"
    size: int = 100
    fragments: int = 5
    any_field: bool = True
    escape: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSearch:
    """A search before rights: `types` empty means all that the caller may search. `opened` is what the request opens
    beside what its query does (`search.opt_in`).
    """

    query: Expression = field(default_factory=Everything)
    types: tuple[str, ...] = ()
    sorts: tuple[Sort, ...] = ()
    size: int = 25
    offset: int = 0
    aggregations: Mapping[str, Aggregation] = field(default_factory=dict)
    source: SourceFilter = SourceFilter()
    highlight: Highlight | None = None
    all_projects: bool = False
    opened: frozenset[str] = frozenset()
    version: bool = False
    consistency: Literal["none", "wait"] = "none"
