"""What is found, as the page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console import words
from console.asking import SORTS, Asking
from console.finding import Found
from console.highlights import BEGIN, END, joined, marked
from console.pages import Names
from search.requests import Hit

ORDERS = {
    "best": gettext_lazy("Best match"),
    "updated": gettext_lazy("Last changed"),
    "newest": gettext_lazy("Newest"),
    "name": gettext_lazy("Name"),
    "largest": gettext_lazy("Largest"),
}
MOST_TAGS = 6
DISTRIBUTION, ARCHITECTURE = ("os_distro", "os_version"), ("architecture", "hw_architecture")
PROPERTIES = "properties."


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One hit; what may hold found words is HTML already. `system`: distribution with its version, and architecture.
    `owner` is a name where that is known, else an id.
    """

    address: str
    kind: str
    title: SafeString
    snippet: SafeString
    status: str
    status_word: str
    visibility_word: str
    id: SafeString
    system: Sequence[SafeString]
    facts: str
    owner: str
    owner_is_known: bool
    tags: Sequence[SafeString]
    more_tags: int
    protected: bool
    hidden: bool
    violated: int
    changed: str


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    address: str
    current: bool


def results(found: Found, names: Names) -> list[Result]:
    known = names(str(hit.body["owner"]) for hit in found.hits if hit.body.get("owner"))
    return [_result(hit, known) for hit in found.hits]


def asset_address(resource_type: str, asset_id: str) -> str:
    return reverse("asset", args=[resource_type, asset_id])


def orders(asking: Asking) -> list[Link]:
    """The orders to choose from; best match only where there is something to match."""
    names = [name for name in SORTS if name != "best" or asking.text]
    return [
        Link(str(ORDERS[name]), asking.sorted_by(name).address, name == asking.order)
        for name in names
    ]


def neighbours(asking: Asking, found: Found) -> tuple[str, str]:
    """Addresses of the page before and after; empty where there is none."""
    before = asking.on_page(asking.page - 1).address if asking.page > 1 else ""
    after = asking.on_page(asking.page + 1).address if asking.page < found.pages else ""
    return before, after


def _result(hit: Hit, names: Mapping[str, str]) -> Result:
    body, marks = hit.body, hit.highlight
    name, owner = body.get("name"), str(body.get("owner") or "")
    tags = [_tag(tag, marks.get("tags", ())) for tag in body.get("tags") or []]
    return Result(
        address=asset_address(hit.resource_type, hit.id),
        kind=words.kind(hit.resource_type),
        title=_first(marks, "name") or SafeString(conditional_escape(name or _("Without a name"))),
        snippet=_snippet(body, marks),
        status=str(body.get("status") or ""),
        status_word=words.value("status", str(body.get("status") or "")),
        visibility_word=words.value("visibility", str(body.get("visibility") or "")),
        id=_first(marks, "id") or SafeString(conditional_escape(hit.id)),
        system=_system(body, marks),
        facts=_facts(body),
        owner=names.get(owner, owner),
        owner_is_known=owner in names,
        tags=tags[:MOST_TAGS],
        more_tags=max(0, len(tags) - MOST_TAGS),
        protected=bool(body.get("protected")),
        hidden=bool(body.get("os_hidden")),
        violated=len(body.get("violated_properties") or ()),
        changed=words.ago(_time(body.get("updated_at"))),
    )


def _system(body: Mapping[str, Any], marks: Mapping[str, list[str]]) -> list[SafeString]:
    """What tells images of one name apart."""
    properties = body.get("properties") or {}

    def shown(key: str) -> SafeString:
        text = str(properties.get(key) or "")
        fragments = marks.get(f"{PROPERTIES}{key}", ())
        return marked(next((one for one in fragments if _plain(one) == text), text))

    distribution = [one for key in DISTRIBUTION if (one := shown(key))]
    architecture = next((one for key in ARCHITECTURE if (one := shown(key))), None)
    found = [format_html_join(" ", "{}", ((one,) for one in distribution)), architecture]
    return [one for one in found if one]


def _facts(body: Mapping[str, Any]) -> str:
    found = [body.get("version"), body.get("disk_format"), words.size(body.get("size"))]
    return " · ".join(str(fact) for fact in found if fact)


def _first(marks: Mapping[str, list[str]], name: str) -> SafeString | None:
    fragments = marks.get(name)
    return marked(fragments[0]) if fragments else None


def _snippet(body: Mapping[str, Any], marks: Mapping[str, list[str]]) -> SafeString:
    """Where the words were found outside name and tags, else the beginning of the description."""
    if marks.get("description"):
        return joined(marks["description"][:2])
    properties = [
        format_html("<code>{}</code>: {}", name.removeprefix(PROPERTIES), marked(fragments[0]))
        for name, fragments in marks.items()
        if name.startswith(PROPERTIES) and fragments
    ]
    if properties:
        return format_html_join(" … ", "{}", ((one,) for one in properties[:3]))
    text = str(body.get("description") or "")
    return SafeString(conditional_escape(text[:240] + ("…" if len(text) > 240 else "")))


def _tag(tag: str, fragments: Sequence[str]) -> SafeString:
    from_engine = (one for one in fragments if _plain(one) == tag)
    return marked(next(from_engine, tag))


def _plain(fragment: str) -> str:
    return fragment.replace(BEGIN, "").replace(END, "")


def _time(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else parse_datetime(str(value or ""))
