"""What Identity v3 takes and answers, for the OpenAPI document."""

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.api.openapi import (
    COUNT,
    FLAG,
    OBJECT,
    TEXT,
    Answer,
    Body,
    Family,
    Operation,
    Schema,
    described,
    silent,
    told,
)
from identity.api.v3.base import KeystoneDialect
from identity.api.v3.filters import (
    COMPARATORS,
    CredentialFilters,
    DomainFilters,
    ProjectFilters,
    RoleFilters,
    UserFilters,
)
from identity.api.v3.token_requests import METHODS
from identity.services.users import LONGEST_PASSWORD

NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255}
SHORT: Schema = {"type": "string", "minLength": 1, "maxLength": 64}
OPTIONAL: Schema = {"type": ["string", "null"], "maxLength": 255}
OPTIONAL_ID: Schema = {"type": ["string", "null"], "maxLength": 64}
LONG: Schema = {"type": ["string", "null"], "maxLength": 65535}
SECRET: Schema = {"type": ["string", "null"], "maxLength": LONGEST_PASSWORD}
BOOLEAN: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
NAMED: Schema = {"type": "object", "properties": {"id": TEXT, "name": TEXT}}


def _entity(noun: str, members: Mapping[str, Schema], *, required: Iterable[str] = ()) -> Body:
    inner = {"type": "object", "properties": dict(members), "required": list(required)}
    return Body(schema={"type": "object", "required": [noun], "properties": {noun: inner}})


def _list(filters: Any = None) -> dict[str, Schema]:
    """The parameters of a list: its FilterSet's, the page's, and the name's comparators."""
    found: dict[str, Schema] = {
        "limit": described(COUNT, "Most entries of the page"),
        "marker": described(TEXT, "Id of the last entry of the page before"),
    }
    if filters is not None:
        names = filters.base_filters
        found |= {name: described(TEXT, "Equal to the text") for name in names}
        found |= {f"name__{one}": TEXT for one in COMPARATORS if "name" in names}
    return found


SUBJECT = {"X-Subject-Token": described(TEXT, "The token that is asked about")}
TOKEN_HEADER = {"X-Subject-Token": "The token"}
USER: Schema = {
    "type": "object",
    "properties": {"id": TEXT, "name": TEXT, "domain": NAMED, "password": TEXT},
}
TOKEN_REQUEST: Schema = {
    "type": "object",
    "required": ["auth"],
    "properties": {
        "auth": {
            "type": "object",
            "required": ["identity"],
            "properties": {
                "identity": {
                    "type": "object",
                    "required": ["methods"],
                    "properties": {
                        "methods": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "enum": list(METHODS)},
                        },
                        "password": {"type": "object", "properties": {"user": USER}},
                        "token": {"type": "object", "properties": {"id": TEXT}},
                        "application_credential": {
                            "type": "object",
                            "properties": {"id": TEXT, "name": TEXT, "user": USER, "secret": TEXT},
                        },
                    },
                },
                "scope": {
                    "anyOf": [
                        {"type": "null"},
                        {"const": "unscoped"},
                        {
                            "type": "object",
                            "minProperties": 1,
                            "maxProperties": 1,
                            "additionalProperties": False,
                            "properties": {
                                "project": {
                                    "type": "object",
                                    "properties": {"id": TEXT, "name": TEXT, "domain": NAMED},
                                },
                                "domain": NAMED,
                                "system": {
                                    "type": "object",
                                    "properties": {"all": {"const": True}},
                                },
                                "unscoped": OBJECT,
                            },
                        },
                    ]
                },
            },
        }
    },
}

DOMAIN: dict[str, Schema] = {"name": SHORT, "description": LONG, "enabled": BOOLEAN}
PROJECT: dict[str, Schema] = {
    "name": SHORT,
    "domain_id": OPTIONAL_ID,
    "parent_id": OPTIONAL_ID,
    "description": LONG,
    "enabled": BOOLEAN,
    "tags": TEXTS,
}
PERSON: dict[str, Schema] = {
    "name": NAME,
    "domain_id": OPTIONAL_ID,
    "default_project_id": OPTIONAL_ID,
    "email": OPTIONAL,
    "description": LONG,
    "enabled": BOOLEAN,
    "password": SECRET,
}
ROLE: dict[str, Schema] = {"name": NAME, "description": LONG}
REGION: dict[str, Schema] = {"id": OPTIONAL, "description": LONG, "parent_region_id": OPTIONAL}
SERVICE: dict[str, Schema] = {
    "type": NAME,
    "name": OPTIONAL,
    "description": LONG,
    "enabled": BOOLEAN,
}
ENDPOINT: dict[str, Schema] = {
    "service_id": SHORT,
    "interface": {"type": "string", "enum": ["public", "internal", "admin"]},
    "url": {"type": "string", "minLength": 1},
    "enabled": BOOLEAN,
    "region_id": OPTIONAL,
    "region": OPTIONAL,
}
CREDENTIAL: dict[str, Schema] = {
    "name": NAME,
    "description": LONG,
    "secret": SECRET,
    "expires_at": OPTIONAL,
    "roles": {"type": ["array", "null"], "items": NAMED},
    "unrestricted": BOOLEAN,
    "access_rules": {"type": ["array", "null"], "items": OBJECT},
}


def _kind(
    noun: str,
    path: str,
    key: str,
    members: Mapping[str, Schema],
    *,
    required: Iterable[str],
    query: Mapping[str, Schema],
    change: bool = True,
) -> dict[str, Operation]:
    """List, make, show, change and delete one kind of thing."""
    words, needed = noun.replace("_", " "), list(required)
    found = {
        f"GET {path}": Operation(summary=f"List: {words}", query=query, answers=told("The list.")),
        f"POST {path}": Operation(
            summary=f"Make: {words}",
            body=_entity(noun, members, required=needed),
            answers=told("It was made.", status=201),
        ),
        f"GET {path}/{{{key}}}": Operation(summary=f"Show: {words}", answers=told("It.")),
        f"DELETE {path}/{{{key}}}": Operation(
            summary=f"Delete: {words}", answers=silent("It is gone.")
        ),
    }
    if change:
        found[f"PATCH {path}/{{{key}}}"] = Operation(
            summary=f"Change: {words}", body=_entity(noun, members), answers=told("As it is now.")
        )
    return found


def _seen(path: str, summary: str, **query: Schema) -> dict[str, Operation]:
    return {f"GET {path}": Operation(summary=summary, query=query, answers=told("The list."))}


def _grants(target: str) -> dict[str, Operation]:
    path = f"/v3/{target}/users/{{user_id}}/roles"
    return {
        f"GET {path}": Operation(summary="List: a user's roles there", answers=told("The list.")),
        f"GET {path}/{{role_id}}": Operation(
            summary="Whether the user has the role there", answers=silent("Yes.")
        ),
        f"HEAD {path}/{{role_id}}": Operation(
            summary="Whether the user has the role there", answers=silent("Yes.")
        ),
        f"PUT {path}/{{role_id}}": Operation(
            summary="Give the role", answers=silent("The user has it.")
        ),
        f"DELETE {path}/{{role_id}}": Operation(
            summary="Take the role away", answers=silent("The user has it no more.")
        ),
    }


OPERATIONS: dict[str, Operation] = {
    "GET /": Operation(summary="The versions there are", answers=told("Choose one.", status=300)),
    "GET /v3": Operation(summary="This version", answers=told("This version.")),
    "POST /v3/auth/tokens": Operation(
        summary="Sign in",
        query={"nocatalog": described(TEXT, "Given: without the service catalog")},
        body=Body(schema=TOKEN_REQUEST),
        answers={201: Answer(meaning="A token, in a header.", schema=OBJECT, headers=TOKEN_HEADER)},
    ),
    "GET /v3/auth/tokens": Operation(
        summary="Show a token",
        headers=SUBJECT,
        query={"nocatalog": described(TEXT, "Given: without the service catalog")},
        answers={200: Answer(meaning="What it says.", schema=OBJECT, headers=TOKEN_HEADER)},
    ),
    "HEAD /v3/auth/tokens": Operation(
        summary="Whether a token is valid", headers=SUBJECT, answers=silent("It is.", 200)
    ),
    "DELETE /v3/auth/tokens": Operation(
        summary="Revoke a token", headers=SUBJECT, answers=silent("It is valid no more.")
    ),
    **_seen("/v3/auth/catalog", "The service catalog"),
    **_seen("/v3/auth/projects", "Projects that the caller can have a token for"),
    **_seen("/v3/auth/domains", "Domains that the caller can have a token for"),
    **_seen("/v3/auth/system", "Whether the caller can have a token for the system"),
    **_kind(
        "domain", "/v3/domains", "domain_id", DOMAIN, required=["name"], query=_list(DomainFilters)
    ),
    **_kind(
        "project",
        "/v3/projects",
        "project_id",
        PROJECT,
        required=["name"],
        query=_list(ProjectFilters),
    ),
    "GET /v3/projects/{project_id}": Operation(
        summary="Show: project",
        query={
            name: described(TEXT, "Given: shown with it")
            for name in ("parents_as_list", "parents_as_ids", "subtree_as_list", "subtree_as_ids")
        },
        answers=told("It."),
    ),
    **_seen("/v3/projects/{project_id}/tags", "List: a project's tags"),
    "PUT /v3/projects/{project_id}/tags": Operation(
        summary="Set a project's tags",
        body=Body(schema={"type": "object", "required": ["tags"], "properties": {"tags": TEXTS}}),
        answers=told("The tags."),
    ),
    "DELETE /v3/projects/{project_id}/tags": Operation(
        summary="Remove all tags of a project", answers=silent("There is none.")
    ),
    "GET /v3/projects/{project_id}/tags/{tag}": Operation(
        summary="Whether the project has the tag", answers=silent("It has.")
    ),
    "PUT /v3/projects/{project_id}/tags/{tag}": Operation(
        summary="Tag a project", answers=silent("It has the tag.", 201)
    ),
    "DELETE /v3/projects/{project_id}/tags/{tag}": Operation(
        summary="Remove a project's tag", answers=silent("It has the tag no more.")
    ),
    **_kind("user", "/v3/users", "user_id", PERSON, required=["name"], query=_list(UserFilters)),
    "POST /v3/users/{user_id}/password": Operation(
        summary="Change one's own password",
        body=_entity(
            "user",
            {"password": TEXT, "original_password": TEXT},
            required=["password", "original_password"],
        ),
        answers=silent("It is changed; tokens are valid no more."),
    ),
    **_seen("/v3/users/{user_id}/projects", "List: projects where a user has a role", **_list()),
    **_kind(
        "application_credential",
        "/v3/users/{user_id}/application_credentials",
        "credential_id",
        CREDENTIAL,
        required=["name"],
        query=_list(CredentialFilters),
        change=False,
    ),
    **_seen("/v3/users/{user_id}/access_rules", "List: access rules (there are none)"),
    "GET /v3/users/{user_id}/access_rules/{rule_id}": Operation(
        summary="Show: access rule (there are none)", answers=told("It.")
    ),
    "DELETE /v3/users/{user_id}/access_rules/{rule_id}": Operation(
        summary="Delete: access rule", answers=silent("It is gone.")
    ),
    **_seen("/v3/users/{user_id}/groups", "List: groups of a user (there are none)"),
    **_seen("/v3/groups", "List: groups (there are none)"),
    **_kind("role", "/v3/roles", "role_id", ROLE, required=["name"], query=_list(RoleFilters)),
    **_seen("/v3/roles/{prior_id}/implies", "List: roles that a role implies"),
    "GET /v3/roles/{prior_id}/implies/{implied_id}": Operation(
        summary="Show: implication", answers=told("It.")
    ),
    "HEAD /v3/roles/{prior_id}/implies/{implied_id}": Operation(
        summary="Whether a role implies the other", answers=silent("It does.")
    ),
    "PUT /v3/roles/{prior_id}/implies/{implied_id}": Operation(
        summary="Let a role imply another", answers=told("It does.", status=201)
    ),
    "DELETE /v3/roles/{prior_id}/implies/{implied_id}": Operation(
        summary="Remove an implication", answers=silent("It does no more.")
    ),
    **_seen("/v3/role_inferences", "List: all implications"),
    "GET /v3/role_assignments": Operation(
        summary="List: who has which role where",
        query={
            **dict.fromkeys(
                ("user.id", "role.id", "scope.project.id", "scope.domain.id", "scope.system"), TEXT
            ),
            **{
                name: described(FLAG, "Given: yes")
                for name in ("effective", "include_names", "include_subtree")
            },
        },
        answers=told("The list."),
    ),
    **_grants("projects/{project_id}"),
    **_grants("domains/{domain_id}"),
    **_grants("system"),
    **_kind(
        "service",
        "/v3/services",
        "service_id",
        SERVICE,
        required=["type"],
        query={"type": TEXT, "name": TEXT},
    ),
    **_kind(
        "endpoint",
        "/v3/endpoints",
        "endpoint_id",
        ENDPOINT,
        required=["service_id", "interface", "url"],
        query={"service_id": TEXT, "interface": TEXT, "region_id": TEXT},
    ),
    **_kind(
        "region", "/v3/regions", "region_id", REGION, required=[], query={"parent_region_id": TEXT}
    ),
    "PUT /v3/regions/{region_id}": Operation(
        summary="Make a region of that id",
        body=_entity("region", REGION),
        answers=told("It was made.", status=201),
    ),
}


def _error(codes: list[str]) -> Schema:
    """The body of KeystoneDialect."""
    return {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "title", "message", "error_code"],
                "properties": {
                    "code": {"type": "integer"},
                    "title": TEXT,
                    "message": TEXT,
                    "error_code": {"type": "string", "enum": codes},
                },
            }
        },
    }


FAMILY = Family(
    name="Identity",
    prefix="/identity",
    dialect=KeystoneDialect(),
    packages=frozenset({"identity"}),
    error=_error,
    operations=OPERATIONS,
)
