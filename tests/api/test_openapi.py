"""The OpenAPI document names every route and nothing else, is valid, and is the committed one."""

import json
from typing import Any

import pytest
from django.test import Client
from openapi_spec_validator import validate

from settings import openapi
from tests.architecture import source

REFERENCE = source.ROOT / "docs" / "reference" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


def test_it_is_valid(document: dict[str, Any]) -> None:
    validate(json.loads(openapi.text()))
    assert document["openapi"] == "3.1.0"


def test_the_committed_one_is_current() -> None:
    told = "manage.py describe_openapi > docs/reference/openapi.json"
    assert REFERENCE.read_text(encoding="utf-8") == openapi.text(), told


def test_every_operation_is_declared_and_has_a_route() -> None:
    declared = openapi.declarations()
    routed = {(one.path, one.method) for one in openapi.endpoints()}
    assert sorted(routed - declared) == [], "an api/…/openapi.py has to tell what these take"
    assert sorted(declared - routed) == [], "these have no route"
    assert len(routed) > 120


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/image/v2/images/{image_id}/file", {"get", "put", "head"}),
        ("/image/v2/images/{image_id}/uploads/{session_id}", {"head", "patch", "get"}),
        ("/image/v2/metadefs/namespaces/{namespace}/tags/{name}", {"post", "put"}),
        ("/artifact/artifacts/{type_name}/{artifact_id}/{slot}", {"get", "put"}),
        ("/search/v1/search", {"get", "post"}),
        ("/identity/v3/auth/tokens", {"get", "post", "head", "delete"}),
        ("/healthz/ready", {"get"}),
        ("/metrics", {"get"}),
    ],
)
def test_it_names(document: dict[str, Any], path: str, methods: set[str]) -> None:
    assert methods <= document["paths"][path].keys()


def test_no_page_for_people_is_in_it(document: dict[str, Any]) -> None:
    assert [path for path in document["paths"] if path.startswith(openapi.FOR_PEOPLE)] == []


def test_errors_bear_stable_codes(document: dict[str, Any]) -> None:
    schema = document["components"]["responses"]["Images404"]["content"]["application/json"]
    assert "not_found" in schema["schema"]["properties"]["error_code"]["enum"]
    told = document["paths"]["/image/v2/images/{image_id}"]["get"]["responses"]
    assert told["404"] == {"$ref": "#/components/responses/Images404"}


def test_it_is_served(client: Client, document: dict[str, Any]) -> None:
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert json.loads(answer.content) == json.loads(openapi.text())


def test_who_needs_no_token_is_told(document: dict[str, Any]) -> None:
    paths = document["paths"]
    assert paths["/identity/v3/auth/tokens"]["post"]["security"] == []
    assert "security" not in paths["/image/v2/images"]["get"]
