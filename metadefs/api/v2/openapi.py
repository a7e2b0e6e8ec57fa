"""What the metadefs take and answer, for the OpenAPI document; Images includes them."""

from collections.abc import Mapping
from typing import Any

from catalog.api.openapi import (
    COUNT,
    TEXT,
    Body,
    Operation,
    Schema,
    described,
    reference,
    shown,
    silent,
    told,
)
from metadefs import paging
from metadefs.api.v2 import schemas

NAMESPACES = "/v2/metadefs/namespaces"
IN = f"{NAMESPACES}/{{namespace}}"
DIRECTION: Schema = {"type": "string", "enum": ["asc", "desc"]}
ONE_ORDER = described(DIRECTION, "Judged, and without effect: there is one order")
APPEND = {"X-Openstack-Append": described(TEXT, "true: beside the tags there are")}
NAMES: Mapping[str, str] = {
    "namespace": "Namespace",
    "namespaces": "Namespaces",
    "object": "NamespaceObject",
    "objects": "NamespaceObjects",
    "property": "NamespaceProperty",
    "properties": "NamespaceProperties",
    "resource_type": "Association",
    "resource_types": "Associations",
    "tag": "NamespaceTag",
    "tags": "NamespaceTags",
}
SCHEMAS: Mapping[str, Schema] = {
    **{NAMES[name]: schema for name, schema in schemas.SERVED.items()},
    "NewNamespaceTags": schemas.TAGS,
}


def _page(keys: Any) -> dict[str, Schema]:
    return {
        "limit": described(COUNT, "Most entries of the page"),
        "marker": described(TEXT, "Name of the last entry of the page before"),
        "sort_key": {"type": "string", "enum": sorted(keys)},
        "sort_dir": DIRECTION,
    }


def _body(name: str) -> Body:
    return Body(schema=reference(name))


def _contents(plural: str, one: str, item: str, many: str) -> dict[str, Operation]:
    """Those of a namespace: list, make, delete all; show, change, delete one."""
    path = f"{IN}/{plural}"
    return {
        f"GET {path}": Operation(
            summary=f"List: {plural}",
            query={"sort_dir": ONE_ORDER},
            answers=shown(many, "All of them."),
        ),
        f"POST {path}": Operation(
            summary=f"Make: {one}", body=_body(item), answers=shown(item, "It was made.", 201)
        ),
        f"DELETE {path}": Operation(
            summary=f"Delete all {plural}", answers=silent("They are gone.")
        ),
        f"GET {path}/{{name}}": Operation(summary=f"Show: {one}", answers=shown(item, "It.")),
        f"PUT {path}/{{name}}": Operation(
            summary=f"Change: {one}", body=_body(item), answers=shown(item, "As it is now.")
        ),
        f"DELETE {path}/{{name}}": Operation(
            summary=f"Delete: {one}", answers=silent("It is gone.")
        ),
    }


OPERATIONS: Mapping[str, Operation] = {
    f"GET {NAMESPACES}": Operation(
        summary="List: namespaces",
        query={
            **_page(paging.NAMESPACE_KEYS),
            "visibility": {"type": "string", "enum": ["public", "private"]},
            "resource_types": described(TEXT, "Names, by commas"),
        },
        answers=shown("Namespaces", "A page."),
    ),
    f"POST {NAMESPACES}": Operation(
        summary="Make: namespace, with everything in it",
        body=_body("Namespace"),
        answers=shown("Namespace", "It was made.", 201),
    ),
    f"GET {IN}": Operation(
        summary="Show: namespace, with everything in it",
        query={"resource_type": described(TEXT, "Keys as assets of this type bear them")},
        answers=shown("Namespace", "It."),
    ),
    f"PUT {IN}": Operation(
        summary="Change: namespace",
        body=_body("Namespace"),
        answers=shown("Namespace", "As it is now."),
    ),
    f"DELETE {IN}": Operation(summary="Delete: namespace", answers=silent("It is gone.")),
    **_contents("properties", "property", "NamespaceProperty", "NamespaceProperties"),
    f"GET {IN}/properties/{{name}}": Operation(
        summary="Show: property",
        query={"resource_type": described(TEXT, "The name bears this type's prefix")},
        answers=shown("NamespaceProperty", "It."),
    ),
    **_contents("objects", "object", "NamespaceObject", "NamespaceObjects"),
    **_contents("tags", "tag", "NamespaceTag", "NamespaceTags"),
    f"GET {IN}/tags": Operation(
        summary="List: tags",
        query=_page(paging.TAG_KEYS),
        answers=shown("NamespaceTags", "A page."),
    ),
    f"POST {IN}/tags": Operation(
        summary="Set the tags",
        headers=APPEND,
        body=_body("NewNamespaceTags"),
        answers=shown("NamespaceTags", "The tags.", 201),
    ),
    f"POST {IN}/tags/{{name}}": Operation(
        summary="Make: tag", answers=shown("NamespaceTag", "It was made.", 201)
    ),
    f"GET {IN}/resource_types": Operation(
        summary="List: associations",
        query={"sort_dir": ONE_ORDER},
        answers=shown("Associations", "All of them."),
    ),
    f"POST {IN}/resource_types": Operation(
        summary="Associate a resource type",
        body=_body("Association"),
        answers=shown("Association", "It was made.", 201),
    ),
    f"DELETE {IN}/resource_types/{{name}}": Operation(
        summary="Remove an association", answers=silent("It is gone.")
    ),
    "GET /v2/metadefs/resource_types": Operation(
        summary="List: resource types",
        query={"sort_dir": ONE_ORDER},
        answers=told("All of them."),
    ),
    "GET /v2/schemas/metadefs/{name}": Operation(
        summary="JSON Schema of a part of metadefs", answers=told("The schema.")
    ),
}
