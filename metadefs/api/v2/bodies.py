"""Bodies as drafts: shape judged by the served schemas, read-only fields refused with 403."""

from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from rest_framework.request import Request

from catalog.actors import Actor
from catalog.api import warning_header
from catalog.api.views import json_object
from catalog.errors import InvalidBody, ReadOnly, at_most
from metadefs import reading, rules, values
from metadefs.api.v2 import schemas
from metadefs.drafts import AssociationDraft, NamespaceDraft, ObjectDraft

TIMES = ("created_at", "updated_at")
GENERATED = ("self", "schema", *TIMES)
NESTED = ("resource_type_associations", "properties", "objects", "tags")
MOST_VALUES = 20_000
"""Values in one body, of whatever kind: each is judged by a schema, and looked for in the database."""
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
    return reading.namespace_draft(
        body, owner=body.get("owner", actor.project_id), visibility="private"
    )


def changed_namespace(request: Request, actor: Actor) -> NamespaceDraft:
    """The namespace's own fields; clients send back the contents they read, which are passed over."""
    body = _checked(request, _NAMESPACE, GENERATED, ignored=NESTED)
    return reading.namespace_draft(
        body, owner=body.get("owner", actor.project_id), visibility="private"
    )


def object_body(request: Request) -> ObjectDraft:
    return reading.object_draft(_checked(request, _OBJECT, GENERATED))


def property_body(request: Request) -> tuple[str, dict[str, Any]]:
    """A property's name and its definition."""
    body = _checked(request, _PROPERTY, TIMES)
    return body["name"], reading.definition(body)


def association_body(request: Request) -> AssociationDraft:
    return reading.association_draft(_checked(request, _ASSOCIATION, TIMES))


def tag_body(request: Request) -> str:
    name: str = _checked(request, _TAG, TIMES)["name"]
    return name


def tags_body(request: Request) -> list[str]:
    return [one["name"] for one in _checked(request, _TAGS, ())["tags"]]


def told_of_defaults(definitions: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """A header that warns of defaults which their own definitions do not allow; usually none."""
    return warning_header.warning(rules.odd_defaults(definitions))


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
    at_most(MOST_VALUES, values.count(body, MOST_VALUES), "values")
    if values.too_deep(body, _DEEPEST_BODY):
        raise InvalidBody(f"the body is nested deeper than {_DEEPEST_BODY} levels")
    error = next(iter(judge.iter_errors(body)), None)
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path)
        said = error.message if len(error.message) <= 300 else error.message[:299] + "…"
        raise InvalidBody(f"{where}: {said}" if where else said, field=where)
    return body
