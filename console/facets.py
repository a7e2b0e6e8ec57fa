"""Facets and the filters in use, as the page shows them: every choice is a link to the page it leads to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.actors import Actor
from console import words
from console.asking import ALL_PROJECTS, PROPERTY, SWITCHES, Asking
from console.finding import Counts, Found

FIRST, MOST = 6, 50
"""Values of a facet that are shown at once, and behind `more`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    label: str
    count: int | None
    chosen: bool
    address: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """`typed` is the field's name in the box. `options` are shown at once, `others` behind as many `more`; `left`: how
    many values are not listed, `uncounted` that there are even more.
    """

    name: str
    typed: str
    label: str
    is_property: bool
    options: Sequence[Option]
    others: Sequence[Option]
    left: int
    uncounted: bool

    @property
    def more(self) -> int:
        return len(self.others) + self.left


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter in use; the address is the page without it."""

    label: str
    is_property: bool
    value: str
    address: str


def facets(asking: Asking, found: Found) -> list[Facet]:
    """The facets that narrow something, or are in use; chosen values are shown even when nothing has them."""
    shown = []
    for name, counts in _ordered(found.counts):
        values = _values(asking, name, counts)
        narrows = len(values) > 1 or any(count != found.total for _, count in values)
        if values and (narrows or name in asking.filters):
            shown.append(_facet(asking, name, values, more=counts.more))
    return shown


def switches(asking: Asking, actor: Actor) -> list[Option]:
    """What else may be looked for; all projects are for administrators."""
    return [
        Option(
            label=words.label(name),
            count=None,
            chosen=name in asking.switches,
            address=asking.switched(name, values[0]).address,
            key=f"switch-{name}",
        )
        for name, values in SWITCHES.items()
        if name != ALL_PROJECTS or actor.is_admin
    ]


def chips(asking: Asking) -> list[Chip]:
    return [
        Chip(
            label=words.label(name),
            is_property=name.startswith(PROPERTY),
            value=words.value(name, value),
            address=(
                asking.switched(name, value) if name in SWITCHES else asking.toggled(name, value)
            ).address,
        )
        for name, value in asking.pairs()
    ]


def _ordered(counts: Mapping[str, Counts]) -> list[tuple[str, Counts]]:
    """Fields before properties, otherwise as they come."""
    return sorted(counts.items(), key=lambda item: item[0].startswith(PROPERTY))


def _values(asking: Asking, name: str, counts: Counts) -> list[tuple[str, int]]:
    known = dict(counts.values)
    return [*counts.values, *((v, 0) for v in asking.filters.get(name, ()) if v not in known)]


def _facet(asking: Asking, name: str, values: Sequence[tuple[str, int]], *, more: bool) -> Facet:
    chosen = [pair for pair in values[FIRST:] if asking.has(name, pair[0])]
    others = [pair for pair in values[FIRST:] if pair not in chosen]
    if len(others) == 1 and not more:  # it takes no more room than to say that there is one
        chosen, others = [*chosen, *others], []
    listed = others[: MOST - FIRST]
    return Facet(
        name=name,
        typed=name.removeprefix(PROPERTY),
        label=words.label(name),
        is_property=name.startswith(PROPERTY),
        options=[_option(asking, name, *pair) for pair in (*values[:FIRST], *chosen)],
        others=[_option(asking, name, *pair) for pair in listed],
        left=len(others) - len(listed),
        uncounted=more,
    )


def _option(asking: Asking, name: str, value: str, count: int) -> Option:
    return Option(
        label=words.value(name, value),
        count=count,
        chosen=asking.has(name, value),
        address=asking.toggled(name, value).address,
        key=f"{name}={value}",
    )
