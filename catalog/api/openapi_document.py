"""The OpenAPI 3.1 document of routes that were found in the code and operations that were declared for them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from catalog.api.openapi import NOTHING, Answer, Family, Operation, Schema, problem
from catalog.api.openapi_errors import codes_by_status

READING = frozenset({400, 401, 403, 404, 429, 503})
WRITING = READING | frozenset({408, 409, 410, 412, 413, 415})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
UNDECLARED = Operation(summary="Not described yet.", answers={200: Answer(meaning="It was done.")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method on one path (`/image/v2/images/{image_id}`), as the code routes it."""

    path: str
    method: str
    anonymous: bool

    def key(self, family: Family) -> str:
        """How the family's declarations name it."""
        return f"{self.method} {self.path.removeprefix(family.prefix)}"


def statuses(endpoint: Endpoint, operation: Operation, family: Family) -> list[int]:
    """The errors that the operation may answer."""
    general = READING if endpoint.method in SAFE else WRITING
    unknown = {401, 403} if endpoint.anonymous and endpoint.method in SAFE else set()
    return sorted(
        (general - unknown | operation.errors)
        & codes_by_status(family.dialect, family.packages).keys()
        | operation.errors
    )


def document(
    families: Iterable[Family], endpoints: Iterable[Endpoint], *, title: str, version: str
) -> dict[str, Any]:
    """The whole document, in an order that does not change by itself."""
    known = tuple(families)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in sorted(endpoints, key=lambda one: (one.path, one.method)):
        family = family_of(endpoint, known)
        shown = paths.setdefault(endpoint.path, _path_parameters(endpoint.path, family))
        shown[endpoint.method.lower()] = _operation(endpoint, family)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": family.name} for family in known],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Auth-Token",
                    "description": "A token of Identity v3",
                }
            },
            "schemas": {name: schema for family in known for name, schema in _schemas(family)},
            "responses": {name: answer for family in known for name, answer in _errors(family)},
        },
    }


def family_of(endpoint: Endpoint, families: Iterable[Family]) -> Family:
    """The family with the longest prefix of the path."""
    fitting = [one for one in families if endpoint.path.startswith(one.prefix)]
    return max(fitting, key=lambda one: len(one.prefix))


def _path_parameters(path: str, family: Family) -> dict[str, Any]:
    names = re.findall(r"{(\w+)}", path)
    found = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
            **({"description": family.meanings[name]} if name in family.meanings else {}),
        }
        for name in names
    ]
    return {"parameters": found} if found else {}


def _operation(endpoint: Endpoint, family: Family) -> dict[str, Any]:
    operation = family.operations.get(endpoint.key(family), UNDECLARED)
    found: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()}{re.sub(r'[^a-zA-Z0-9]+', '_', endpoint.path)}",
        "summary": operation.summary,
        "tags": [family.name],
    }
    if endpoint.anonymous:
        found["security"] = []
    parameters = [
        *(_parameter("query", name, schema) for name, schema in operation.query.items()),
        *(_parameter("header", name, schema) for name, schema in operation.headers.items()),
    ]
    if operation.open_query:
        parameters.append(_open_query())
    if parameters:
        found["parameters"] = parameters
    if operation.body is not None:
        body, schema = operation.body, embedded(operation.body.schema, family)
        content = {media: {"schema": schema} for media in body.types}
        found["requestBody"] = {"required": body.required, "content": content}
    found["responses"] = {
        **{str(s): _answer(one, family) for s, one in operation.answers.items()},
        **{
            str(s): {"$ref": f"#/components/responses/{family.name}{s}"}
            for s in statuses(endpoint, operation, family)
            if s not in operation.answers
        },
    }
    return found


def _parameter(place: str, name: str, schema: Schema) -> dict[str, Any]:
    rest = {key: value for key, value in schema.items() if key != "description"}
    found = {"name": name, "in": place, "schema": rest}
    return found | ({"description": schema["description"]} if "description" in schema else {})


def _open_query() -> dict[str, Any]:
    """Any other name is one of the thing's own properties."""
    return {
        "name": "properties",
        "in": "query",
        "style": "form",
        "explode": True,
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        "description": "Any other name is a property's: equal to the text",
    }


def _answer(answer: Answer, family: Family) -> dict[str, Any]:
    found: dict[str, Any] = {"description": answer.meaning}
    if answer.headers:
        found["headers"] = {
            name: {"description": meaning, "schema": {"type": "string"}}
            for name, meaning in answer.headers.items()
        }
    if answer.schema is not None:
        found["content"] = {answer.type: {"schema": embedded(answer.schema, family)}}
    return found


def _errors(family: Family) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, codes in codes_by_status(family.dialect, family.packages).items():
        content: dict[str, Any] = {
            media: {"schema": family.error(codes) if "json" in media else {"type": "string"}}
            for media in family.error_types
        }
        # The shell in front of every API refuses in its own words.
        content.setdefault("application/problem+json", {"schema": problem(codes)})
        yield f"{family.name}{status}", {"description": _phrase(status), "content": content}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "The checksum does not match"  # 460 of tus


def _schemas(family: Family) -> Iterator[tuple[str, Schema]]:
    for name, schema in family.schemas.items():
        for one, definition in schema.get("definitions", NOTHING).items():
            yield f"{family.name}_{one}", embedded(definition, family)
        yield name, embedded(schema, family)


def embedded(schema: Any, family: Family) -> Any:
    """The schema as the document can hold it: its definitions become the document's."""
    if isinstance(schema, Mapping):
        return {
            key: f"#/components/schemas/{family.name}_{value.removeprefix('#/definitions/')}"
            if key == "$ref" and isinstance(value, str) and value.startswith("#/definitions/")
            else embedded(value, family)
            for key, value in schema.items()
            if not (key == "definitions" and isinstance(value, Mapping))
        }
    if isinstance(schema, list | tuple | set | frozenset):
        return [embedded(one, family) for one in schema]
    return schema
