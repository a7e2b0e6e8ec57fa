"""Bodies as drafts: shape judged by the served schemas, read-only fields refused with 403."""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from rest_framework.request import Request

from catalog.actors import Actor
from catalog.api.views import json_object
from catalog.errors import InvalidBody, ReadOnly
from metadefs import values
from metadefs.api.v2 import schemas
from metadefs.drafts import AssociationDraft, NamespaceDraft, ObjectDraft

TIMES = ("created_at", "updated_at")
GENERATED = ("self", "schema", *TIMES)
NESTED = ("resource_type_associations", "properties", "objects", "tags")
_DEEPEST_BODY = 32

_NAMESPACE = Draft202012Validator(schemas.NAMESPACE)
_OBJECT = Draft202012Validator(schemas.OBJECT)
_PROPERTY = Draft202012Validator(schemas.PROPERTY)
_ASSOCIATION = Draft202012Validator(schemas.ASSOCIATION)
_TAG = Draft202012Validator(schemas.TAG)
_TAGS = Draft202012Validator(schemas.TAGS)


def new_namespace(request: Request, actor: Actor) -> NamespaceDraft:
    """A namespace with everything in it."""
    body = _checked(request, _NAMESPACE, GENERATED)
    return namespace_draft(body, owner=body.get("owner", actor.project_id), visibility="private")


def changed_namespace(request: Request, actor: Actor) -> NamespaceDraft:
    """The namespace's own fields; clients send back the contents they read, which are passed over."""
    body = _checked(request, _NAMESPACE, GENERATED, ignored=NESTED)
    return namespace_draft(body, owner=body.get("owner", actor.project_id), visibility="private")


def namespace_draft(
    body: Mapping[str, Any], *, owner: str | None, visibility: str, mode: str = "enforce"
) -> NamespaceDraft:
    """The draft of a judged document; `visibility` and `mode` hold where it names none."""
    associations = body.get("resource_type_associations", ())
    return NamespaceDraft(
        namespace=body["namespace"],
        display_name=body.get("display_name"),
        description=body.get("description"),
        visibility=body.get("visibility", visibility),
        protected=body.get("protected", False),
        owner=owner,
        associations=tuple(association_draft({"mode": mode, **one}) for one in associations),
        properties=definitions(body.get("properties", {})),
        objects=tuple(object_draft(one) for one in body.get("objects", ())),
        tags=tuple(one["name"] for one in body.get("tags", ())),
    )


def object_body(request: Request) -> ObjectDraft:
    return object_draft(_checked(request, _OBJECT, GENERATED))


def property_body(request: Request) -> tuple[str, dict[str, Any]]:
    """A property's name and its definition."""
    body = _checked(request, _PROPERTY, TIMES)
    return body["name"], {key: value for key, value in body.items() if key != "name"}


def association_body(request: Request) -> AssociationDraft:
    return association_draft(_checked(request, _ASSOCIATION, TIMES))


def tag_body(request: Request) -> str:
    name: str = _checked(request, _TAG, TIMES)["name"]
    return name


def tags_body(request: Request) -> list[str]:
    return [one["name"] for one in _checked(request, _TAGS, ())["tags"]]


def object_draft(body: Mapping[str, Any]) -> ObjectDraft:
    return ObjectDraft(
        name=body["name"],
        description=body.get("description"),
        required=tuple(body.get("required", ())),
        properties=definitions(body.get("properties", {})),
    )


def association_draft(body: Mapping[str, Any]) -> AssociationDraft:
    return AssociationDraft(
        name=body["name"],
        prefix=body.get("prefix", ""),
        properties_target=body.get("properties_target"),
        mode=body.get("mode", "enforce"),
        strict=body.get("strict", False),
    )


def definitions(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """A map of definitions; a name repeated inside one says nothing new."""
    return {
        name: {key: value for key, value in definition.items() if key != "name"}
        for name, definition in found.items()
    }


def _checked(
    request: Request,
    judge: Draft202012Validator,
    read_only: tuple[str, ...],
    *,
    ignored: tuple[str, ...] = (),
) -> dict[str, Any]:
    body = {key: value for key, value in json_object(request).items() if key not in ignored}
    for name in read_only:
        if name in body:
            raise ReadOnly(f"attribute {name!r} is read-only", attribute=name)
    if values.too_deep(body, _DEEPEST_BODY):
        raise InvalidBody(f"the body is nested deeper than {_DEEPEST_BODY} levels")
    error = next(iter(judge.iter_errors(body)), None)
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path)
        said = error.message if len(error.message) <= 300 else error.message[:299] + "…"
        raise InvalidBody(f"{where}: {said}" if where else said, field=where)
    return body
