"""Facets and the filters in use, as the page shows them: every choice is a link to the page it leads to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.actors import Actor
from console import words
from console.asking import ALL_PROJECTS, PROPERTY, SWITCHES, Asking
from console.finding import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    label: str
    count: int | None
    chosen: bool
    address: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    name: str
    label: str
    is_property: bool
    options: Sequence[Option]

    @property
    def in_use(self) -> bool:
        return any(option.chosen for option in self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter in use; the address is the page without it."""

    label: str
    value: str
    address: str


def facets(asking: Asking, found: Found) -> list[Facet]:
    """The facets that narrow something, or are in use; chosen values are shown even when nothing has them."""
    shown = []
    for name, counts in _ordered(found.counts):
        options = _options(asking, name, counts)
        narrows = len(options) > 1 or any(o.count != found.total for o in options)
        if options and (narrows or name in asking.filters):
            shown.append(
                Facet(
                    name=name,
                    label=words.label(name),
                    is_property=name.startswith(PROPERTY),
                    options=options,
                )
            )
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
            value=words.value(name, value),
            address=(
                asking.switched(name, value) if name in SWITCHES else asking.toggled(name, value)
            ).address,
        )
        for name, value in asking.pairs()
    ]


def _ordered(
    counts: Mapping[str, Sequence[tuple[str, int]]],
) -> list[tuple[str, Sequence[tuple[str, int]]]]:
    """Fields before properties, otherwise as they come."""
    return sorted(counts.items(), key=lambda item: item[0].startswith(PROPERTY))


def _options(asking: Asking, name: str, counts: Sequence[tuple[str, int]]) -> list[Option]:
    known = dict(counts)
    values = [*known, *(v for v in asking.filters.get(name, ()) if v not in known)]
    return [
        Option(
            label=words.value(name, value),
            count=known.get(value, 0),
            chosen=asking.has(name, value),
            address=asking.toggled(name, value).address,
            key=f"{name}={value}",
        )
        for value in values
    ]
