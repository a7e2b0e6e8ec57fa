"""Everything about one asset that the actor may see."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from artifacts.models import Artifact
from artifacts.selectors import artifact_for
from artifacts.types import ArtifactType, types
from catalog.actors import Actor
from catalog.errors import Forbidden, NotFound
from catalog.events.history import history_of
from catalog.indexing.documents import COMMON, Kept, sources
from catalog.models import Event
from console import transfers, words
from console.pages import Names
from console.transfers import Download, Upload
from images.history import Entry, events_of
from images.models import TYPE as IMAGE
from images.selectors import members_of
from metadefs.enforcement import Governance
from metadefs.selectors import governance, namespaces_visible_to

APART = frozenset(
    "id resource_type name version description status visibility tags properties valid"
    " violated_properties".split()
)
"""Fields that have a place of their own on the page."""
CODES = frozenset({"owner", "project_id", "checksum", "os_hash_value"})
PROJECTS = ("owner", "project_id")
HISTORY = 50
PROPERTY = "properties/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    namespace: str
    rule: str
    message: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyLine:
    """A free property; `namespaces` govern it, `violations` says which of their rules it breaks."""

    key: str
    value: str | None
    namespaces: Sequence[str]
    violations: Sequence[Violation]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """`is_code`: an id or a digest, which nobody reads as words. `name`: what the id stands for, if that is known."""

    label: str
    value: str
    is_code: bool
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLine:
    member_id: str
    answer: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    at: datetime
    what: str
    ago: str
    changes: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """`members` None: it is not shared, or they are not the actor's to see; `history` None: the same. `download` None:
    there are no bytes, or not for the actor; `upload` None: it does not wait for any.
    """

    row: Artifact
    kind: str
    title: str
    description: str
    fields: Sequence[FieldLine]
    properties: Sequence[PropertyLine]
    tags: Sequence[str]
    members: Sequence[MemberLine] | None
    history: Sequence[HistoryLine] | None
    download: Download | None
    upload: Upload | None

    @property
    def status_word(self) -> str:
        return words.value("status", self.row.status)

    @property
    def changed(self) -> str:
        return words.ago(self.row.updated_at)

    @property
    def size(self) -> str:
        return words.size(self.row.size)

    @property
    def visibility_word(self) -> str:
        return words.value("visibility", self.row.visibility)

    @property
    def violations(self) -> int:
        return sum(len(line.violations) for line in self.properties)


def asset(actor: Actor, resource_type: str, asset_id: str, *, base_url: str, names: Names) -> Asset:
    """NotFound when it is absent, deleted, of another type, or hidden from the actor.

    `base_url` is how clients reach the service; `names` tells those of projects that the actor may know.
    """
    kind = next((one for one in types().values() if one.resource_type == resource_type), None)
    if kind is None:
        raise NotFound(_("There is no type of this name."), type=resource_type)
    row = artifact_for(actor, asset_id, type=kind.name)
    kind.guard.require("get", row, actor)
    body = _body(actor, kind, row)
    rules = governance(kind.resource_type, row.project_id)
    kept = sources()[resource_type].kept(actor)
    return Asset(
        row=row,
        kind=words.kind(resource_type),
        title=row.name or _("Without a name"),
        description=str(body.get("description") or ""),
        fields=_fields(body, names),
        properties=_properties(body, row, rules, kept, _known_namespaces(actor, row, rules)),
        tags=list(body.get("tags") or ()),
        members=_members(actor, row, names),
        history=_history(actor, kind, row, kept),
        download=transfers.download(actor, kind, row, base_url),
        upload=transfers.upload(actor, row, base_url),
    )


def _body(actor: Actor, kind: ArtifactType, row: Artifact) -> Mapping[str, Any]:
    """The asset as its index document has it, made from the row as it is now, and as this actor may see it."""
    source = sources()[kind.resource_type]
    document = next(iter(source.load([row.pk])))
    if document.body is None:
        raise NotFound(_("It has just been deleted."), id=row.pk)
    hidden = {one.name for one in (*COMMON, *source.fields) if one.hidden}
    seen = {name: value for name, value in document.body.items() if name not in hidden}
    return source.present(seen, actor)


def _fields(body: Mapping[str, Any], names: Names) -> list[FieldLine]:
    """The fields that have a value, without those that have a place of their own; projects by name before their id."""
    shown = {k: v for k, v in body.items() if k not in APART and v not in (None, "", [], {})}
    if shown.get("owner") == shown.get("project_id"):
        shown.pop("owner", None)
    known = names([str(shown[key]) for key in PROJECTS if key in shown])
    lines = []
    for key, value in shown.items():
        name = known.get(str(value), "") if key in PROJECTS else ""
        line = FieldLine(
            label=words.label(key), value=words.shown(key, value), is_code=key in CODES, name=name
        )
        lines.append(line)
    return lines


def _properties(
    body: Mapping[str, Any],
    row: Artifact,
    rules: Governance,
    kept: Kept | None,
    known: Container[str],
) -> list[PropertyLine]:
    """Properties that break a rule first, then the governed ones, then the rest; each group by key."""
    values: dict[str, Any] = dict(body.get("properties") or {})
    broken: dict[str, list[Violation]] = {}
    for one in row.violations:
        missing = one["value"] is None and not _keeps(kept, one["property"])
        if one["namespace"] in known and (one["property"] in values or missing):
            broken.setdefault(one["property"], []).append(_violation(one))
    if values.get("description") == body.get("description") and "description" not in broken:
        values.pop("description", None)
    lines = [
        PropertyLine(
            key=key,
            value=None if values.get(key) is None else str(values[key]),
            namespaces=[name for name in _namespaces(rules, key) if name in known],
            violations=broken.get(key, ()),
        )
        for key in sorted({*values, *broken})
    ]
    return sorted(lines, key=lambda line: (not line.violations, not line.namespaces, line.key))


def _known_namespaces(actor: Actor, row: Artifact, rules: Governance) -> frozenset[str]:
    """Of those that govern the asset, the ones that the actor may read: of others neither name nor rule is told."""
    names = {rule.namespace for some in rules.rules.values() for rule in some}
    names |= {one["namespace"] for one in row.violations}
    try:
        rows = namespaces_visible_to(actor).prefetch_related(None)
    except Forbidden:
        return frozenset()
    return frozenset(rows.filter(namespace__in=names).values_list("namespace", flat=True))


def _violation(stored: Mapping[str, Any]) -> Violation:
    """What the row remembers, without repeating in the sentence what stands beside it."""
    opening = f"property {stored['property']!r} of namespace {stored['namespace']!r}: "
    return Violation(
        namespace=stored["namespace"],
        rule=stored["rule"],
        message=capfirst(stored["message"].removeprefix(opening)),
        mode=stored["mode"],
    )


def _namespaces(rules: Governance, key: str) -> list[str]:
    return sorted({rule.namespace for rule in rules.rules.get(key, ()) if rule.mode != "off"})


def _members(actor: Actor, row: Artifact, names: Names) -> list[MemberLine] | None:
    if row.type != IMAGE or row.visibility != "shared":
        return None
    try:
        rows = list(members_of(actor, row))
    except (Forbidden, NotFound):
        return None
    known = names([one.member_id for one in rows])
    return [
        MemberLine(
            member_id=one.member_id,
            answer=words.answer(one.status),
            name=known.get(one.member_id, ""),
        )
        for one in rows
    ]


def _keeps(kept: Kept | None, key: str) -> bool:
    return kept is not None and kept.property(key)


def _history(
    actor: Actor, kind: ArtifactType, row: Artifact, kept: Kept | None
) -> list[HistoryLine] | None:
    if not actor.is_admin and (actor.project_id is None or actor.project_id != row.project_id):
        return None
    events: Iterable[Event | Entry]
    if row.type == IMAGE:
        events, _more = events_of(actor, row.pk, limit=HISTORY, marker=None)
    else:
        events = history_of(actor, kind.resource_type, row.pk, limit=HISTORY)
    return [_history_line(event, kept) for event in events]


def _history_line(event: Event | Entry, kept: Kept | None) -> HistoryLine:
    return HistoryLine(
        at=event.created_at,
        what=words.event(event.kind),
        ago=words.ago(event.created_at),
        changes=[
            (path, _brief(old), _brief(new))
            for path, (old, new) in event.changes.items()
            if not (path.startswith(PROPERTY) and _keeps(kept, path[len(PROPERTY) :]))
        ],
    )


def _brief(value: Any) -> str:
    text = (
        ""
        if value is None
        else ", ".join(map(str, value))
        if isinstance(value, list)
        else str(value)
    )
    return text if len(text) <= 80 else f"{text[:79]}…"
