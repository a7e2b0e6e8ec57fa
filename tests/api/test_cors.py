"""Scripts of other origins: let in where settings name the origin, on every kind of route, errors included."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Page

from settings.sections import HttpConfig
from tests.support.browser import launched
from tests.support.images import callers
from tests.support.located import FORMATS
from tests.support.loopback import Loopback, running
from tests.support.server import Server, stray_sessions

__all__ = ["stray_sessions"]
HORIZON, STRANGER = "https://horizon.example", "https://stranger.example"
UPLOADED = "x-auth-token,content-type,x-requested-with,x-openstack-image-size,x-image-meta-store"
SHOWN = (
    *("X-Auth-Token", "X-Subject-Token", "X-Openstack-Request-Id", "Location", "Content-Range"),
    *("Content-MD5", "ETag", "Retry-After", "Upload-Offset"),
)
ROUTES = [
    ("/image/v2/images", "POST"),
    ("/image/v2/images/7b97f37c-899d-44e8-aaa0-543edbc4eaad", "PATCH"),
    ("/image/v2/images/7b97f37c-899d-44e8-aaa0-543edbc4eaad/file", "PUT"),
    ("/image/v2/images/7b97f37c-899d-44e8-aaa0-543edbc4eaad/uploads", "POST"),
    ("/image/v2/images/7b97f37c-899d-44e8-aaa0-543edbc4eaad/tags/a", "DELETE"),
    ("/artifact/artifacts/heat_templates/7b97f37c-899d-44e8-aaa0-543edbc4eaad/template", "PUT"),
    ("/search/v1/search", "POST"),
    ("/identity/v3/auth/tokens", "POST"),
    ("/nothing/is/here", "GET"),
]


def started(origins: tuple[str, ...]) -> Iterator[httpx.Client]:
    with pytest.MonkeyPatch.context() as patch:
        config = replace(settings.VITRINE[HttpConfig], cors_origins=origins)
        patch.setitem(settings.VITRINE, HttpConfig, config)
        server = Server()
        server.start()
        with httpx.Client(base_url=server.url, timeout=120) as http:
            yield http
        server.stop()


@pytest.fixture
def open_to_horizon(transactional_db: None, stray_sessions: None) -> Iterator[httpx.Client]:
    yield from started((HORIZON, "http://127.0.0.1:8080"))


@pytest.fixture
def open_to_all(transactional_db: None, stray_sessions: None) -> Iterator[httpx.Client]:
    yield from started(("*",))


@pytest.fixture
def closed(transactional_db: None, stray_sessions: None) -> Iterator[httpx.Client]:
    yield from started(())


def preflight(http: httpx.Client, path: str, method: str, origin: str) -> httpx.Response:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": UPLOADED}
    return http.request("OPTIONS", path, headers={"Origin": origin, **asked})


def listed(answer: httpx.Response, header: str) -> set[str]:
    return {one.strip().lower() for one in answer.headers.get(header, "").split(",")}


def test_a_preflight_needs_no_token(open_to_horizon: httpx.Client) -> None:
    for path, method in ROUTES:
        answer = preflight(open_to_horizon, path, method, HORIZON)
        assert answer.status_code == 200, path
        assert answer.headers["access-control-allow-origin"] == HORIZON
        assert method.lower() in listed(answer, "access-control-allow-methods")
        assert set(UPLOADED.split(",")) <= listed(answer, "access-control-allow-headers")
        assert "access-control-allow-credentials" not in answer.headers
        assert "origin" in listed(answer, "vary")


def test_other_origins_are_let_nowhere(open_to_horizon: httpx.Client) -> None:
    for path, method in ROUTES:
        refused = preflight(open_to_horizon, path, method, STRANGER)
        assert refused.status_code == 400, path
        assert "access-control-allow-origin" not in refused.headers
        plain = open_to_horizon.get(path, headers={"Origin": STRANGER})
        assert "access-control-allow-origin" not in plain.headers
        assert "origin" in listed(plain, "vary")


def test_a_browser_uploads_and_reads(open_to_horizon: httpx.Client) -> None:
    """What Horizon's page does, and what it must be able to see of the answers."""
    (ada,) = callers("ada")
    headers = {"Origin": HORIZON, "X-Auth-Token": ada.token}
    made = open_to_horizon.post("/image/v2/images", json=FORMATS, headers=headers)
    path = f"/image/v2/images/{made.json()['id']}"
    octets = {**headers, "Content-Type": "application/octet-stream"}
    sent = open_to_horizon.put(f"{path}/file", content=b"some bytes", headers=octets)
    part = open_to_horizon.get(f"{path}/file", headers={**headers, "Range": "bytes=0-3"})
    listing = open_to_horizon.get("/image/v2/images", headers=headers)
    assert (made.status_code, sent.status_code, part.content) == (201, 204, b"some")
    for answer in (made, sent, part, listing):
        assert answer.headers["access-control-allow-origin"] == HORIZON
        assert {one.lower() for one in SHOWN} <= listed(answer, "access-control-expose-headers")


def test_errors_are_readable_too(open_to_horizon: httpx.Client) -> None:
    """Told by a view, by a native route, by the frame, and before any of them."""
    long = b"x" * (8 << 20)
    image = "/image/v2/images/7b97f37c-899d-44e8-aaa0-543edbc4eaad"
    asked = [
        ("GET", "/image/v2/images", 401, {}, b""),
        ("PUT", f"{image}/file", 401, {"Content-Type": "application/octet-stream"}, b"x"),
        ("POST", "/identity/v3/auth/tokens", 413, {"Content-Type": "application/json"}, long),
        ("GET", "/image/v2/images?name=%00", 400, {}, b""),
        ("GET", "/image/v2/images", 400, {"X-Openstack-Request-Id": "x" * 65}, b""),
        ("GET", "/nothing/is/here", 404, {}, b""),
        ("POST", "/search/v1/search", 401, {"Content-Type": "application/json"}, b"{}"),
    ]
    for method, path, status, headers, body in asked:
        answer = open_to_horizon.request(
            method, path, headers={"Origin": HORIZON, **headers}, content=body
        )
        assert answer.status_code == status, (path, answer.text)
        assert answer.headers["access-control-allow-origin"] == HORIZON, path
        assert "x-openstack-request-id" in listed(answer, "access-control-expose-headers")


def test_all_origins(open_to_all: httpx.Client) -> None:
    for origin in (HORIZON, STRANGER):
        answer = preflight(open_to_all, "/image/v2/images", "POST", origin)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    plain = open_to_all.get("/image/v2/images", headers={"Origin": STRANGER})
    assert plain.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in plain.headers


def test_it_is_off_by_default(closed: httpx.Client) -> None:
    for path, method in ROUTES:
        for answer in (
            preflight(closed, path, method, HORIZON),
            closed.get(path, headers={"Origin": HORIZON}),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_tus_is_told_without_cors(open_to_horizon: httpx.Client) -> None:
    """OPTIONS that is no pre-flight still reaches the route, which tells what it speaks."""
    path = "/image/v2/images/7b97f37c-899d-44e8-aaa0-543edbc4eaad/uploads"
    answer = open_to_horizon.request("OPTIONS", path, headers={"Origin": HORIZON})
    assert (answer.status_code, answer.headers["tus-version"]) == (204, "1.0.0")
    assert answer.headers["access-control-allow-origin"] == HORIZON


# -- in a browser

UPLOAD = """async ([base, token]) => {
  const headers = {"X-Auth-Token": token, "X-Requested-With": "XMLHttpRequest"};
  const octets = {...headers, "Content-Type": "application/octet-stream"};
  const json = {...headers, "Content-Type": "application/json"};
  const body = JSON.stringify({disk_format: "raw", container_format: "bare"});
  const made = await fetch(base + "/image/v2/images", {method: "POST", headers: json, body});
  const path = base + "/image/v2/images/" + (await made.json()).id;
  const sent = await fetch(path + "/file", {method: "PUT", headers: octets, body: "some bytes"});
  const part = await fetch(path + "/file", {headers: {...headers, Range: "bytes=0-3"}});
  const gone = await fetch(path + "/nothing", {headers});
  return [made.status, sent.status, await part.text(), part.headers.get("Content-Range"),
          made.headers.get("Location") !== null, gone.status];
}"""


class Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>a page</title>")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def page_of(origin: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    with launched(monkeypatch) as browser:
        page = browser.new_page()
        page.goto(origin)
        yield page


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_page_of_a_named_origin_uploads_and_others_do_not(
    transactional_db: None, stray_sessions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ada,) = callers("ada")
    with running(Loopback(Blank)) as named, running(Loopback(Blank)) as stranger:
        pages = [f"http://127.0.0.1:{one.port}" for one in (named, stranger)]
        for http in started((pages[0],)):
            arguments = [str(http.base_url).rstrip("/"), ada.token]
            with page_of(pages[0], monkeypatch) as page:
                found: Any = page.evaluate(UPLOAD, arguments)
            with page_of(pages[1], monkeypatch) as page:
                script = f"(a) => ({UPLOAD})(a).catch((error) => String(error))"
                refused: Any = page.evaluate(script, arguments)
    assert found == [201, 204, "some", "bytes 0-3/10", True, 404]
    assert refused == "TypeError: Failed to fetch"
