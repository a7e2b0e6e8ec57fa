"""Lists of Artifacts v1: what their parameters mean."""

from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from tests.support.identity import headers_for, make_project, make_user

pytestmark = pytest.mark.django_db
PATH = "/artifact/artifacts/heat_templates"


@pytest.fixture
def headers() -> dict[str, str]:
    ours = make_project("ours")
    return headers_for(make_user("ada", ours), ours)


def listed(headers: dict[str, str], query: str) -> list[str]:
    answer = Client().get(f"{PATH}?{query}", headers=headers)
    assert answer.status_code == 200, answer.content
    return [one["name"] for one in answer.json()["artifacts"]]


def test_a_colon_belongs_to_the_name(headers: Any) -> None:
    names = ["reg:5000/app", "2016-04-17T22:00:00Z", "eq:a", "in:a,b", "a"]
    for name in names:
        made = Client().post(PATH, {"name": name}, content_type="application/json", headers=headers)
        assert made.status_code == 201, made.content
    for name in names:
        assert listed(headers, f"name={quote(name)}") == [name]


@pytest.mark.parametrize("limit", ["2147483647", "9" * 40, "0001000"])
def test_no_limit_is_too_long(headers: Any, limit: str) -> None:
    assert listed(headers, f"limit={limit}") == []
