"""A stored blob is saved by a browser, never run: whatever type its owner gave it."""

import json
from collections.abc import Iterator

import httpx
import pytest

from artifacts.api.safe_content_type import OCTETS, for_browsers
from tests.support.identity import headers_for, make_project, make_user
from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]

RUN = [
    "text/html",
    "TEXT/HTML; charset=utf-8",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/xml",
    "application/xml",
    "application/atom+xml",
    "text/javascript",
    "application/javascript",
    "application/x-ecmascript",
    "text/css",
    "application/pdf",
    "application/wasm",
    "multipart/x-mixed-replace; boundary=x",
    "message/rfc822",
    "text/x-component",
    "",
    "html",
    "text/html/x",
    "text /html",
    "*/*",
]


@pytest.mark.parametrize("stored", RUN)
def test_types_that_browsers_run_are_plain_bytes(stored: str) -> None:
    assert for_browsers(stored) == OCTETS


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("text/yaml", "text/yaml"),
        ("Text/Plain; charset=utf-7", "text/plain"),
        ("application/json", "application/json"),
        ("image/png", "image/png"),
        ("application/x-unheard-of", OCTETS),
    ],
)
def test_types_that_are_known_to_be_harmless_stay(stored: str, told: str) -> None:
    assert for_browsers(stored) == told


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    project = make_project("ours")
    headers = headers_for(make_user("ada", project), project)
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as found:
        yield found


@pytest.mark.parametrize(("stored", "told"), [("text/html", OCTETS), ("text/yaml", "text/yaml")])
def test_stored_bytes_are_saved_and_not_shown(client: httpx.Client, stored: str, told: str) -> None:
    path = "/artifact/artifacts/heat_templates"
    document = {"name": "three-tier", "version": "1.0.0"}
    one = f"{path}/{client.post(path, json=document).json()['id']}"
    content = b"<script>alert(1)</script>"
    put = client.put(f"{one}/template", content=content, headers={"Content-Type": stored})
    assert put.status_code == 204, put.text
    assert json.loads(client.get(one).text)["template"]["content_type"] == stored
    for method, sent in (("GET", content), ("HEAD", b"")):
        answer = client.request(method, f"{one}/template")
        assert (answer.status_code, answer.content) == (200, sent)
        assert answer.headers["Content-Type"].split(";")[0] == told
        assert answer.headers["Content-Disposition"] == "attachment"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    part = client.get(f"{one}/template", headers={"Range": "bytes=0-2"})
    assert (part.status_code, part.headers["Content-Type"].split(";")[0]) == (206, told)
