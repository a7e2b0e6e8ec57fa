"""Definitions as the dialect shows them: fields without a value are left out, links begin with `/v2`."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from catalog.clock import iso_seconds
from metadefs import schema
from metadefs.models import Association, Namespace, Object, Property, ResourceType, Tag

ROOT = "/v2/metadefs/namespaces"
SCHEMAS = "/v2/schemas/metadefs"


def namespace(
    row: Namespace,
    *,
    associations: Iterable[Association],
    properties: Iterable[Property] = (),
    objects: Iterable[Object] = (),
    tags: Iterable[Tag] = (),
    prefix: str = "",
) -> dict[str, Any]:
    """The namespace, and what of its contents is given; `prefix` goes before the keys."""
    contents = {
        "resource_type_associations": [association(one) for one in associations],
        "properties": property_map(properties, prefix),
        "objects": [object_(row, one, prefix) for one in objects],
        "tags": [{"name": one.name} for one in tags],
    }
    return {
        "namespace": row.namespace,
        **_valued(
            display_name=row.display_name,
            description=row.description,
            owner=row.owner,
        ),
        "visibility": row.visibility,
        "protected": row.protected,
        "self": f"{ROOT}/{quote(row.namespace)}",
        "schema": f"{SCHEMAS}/namespace",
        **_times(row),
        **{name: content for name, content in contents.items() if content},
    }


def property_(row: Property) -> dict[str, Any]:
    return {"name": row.name, **schema.told(row.definition)}


def property_map(rows: Iterable[Property], prefix: str = "") -> dict[str, Any]:
    return {prefix + row.name: schema.told(row.definition) for row in rows}


def object_(parent: Namespace, row: Object, prefix: str = "") -> dict[str, Any]:
    properties: Mapping[str, Any] = row.properties
    return {
        "name": row.name,
        **_valued(description=row.description),
        "required": [prefix + name for name in row.required],
        "properties": {prefix + name: schema.told(found) for name, found in properties.items()},
        "self": f"{ROOT}/{quote(parent.namespace)}/objects/{quote(row.name)}",
        "schema": f"{SCHEMAS}/object",
        **_times(row),
    }


def association(row: Association) -> dict[str, Any]:
    return {
        "name": row.resource_type.name,
        **_valued(prefix=row.prefix, properties_target=row.properties_target),
        "mode": row.mode,
        "strict": row.strict,
        **_times(row),
    }


def tag(row: Tag) -> dict[str, Any]:
    return {"name": row.name, **_times(row)}


def resource_type(row: ResourceType) -> dict[str, Any]:
    return {"name": row.name, **_times(row)}


def _times(row: Namespace | Object | Association | Tag | ResourceType) -> dict[str, str]:
    return {
        "created_at": iso_seconds(row.created_at),
        "updated_at": iso_seconds(row.updated_at),
    }


def _valued(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
