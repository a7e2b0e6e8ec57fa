"""Resolved queries: values over the index's own fields, which every engine compiles; `search.query_resolver` makes
them.

A document's score is made of the question and of this document alone, so that it tells nothing of others: a part that
finds it counts the boost of its field, `Words` for each word; what is found of `must` and `should` adds up.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from search.encoding import Value
from search.resolving import Target


@dataclass(frozen=True, slots=True)
class All:
    """Matches every document."""


@dataclass(frozen=True, slots=True)
class Never:
    """Matches none."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field has one of the values, as the index holds them."""

    target: Target
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """Bounds as the index holds them; None is open. LONG and DATE bounds are inclusive always."""

    target: Target
    low: Value | None
    high: Value | None
    with_low: bool = True
    with_high: bool = True


@dataclass(frozen=True, slots=True)
class Present:
    target: Target


@dataclass(frozen=True, slots=True)
class PrefixMatch:
    """A value (KEYWORD) or a word (TEXT) begins so."""

    target: Target
    value: str


ANY_RUN, ANY_ONE = object(), object()


@dataclass(frozen=True, slots=True)
class WildcardMatch:
    """A value (KEYWORD) or a word (TEXT) is this sequence of texts, `ANY_RUN` and `ANY_ONE`."""

    target: Target
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """A value (KEYWORD) or a word (TEXT) is at most so many slips away (`search.edit_distance`)."""

    target: Target
    value: str
    slips: int


@dataclass(frozen=True, slots=True)
class Words:
    """A text has any of the words, or `every` one; each is named once, and counts for itself."""

    target: Target
    words: tuple[str, ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A text has the words next to each other."""

    target: Target
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Combined:
    """`minimum` of `should` must hold, and all of `must` and `filter`, and none of `must_not`."""

    must: tuple["ResolvedQuery", ...]
    filter: tuple["ResolvedQuery", ...]
    should: tuple["ResolvedQuery", ...]
    must_not: tuple["ResolvedQuery", ...]
    minimum: int


ResolvedQuery: TypeAlias = (
    All
    | Never
    | OneOf
    | Between
    | Present
    | PrefixMatch
    | WildcardMatch
    | Near
    | Words
    | Sequence
    | Combined
)


def any_part(*parts: ResolvedQuery) -> ResolvedQuery:
    """What one of the parts matches; several add up."""
    if len(parts) == 1:
        return parts[0]
    return Combined((), (), parts, (), 1) if parts else Never()


def both(*parts: ResolvedQuery) -> Combined:
    """What all parts match; the first one scores."""
    first, *others = parts
    return Combined((first,), tuple(others), (), (), 0)


def boost(resolved: ResolvedQuery) -> float:
    """What a leaf that matches counts."""
    target: Target | None = getattr(resolved, "target", None)
    return target.field.boost if target is not None and target.field is not None else 1.0


def even_score(resolved: ResolvedQuery) -> float | None:
    """The score that every match has; None when matches may differ."""
    match resolved:
        case Words(_, words, every):
            return boost(resolved) * len(words) if every or len(words) == 1 else None
        case Combined():
            counted = (*resolved.must, *resolved.should)
            if resolved.should and resolved.minimum < len(resolved.should):
                return None
            scores = [score for part in counted if (score := even_score(part)) is not None]
            return sum(scores) if len(scores) == len(counted) else None
        case _:
            return boost(resolved)
