"""What callers ask for, as values: parsed once, compiled for SQL, for each search engine and for plain Python.

Fields are named as the caller knows them (``hw_cpu_cores``, ``size``); `search.query_resolver` resolves the names.
Values are already typed by the parser: str, int, float, bool or an aware datetime.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

Scalar = str | int | float | bool | datetime


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches all."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Matches none."""


@dataclass(frozen=True, slots=True)
class Term:
    """The field has exactly this value (any of its values, when it has several)."""

    field: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Terms:
    """The field has one of these values."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of one field; None leaves a side open."""

    field: str
    gt: Scalar | None = None
    gte: Scalar | None = None
    lt: Scalar | None = None
    lte: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Exists:
    field: str


@dataclass(frozen=True, slots=True)
class Prefix:
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`*` any run of characters, `?` one character; compared with the whole value."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Match:
    """Analysed text in any of the fields: all words in one of them, or any word. `prefix` lets the last word be
    unfinished.
    """

    fields: tuple[str, ...]
    text: str
    operator: Literal["and", "or"] = "or"
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order, next to each other; `prefix` lets the last word be unfinished."""

    fields: tuple[str, ...]
    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Near:
    """A word that is a slip of the keyboard or two away, in any of the fields."""

    fields: tuple[str, ...]
    word: str


@dataclass(frozen=True, slots=True)
class Bool:
    """Lucene's boolean query: `must` and `filter` all hold, `must_not` none; of `should` at least
    `minimum` (None: one when there is neither must nor filter, else none).
    """

    must: tuple["Expression", ...] = ()
    filter: tuple["Expression", ...] = ()
    should: tuple["Expression", ...] = ()
    must_not: tuple["Expression", ...] = ()
    minimum: int | None = None


Expression: TypeAlias = (
    Everything
    | Nothing
    | Term
    | Terms
    | Range
    | Exists
    | Prefix
    | Wildcard
    | Match
    | Phrase
    | Near
    | Bool
)


def all_of(*parts: Expression) -> Expression:
    """Every part must hold; none of them scores."""
    return Bool(filter=parts)


def any_of(*parts: Expression) -> Expression:
    """At least one part must hold."""
    return Bool(should=parts, minimum=1) if parts else Nothing()


@dataclass(frozen=True, slots=True)
class Sort:
    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of a sorted list: at most `limit` rows after the row whose id is `marker`."""

    limit: int
    marker: str | None = None
    sorts: tuple[Sort, ...] = field(default=())


MANY = 10**18
"""More than any list has."""


def count(text: str, *, least: int = 0) -> int | None:
    """A number of rows as clients write it; None for what is no whole number of at least `least`. Beyond `MANY` nobody
    counts: it is `MANY` then.
    """
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    number = int(digits or "0") if len(digits) <= 18 else MANY
    return number if number >= least else None
