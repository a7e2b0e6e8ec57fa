"""Data sent to where documents go, as in version 1 of Glance's API: 415, and how it is done."""

from collections.abc import Iterator

import httpx
import pytest

from artifacts.models import Artifact
from tests.support.images import Caller, callers
from tests.support.server import Server

OCTETS = "application/octet-stream"
IMAGE = "7b97f37c-899d-44e8-aaa0-543edbc4eaad"
SENT = [
    ("POST", "/image/v2/images"),
    ("POST", "/image/v2.9/images"),
    ("POST", "/image/v1/images"),
    ("POST", "/image/v1.1/images"),
    ("PUT", f"/image/v1/images/{IMAGE}"),
    ("PUT", f"/image/v2/images/{IMAGE}"),
]
V1 = {"x-image-meta-name": "a", "x-image-meta-disk_format": "raw", "x-image-meta-store": "file"}


@pytest.fixture
def ada(server: Server) -> Caller:
    return callers("ada")[0]


@pytest.fixture
def http(server: Server, ada: Caller) -> Iterator[httpx.Client]:
    headers = {"X-Auth-Token": ada.token, "Accept": "application/json"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=120) as client:
        yield client


@pytest.mark.parametrize("content_type", [OCTETS, f"{OCTETS}; charset=binary", OCTETS.upper()])
@pytest.mark.parametrize("size", [0, 10, 100_000, 6 << 20])
def test_it_is_told(http: httpx.Client, ada: Caller, size: int, content_type: str) -> None:
    headers = {"Content-Type": content_type, **V1}
    for method, path in SENT:
        answer = http.request(method, path, content=b"x" * size, headers=headers)
        assert answer.status_code == 415, (method, path, answer.text)
        said = answer.json()["message"]
        assert "POST /v2/images" in said
        assert "PUT /v2/images/{id}/file" in said
    assert not Artifact.objects.exists()


def test_strangers_are_strangers(http: httpx.Client) -> None:
    headers = {"Content-Type": OCTETS, "X-Auth-Token": "vt-nothing"}
    for method, path in SENT:
        assert http.request(method, path, content=b"x", headers=headers).status_code == 401


def test_other_versions_are_a_choice(http: httpx.Client) -> None:
    for path in ("/image/v3/images", "/image/v2.99/images"):
        answer = http.post(path, content=b"x", headers={"Content-Type": OCTETS})
        assert answer.status_code == 300


def test_elsewhere_no_data_is_too_long_a_document(http: httpx.Client) -> None:
    for path in ("/search/v1/search", "/artifact/artifacts/heat_templates", "/image/v2/families"):
        sent = [
            http.post(path, content=b"x" * (6 << 20), headers={"Content-Type": one})
            for one in (OCTETS, "application/json")
        ]
        assert [one.status_code for one in sent] == [415, 413], path


def test_documents_are_taken_under_any_other_name(http: httpx.Client) -> None:
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded", ""):
        headers = {"Content-Type": content_type} if content_type else {}
        answer = http.post("/image/v2/images", content=b'{"name": "a"}', headers=headers)
        assert answer.status_code == 201, content_type
