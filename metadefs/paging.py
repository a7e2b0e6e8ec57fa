"""A page of a sorted list of definitions: after the marker's row, which the caller has found already."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Coalesce

from catalog.pages import portions
from metadefs.models import Namespace, Tag

M = TypeVar("M", Namespace, Tag)

NAMESPACE_KEYS = (
    "id", "namespace", "display_name", "description", "visibility", "protected", "owner",
    "created_at", "updated_at",
)  # fmt: skip
TAG_KEYS = ("id", "name", "created_at", "updated_at")
_NULLABLE = frozenset({"display_name", "description", "owner"})


def page(
    rows: QuerySet[M], *, key: str, descending: bool, limit: int | None, marker: M | None
) -> list[M]:
    """Rows by `key`, then creation, then id; an absent value sorts as an empty text."""
    text = Coalesce(key, Value(""), output_field=TextField())
    value = text if key in _NULLABLE else F(key)
    found: Any = rows.annotate(sorted_by=value)
    if marker is not None:
        found = found.filter(_after(marker, key, "lt" if descending else "gt"))
    sign = "-" if descending else ""
    ordered = found.order_by(*(f"{sign}{column}" for column in ("sorted_by", "created_at", "id")))
    return list(ordered if limit is None else ordered[:limit])


def read(rows: QuerySet[Namespace], page: Sequence[Namespace]) -> Iterator[Namespace]:
    """The namespaces of a page with what `rows` fetches beside them, in portions while they are taken."""
    for part in portions([one.pk for one in page]):
        found = rows.in_bulk(part)
        yield from (found[pk] for pk in part if pk in found)


def _after(marker: Namespace | Tag, key: str, way: str) -> Q:
    value = getattr(marker, key)
    last: dict[str, Any] = {
        "sorted_by": "" if value is None else value,
        "created_at": marker.created_at,
        "id": marker.pk,
    }
    found, equal = Q(), Q()
    for column, value in last.items():
        found |= equal & Q(**{f"{column}__{way}": value})
        equal &= Q(**{column: value})
    return found
