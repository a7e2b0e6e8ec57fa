"""How many bytes of definitions a namespace may hold: it is shown, listed and read for its rules as a whole."""

from typing import Any

from django.db.models import Model, Sum

from catalog.conf import section
from catalog.errors import MetadataTooLarge
from catalog.pages import weight
from metadefs.conf import MetadefsConfig
from metadefs.models import Namespace, Object, Property, Tag

RESOURCE = "namespace_bytes"
_COLUMNS: dict[type[Model], tuple[str, ...]] = {
    Property: ("name", "definition"),
    Object: ("name", "description", "required", "properties"),
    Tag: ("name",),
}


def bytes_in(namespace: Namespace) -> int:
    """What its properties, objects and tags take."""
    return sum(_bytes_of(model, columns, namespace) for model, columns in _COLUMNS.items())


def _bytes_of(model: type[Model], columns: tuple[str, ...], namespace: Namespace) -> int:
    rows: Any = model._default_manager.filter(namespace_id=namespace.pk)  # noqa: SLF001 - documented
    return int(rows.aggregate(bytes=Sum(weight(*columns)))["bytes"] or 0)


def require_within_limit(namespace: Namespace, *, used: int) -> None:
    """MetadataTooLarge when the namespace holds more than it may, and more than the `used` bytes of before."""
    limit, asked = section(MetadefsConfig).contents_limit, bytes_in(namespace)
    if asked > limit and asked > used:
        raise MetadataTooLarge(
            f"the definitions of a namespace may take {limit} bytes together, not {asked}",
            resource=RESOURCE,
            limit=limit,
            used=used,
            asked=asked,
        )
