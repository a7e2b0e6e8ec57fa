"""Whatever method comes to whatever address of an API: it is answered as the API answers, by no page and by no check of
forms.
"""

import uuid

import pytest
from django.test import Client

from settings import openapi

pytestmark = pytest.mark.django_db
METHODS = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS")
OTHERS = (
    *(
        "/image",
        "/image/",
        "/image/v2/",
        "/image/v2.3",
        "/image/v3/images",
        "/identity/",
        "/search/",
    ),
    *("/artifact", "/nothing", "/image/v2/nothing", "/identity/v3/nothing", "/image/v1/images"),
)


def addresses() -> list[str]:
    known = {endpoint.path for endpoint in openapi.endpoints()}
    return sorted({*known, *OTHERS})


def filled(path: str) -> str:
    """The path with something in each place of a name."""
    return path.replace("{", "").replace("}", "")


@pytest.mark.parametrize("method", METHODS)
def test_no_html_and_no_word_of_forms(method: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert len(addresses()) > 80
    for path in addresses():
        for accept in ("application/json", ""):
            headers = {"Accept": accept} if accept else {}
            answer = strict.generic(method, filled(path), headers=headers)
            assert "html" not in answer.get("Content-Type", ""), (method, path)
            assert b"CSRF" not in answer.content, (method, path)
            assert answer.status_code < 500, (method, path)


def test_discovery_is_read() -> None:
    for path in (
        *("/image/versions", "/image/v2", "/image/healthcheck", "/artifact/", "/artifact/versions"),
        *("/identity/v3", "/search/v1", "/metrics", "/healthz/live", "/healthz/ready"),
        "/openapi.json",
    ):
        answer = Client(enforce_csrf_checks=True).post(path, headers={"Accept": "application/json"})
        assert answer.status_code == 405, path
        assert {"GET", "HEAD"} <= set(answer["Allow"].split(", ")), path
        assert answer["Content-Type"] in {"application/json", "application/problem+json"}, path


def test_pages_tell_a_program_in_its_own_words() -> None:
    """A form without the page's mark is refused: to browsers by a page, to others by a document."""
    strict = Client(enforce_csrf_checks=True)
    told = strict.post("/sign-in", {"name": uuid.uuid4().hex}, headers={"Accept": "*/*"})
    shown = strict.post("/sign-in", {}, headers={"Accept": "text/html"})
    assert (told.status_code, told["Content-Type"]) == (403, "application/problem+json")
    assert (shown.status_code, shown["Content-Type"]) == (403, "text/html; charset=utf-8")
