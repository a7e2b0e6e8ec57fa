"""Parameters of an artifact list: limit, marker, sort, and equality on name, version, status and visibility."""

from collections.abc import Iterator, Sequence

from django.db.models import Prefetch
from django.http import QueryDict

from artifacts import paging, selectors, visibility
from artifacts.models import Artifact, Blob, Location
from artifacts.sorting import KEYS
from artifacts.types import ArtifactType
from artifacts.visibility import COMMUNITY, Scope
from catalog.actors import Actor
from catalog.conf import CatalogConfig, section
from catalog.errors import InvalidParameter
from catalog.query import Page, Sort, count

FILTERS = {
    "name": "name",
    "version": "version",
    "status": "status",
    "visibility": "visibility",
    "owner": "project_id",
}
PAGING = frozenset({"limit", "marker", "sort"})


def page_of(actor: Actor, kind: ArtifactType, query: QueryDict) -> tuple[Iterator[Artifact], bool]:
    """The rows of one page, with tags and blobs, read in portions while they are taken; whether more follows them."""
    kind.guard.require_list(actor)
    page = _page(query)
    if page.limit == 0:
        return iter(()), False
    shown = visibility.shown_rows(kind.guard.shown(actor), actor.project_id)
    rows = Artifact.objects.filter(shown, type=kind.name, deleted_at=None, hidden=False)
    for name, value in query.items():
        if name in FILTERS and "\x00" not in value:
            rows = rows.filter(**{FILTERS[name]: value})
        elif name not in PAGING:
            raise InvalidParameter(f"there is no parameter {name!r}", parameter=name)
    marker = selectors.marker_for(actor, page.marker, type=kind.name) if page.marker else None
    ids = paging.page_of(rows, actor, _scope(query), page, marker)
    return _read(ids[: page.limit]), len(ids) > page.limit


def _read(ids: Sequence[str]) -> Iterator[Artifact]:
    locations = Prefetch("locations", Location.objects.select_related("stored_object"))
    found = Artifact.objects.prefetch_related(
        "tags", Prefetch("blobs", Blob.objects.prefetch_related(locations))
    )
    for part in paging.portions_of(ids):
        by_id = found.in_bulk(part)
        yield from (by_id[i] for i in part if i in by_id)


def _scope(query: QueryDict) -> Scope:
    """Community artifacts of others are listed when they are asked for."""
    wanted = query.get("visibility")
    return Scope(COMMUNITY) if wanted == COMMUNITY else Scope()


def _page(query: QueryDict) -> Page:
    config = section(CatalogConfig)
    text = query.get("limit", str(config.page_size))
    limit = count(text)
    if limit is None:
        raise InvalidParameter(
            f"limit must be an integer of at least 0, not {text[:40]!r}", parameter="limit"
        )
    return Page(min(limit, config.page_limit), query.get("marker"), _sorts(query.get("sort", "")))


def _sorts(text: str) -> tuple[Sort, ...]:
    found = []
    for part in filter(None, text.split(",")):
        key, _, direction = part.partition(":")
        if key not in KEYS or direction not in {"", "asc", "desc"}:
            raise InvalidParameter(
                f"sort is key[:asc|desc] with a key of {', '.join(KEYS)}", parameter="sort"
            )
        found.append(Sort(key, descending=direction != "asc"))
    return tuple(found)
