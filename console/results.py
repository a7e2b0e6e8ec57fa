"""What is found, as the page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console import words
from console.asking import SORTS, Asking
from console.finding import Found
from console.highlights import BEGIN, END, joined, marked
from search.requests import Hit

ORDERS = {
    "best": gettext_lazy("Best match"),
    "updated": gettext_lazy("Last changed"),
    "newest": gettext_lazy("Newest"),
    "name": gettext_lazy("Name"),
    "largest": gettext_lazy("Largest"),
}
MOST_TAGS = 6
PROPERTIES = "properties."


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One hit; what may hold found words is HTML already."""

    address: str
    kind: str
    title: SafeString
    snippet: SafeString
    status: str
    status_word: str
    visibility_word: str
    facts: str
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


def results(found: Found) -> list[Result]:
    return [_result(hit) for hit in found.hits]


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


def _result(hit: Hit) -> Result:
    body, marks = hit.body, hit.highlight
    name = body.get("name")
    tags = [_tag(tag, marks.get("tags", ())) for tag in body.get("tags") or []]
    return Result(
        address=asset_address(hit.resource_type, hit.id),
        kind=words.kind(hit.resource_type),
        title=_first(marks, "name") or SafeString(conditional_escape(name or _("Without a name"))),
        snippet=_snippet(body, marks),
        status=str(body.get("status") or ""),
        status_word=words.value("status", str(body.get("status") or "")),
        visibility_word=words.value("visibility", str(body.get("visibility") or "")),
        facts=_facts(body),
        tags=tags[:MOST_TAGS],
        more_tags=max(0, len(tags) - MOST_TAGS),
        protected=bool(body.get("protected")),
        hidden=bool(body.get("os_hidden")),
        violated=len(body.get("violated_properties") or ()),
        changed=words.ago(_time(body.get("updated_at"))),
    )


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
        f"{name.removeprefix(PROPERTIES)}: {fragments[0]}"
        for name, fragments in marks.items()
        if name.startswith(PROPERTIES) and fragments
    ]
    if found := properties[:3] or marks.get("id"):
        return joined(found)
    text = str(body.get("description") or "")
    return SafeString(conditional_escape(text[:240] + ("…" if len(text) > 240 else "")))


def _tag(tag: str, fragments: Sequence[str]) -> SafeString:
    from_engine = (one for one in fragments if _plain(one) == tag)
    return marked(next(from_engine, tag))


def _plain(fragment: str) -> str:
    return fragment.replace(BEGIN, "").replace(END, "")


def _time(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else parse_datetime(str(value or ""))
