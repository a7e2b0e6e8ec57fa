"""What a person asks for, as the address of the page says it: text, filters, order, page.

Every filter is a parameter named as its field, repeated for several values (one of them must hold); free properties
are written ``p.<key>``. The address is the whole state, so it can be kept, shared and gone back to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from catalog.errors import InvalidParameter
from catalog.indexing.documents import COMMON, sources

PROPERTY = "p."
PAGE_SIZE = 20
WINDOW = 10_000
LONGEST_TEXT = 500
LONGEST_VALUE = 255
MOST_VALUES = 50
ALL_PROJECTS = "all_projects"
SWITCHES: Mapping[str, tuple[str, ...]] = {
    ALL_PROJECTS: ("true",),
    "community": ("true",),
    "os_hidden": ("all", "true"),
}
"""What a search leaves out unless it is asked for, and the values that ask; the first one is offered."""
SORTS = ("best", "newest", "updated", "name", "largest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """`sort` is one of SORTS ("": best when there is text, else updated); `page` counts from 1."""

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    switches: Mapping[str, str] = field(default_factory=dict)

    @property
    def order(self) -> str:
        return self.sort or ("best" if self.text else "updated")

    @property
    def offset(self) -> int:
        return (self.page - 1) * PAGE_SIZE

    @property
    def is_bare(self) -> bool:
        return not self.text and not self.filters and not self.switches

    def has(self, name: str, value: str) -> bool:
        return value in self.filters.get(name, ())

    def toggled(self, name: str, value: str) -> "Asking":
        """With the value when it was not there, else without; on the first page."""
        have = self.filters.get(name, ())
        values = tuple(v for v in have if v != value) if value in have else (*have, value)
        filters = {**self.filters, name: values}
        return replace(self, filters={k: v for k, v in filters.items() if v}, page=1)

    def without(self, name: str) -> "Asking":
        return replace(self, filters={k: v for k, v in self.filters.items() if k != name}, page=1)

    def unfiltered(self) -> "Asking":
        return replace(self, filters={}, switches={}, page=1)

    def switched(self, name: str, value: str) -> "Asking":
        """On when it was off, else off; on the first page."""
        switches = {k: v for k, v in self.switches.items() if k != name}
        if name not in self.switches:
            switches[name] = value
        return replace(self, switches=switches, page=1)

    def retyped(self, text: str) -> "Asking":
        """With another text; on the first page."""
        return replace(self, text=text, page=1)

    def on_page(self, page: int) -> "Asking":
        return replace(self, page=page)

    @property
    def first_page(self) -> str:
        return self.on_page(1).address

    def sorted_by(self, sort: str) -> "Asking":
        return replace(self, sort=sort, page=1)

    def pairs(self) -> list[tuple[str, str]]:
        """The filters and switches alone, as a form sends them."""
        filters = [(name, value) for name, values in self.filters.items() for value in values]
        return [*filters, *self.switches.items()]

    @property
    def address(self) -> str:
        """`?q=…`, or `/` when nothing is asked."""
        pairs = [("q", self.text)] if self.text else []
        pairs += self.pairs()
        pairs += [("sort", self.sort)] if self.sort else []
        pairs += [("page", str(self.page))] if self.page > 1 else []
        return f"?{urlencode(pairs)}" if pairs else "/"


def facet_fields() -> list[str]:
    """Fields of any source that are offered with counts, in the order of their declaration."""
    declared = [*COMMON, *(one for source in sources().values() for one in source.fields)]
    return list(dict.fromkeys(one.name for one in declared if one.facet and not one.hidden))


def parse(query: QueryDict) -> Asking:
    """InvalidParameter names the parameter that is not understood."""
    text = query.get("q", "").strip()
    if len(text) > LONGEST_TEXT:
        raise InvalidParameter(
            _("The search text is longer than %(limit)d characters.") % {"limit": LONGEST_TEXT}
        )
    found = Asking(
        text=text,
        filters=_filters(query),
        sort=_sort(query.get("sort", "")),
        page=_page(query.get("page", "1")),
        switches=_switches(query),
    )
    _refuse_nul([text, *(v for pair in found.pairs() for v in pair)])
    return found


def _filters(query: QueryDict) -> dict[str, tuple[str, ...]]:
    known, found = set(facet_fields()), {}
    for name in query:
        if name in {"q", "sort", "page"} or name in SWITCHES:
            continue
        if name not in known and not (name.startswith(PROPERTY) and len(name) > len(PROPERTY)):
            raise InvalidParameter(
                _("There is no filter named “%(name)s”.") % {"name": name[:80]}, name=name[:80]
            )
        values = tuple(dict.fromkeys(v for v in query.getlist(name) if v))
        if values:
            found[name] = values
    total = sum(map(len, found.values()))
    if total > MOST_VALUES or any(len(v) > LONGEST_VALUE for vs in found.values() for v in vs):
        raise InvalidParameter(_("These are too many filters, or one of them is too long."))
    return found


def _switches(query: QueryDict) -> dict[str, str]:
    found = {name: query.get(name, "") for name in SWITCHES if query.get(name)}
    for name, value in found.items():
        if value not in SWITCHES[name]:
            raise InvalidParameter(
                _("“%(name)s” can be %(values)s.")
                % {"name": name, "values": ", ".join(SWITCHES[name])},
                name=name,
            )
    return found


def _sort(value: str) -> str:
    if value and value not in SORTS:
        raise InvalidParameter(_("There is no order named “%(name)s”.") % {"name": value[:80]})
    return value


def _page(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= WINDOW // PAGE_SIZE):
        raise InvalidParameter(
            _("Pages are numbered from 1 to %(last)d.") % {"last": WINDOW // PAGE_SIZE}
        )
    return int(value[:9])


def _refuse_nul(texts: Iterable[str]) -> None:
    if any("\x00" in text for text in texts):
        raise InvalidParameter(_("The address holds a character that no text can have."))
