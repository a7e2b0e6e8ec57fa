"""Bound queries: values over the index's own fields, which every engine compiles; `search.binding` makes them."""

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
    """The field has one of the values, as the index holds them; never scores."""

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
class Begins:
    """A value (KEYWORD) or a word (TEXT) begins so."""

    target: Target
    value: str


ANY_RUN, ANY_ONE = object(), object()


@dataclass(frozen=True, slots=True)
class Looks:
    """A value (KEYWORD) or a word (TEXT) is this sequence of texts, `ANY_RUN` and `ANY_ONE`."""

    target: Target
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A text has any of the words, or `every` one."""

    target: Target
    words: tuple[str, ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A text has the words next to each other; the last may be unfinished when `open`."""

    target: Target
    words: tuple[str, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class Best:
    """Any of the parts; ranked by the best one."""

    parts: tuple["Bound", ...]


@dataclass(frozen=True, slots=True)
class Combined:
    """`minimum` of `should` must hold, and all of `must` and `filter`, and none of `must_not`."""

    must: tuple["Bound", ...]
    filter: tuple["Bound", ...]
    should: tuple["Bound", ...]
    must_not: tuple["Bound", ...]
    minimum: int


Bound: TypeAlias = (
    All | Never | OneOf | Between | Present | Begins | Looks | Words | Sequence | Best | Combined
)


def ranks(bound: Bound) -> bool:
    """Whether some documents can match better than others."""
    match bound:
        case Words() | Sequence():
            return True
        case Best(parts):
            return any(map(ranks, parts))
        case Combined():
            return any(map(ranks, (*bound.must, *bound.should)))
        case _:
            return False
