"""What other programs are told of metadefs: Glance's events and payloads."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Model

from catalog.clock import iso_seconds, now
from catalog.models import Event
from catalog.notifications import notices
from catalog.notifications.notices import Draft
from metadefs.models import Association, Namespace, Object, Property, Tag

DEFINED = (
    "type title description default minimum maximum enum pattern minLength maxLength confidential items"
    " uniqueItems minItems maxItems additionalItems"
).split()
KINDS: Mapping[str, tuple[type[Model], str]] = {
    "metadef_object": (Object, "name"),
    "metadef_property": (Property, "name"),
    "metadef_tag": (Tag, "name"),
    "metadef_resource_type": (Association, "resource_type__name"),
}


def register() -> None:
    for object_type in ("metadef_namespace", *KINDS):
        notices.register(object_type, describe)


def describe(event: Event) -> Iterator[Draft]:
    """The notification of an event; of a deletion it is asked before the row goes."""
    moment = iso_seconds(now())
    gone = event.kind.endswith(".delete")
    deleted = {"deleted": gone, "deleted_at": moment if gone else None}
    if event.object_type == "metadef_namespace":
        yield Draft(event.kind, {**_namespace(event), **deleted})
        return
    namespace, _, name = event.object_id.partition("/")
    model, key = KINDS[event.object_type]
    if not name:
        return  # a resource type by itself, which Glance has no event for
    where = {"namespace__namespace": namespace, key: name}
    row: Any = model._default_manager.filter(**where).first()  # noqa: SLF001 - the way to any model's rows
    if row is not None:
        old = event.changes.get("name", [None])[0] if not gone else None
        told = {"namespace": namespace, "name": name, "name_old": old or name, **_shown(row)}
        yield Draft(event.kind, {**told, **_dates(row), **deleted})


def _namespace(event: Event) -> dict[str, Any]:
    row = Namespace.objects.filter(namespace=event.object_id).first()
    old = event.changes.get("namespace", [None])[0]
    told: dict[str, Any] = {"namespace": event.object_id, "namespace_old": old or event.object_id}
    if row is None:
        return told
    names = ("display_name", "protected", "visibility", "owner", "description")
    return {**told, **{name: getattr(row, name) for name in names}, **_dates(row)}


def _shown(row: Any) -> dict[str, Any]:
    if isinstance(row, Object):
        properties = [{"name": key, **value} for key, value in row.properties.items()]
        return {
            "description": row.description,
            "required": row.required,
            "properties": properties,
        }
    if isinstance(row, Property):
        return {name: row.definition.get(name) for name in DEFINED}
    if isinstance(row, Association):
        return {"prefix": row.prefix, "properties_target": row.properties_target}
    return {}


def _dates(row: Any) -> dict[str, str]:
    return {
        "created_at": iso_seconds(row.created_at),
        "updated_at": iso_seconds(row.updated_at),
    }
