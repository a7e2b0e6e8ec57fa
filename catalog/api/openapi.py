"""What an operation of an API promises, as values: each API declares its own, `openapi_document` makes OpenAPI of them.

Paths, methods, who may call and which errors there are come from the code itself. What no code says by itself (query
parameters, bodies, answers) stands in one table per API, `openapi.py` beside its views: `"GET /v2/images"` → Operation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.api.error_responses import Dialect

Schema = Mapping[str, Any]
NOTHING: Mapping[str, Any] = {}

JSON = "application/json"
OCTETS = "application/octet-stream"

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "string", "enum": ["true", "false"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
BYTES: Schema = {"type": "string", "format": "binary"}
OBJECT: Schema = {"type": "object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A request's body: one schema, in each of the media types."""

    schema: Schema
    types: tuple[str, ...] = (JSON,)
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one status means; without a schema it has no body."""

    meaning: str
    schema: Schema | None = None
    type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path: everything a client may send, and every answer but the errors that all have.

    `query` and `headers`: name → JSON Schema, whose `description` tells the meaning. `errors`: statuses beyond those
    that every operation of its kind may answer.
    """

    summary: str
    answers: Mapping[int, Answer]
    query: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, Schema] = field(default_factory=dict)
    body: Body | None = None
    errors: frozenset[int] = frozenset()
    open_query: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """An API: its name, its way of telling errors, whose errors it can meet, and its declarations.

    `error(codes)` is the JSON Schema of an error body whose stable code is one of `codes`; `schemas` are shared.
    """

    name: str
    prefix: str
    dialect: Dialect
    packages: frozenset[str]
    error: Any
    error_types: tuple[str, ...] = (JSON,)
    operations: Mapping[str, Operation] = field(default_factory=dict)
    schemas: Mapping[str, Schema] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)


def reference(name: str) -> Schema:
    """The shared schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def shown(name: str, meaning: str, status: int = 200) -> Mapping[int, Answer]:
    """The one answer that shows a shared schema."""
    return {status: Answer(meaning=meaning, schema=reference(name))}


def told(meaning: str, schema: Schema = OBJECT, status: int = 200) -> Mapping[int, Answer]:
    return {status: Answer(meaning=meaning, schema=schema)}


def silent(meaning: str, status: int = 204) -> Mapping[int, Answer]:
    """The one answer that has no body."""
    return {status: Answer(meaning=meaning)}


def described(schema: Schema, meaning: str) -> Schema:
    return {**schema, "description": meaning}


def problem(codes: list[str]) -> Schema:
    """The body of ProblemDialect (RFC 9457)."""
    return {
        "type": "object",
        "required": ["status", "code", "title", "detail"],
        "properties": {
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": codes},
            "title": TEXT,
            "detail": TEXT,
        },
    }


def openstack_error(codes: list[str]) -> Schema:
    """The JSON body of OpenStackDialect."""
    return {
        "type": "object",
        "required": ["message", "code", "title", "error_code"],
        "properties": {
            "message": described(TEXT, "What was wrong, for people"),
            "code": described(TEXT, "Status and reason phrase"),
            "title": described(TEXT, "Reason phrase"),
            "error_code": {
                "type": "string",
                "enum": codes,
                "description": "The stable code of the error",
            },
            "facts": OBJECT,
        },
    }
