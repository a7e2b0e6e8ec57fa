"""The JSON Schemas of the dialect: served under `/v2/schemas/metadefs/`, and used to judge bodies."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import json_response
from catalog.errors import NotFound
from metadefs.api.v2.base import MetadefsView
from metadefs.models import NAME_LENGTH
from metadefs.schema import DEFINITION

_NAME = {"type": "string", "maxLength": NAME_LENGTH}
_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time", "readOnly": True}
_LINK = {"type": "string", "readOnly": True}
_TIMES = {"created_at": _TIME, "updated_at": _TIME}
_GENERATED = {"self": _LINK, "schema": _LINK, **_TIMES}
_STRINGS = {"$ref": "#/definitions/stringArray"}

_DEFINITION_MAP = {
    "type": "object",
    "additionalProperties": {
        **DEFINITION,
        "properties": {**DEFINITION["properties"], "name": _NAME},
    },
}
_DEFINITIONS = {
    "positiveInteger": {"type": "integer", "minimum": 0},
    "positiveIntegerDefault0": {
        "allOf": [{"$ref": "#/definitions/positiveInteger"}, {"default": 0}]
    },
    "stringArray": {"type": "array", "items": _TEXT, "uniqueItems": True},
    "property": _DEFINITION_MAP,
}

_ASSOCIATION_FIELDS = {
    "name": _NAME,
    "prefix": _NAME,
    "properties_target": _NAME,
    "mode": {"type": "string", "enum": ["enforce", "warn", "off"]},
    "strict": {"type": "boolean"},
    **_TIMES,
}
_OBJECT_FIELDS = {
    "name": _NAME,
    "description": _TEXT,
    "required": _STRINGS,
    "properties": {"$ref": "#/definitions/property"},
    **_GENERATED,
}
_TAG_FIELDS = {"name": _NAME, **_TIMES}
_PROPERTY_FIELDS = {"name": _NAME, **DEFINITION["properties"]}
_NAMESPACE_FIELDS = {
    "namespace": _NAME,
    "display_name": _NAME,
    "description": {"type": "string", "maxLength": 500},
    "visibility": {"type": "string", "enum": ["public", "private"]},
    "protected": {"type": "boolean"},
    "owner": {"type": "string", "maxLength": 255},
    **_GENERATED,
    "resource_type_associations": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name"],
            "properties": _ASSOCIATION_FIELDS,
        },
    },
    "properties": {"$ref": "#/definitions/property"},
    "objects": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name"],
            "properties": _OBJECT_FIELDS,
        },
    },
    "tags": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name"],
            "properties": _TAG_FIELDS,
        },
    },
}


def _item(name: str, fields: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "object",
        "properties": dict(fields),
        "additionalProperties": False,
        "definitions": _DEFINITIONS,
        "required": list(required),
    }


def _collection(name: str, item: Mapping[str, Any], *, member: str | None = None) -> dict[str, Any]:
    nested = {key: value for key, value in item.items() if key != "definitions"}
    return {
        "name": name,
        "type": "object",
        "properties": {
            member or name: {"type": "array", "items": nested},
            "first": _TEXT,
            "next": _TEXT,
            "schema": _TEXT,
        },
        "definitions": _DEFINITIONS,
        "links": [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }


NAMESPACE = _item("namespace", _NAMESPACE_FIELDS, "namespace")
OBJECT = _item("object", _OBJECT_FIELDS, "name")
PROPERTY = _item("property", _PROPERTY_FIELDS, "type", "title", "name")
ASSOCIATION = _item("resource_type_association", _ASSOCIATION_FIELDS, "name")
TAG = _item("tag", _TAG_FIELDS, "name")
TAGS = {
    "type": "object",
    "additionalProperties": False,
    "required": ["tags"],
    "properties": {
        "tags": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {"name": _NAME},
            },
        }
    },
}


def _properties_collection() -> dict[str, Any]:
    found = _collection("properties", PROPERTY)
    nested = found["properties"]["properties"]["items"]
    found["properties"]["properties"] = {"type": "object", "additionalProperties": nested}
    return found


SERVED: Mapping[str, dict[str, Any]] = {
    "namespace": NAMESPACE,
    "namespaces": _collection("namespaces", NAMESPACE),
    "object": OBJECT,
    "objects": _collection("objects", OBJECT),
    "property": PROPERTY,
    "properties": _properties_collection(),
    "resource_type": ASSOCIATION,
    "resource_types": _collection(
        "resource_type_associations", ASSOCIATION, member="resource_type_associations"
    ),
    "tag": TAG,
    "tags": _collection("tags", TAG),
}


class Schema(MetadefsView):
    def get(self, request: Request, name: str) -> HttpResponse:
        if name not in SERVED:
            raise NotFound(f"there is no schema {name!r}", name=name)
        return json_response(SERVED[name])
