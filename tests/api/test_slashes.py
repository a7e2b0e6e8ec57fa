"""Slashes in addresses: doubled ones at the front, and one at the end."""

from collections.abc import Callable

import httpx
import pytest

from tests.support.images import Caller, callers
from tests.support.located import FORMATS
from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]
Ask = Callable[..., httpx.Response]


@pytest.fixture
def ada(server: Server) -> Caller:
    return callers("ada")[0]


@pytest.fixture
def ask(server: Server, ada: Caller) -> Ask:
    def send(method: str, path: str, **options: object) -> httpx.Response:
        headers = {"X-Auth-Token": ada.token, "Accept": "application/json"}
        with httpx.Client(timeout=120, headers=headers) as http:
            return http.request(method, f"{server.url}{path}", **options)  # type: ignore[arg-type] # httpx's own

    return send


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("//image/v2/images", "/image/v2/images"),
        ("/image//v2/images", "/image/v2/images"),
        ("/image/v2//images", "/image/v2/images"),
        ("///image///v2///images", "/image/v2/images"),
        ("/image/v2//images?limit=1", "/image/v2/images?limit=1"),
        ("/image//v2/", "/image/v2"),
        ("//image//versions", "/image/versions"),
        ("/image/v2//schemas/image", "/image/v2/schemas/image"),
        ("/identity//v3/auth/projects", "/identity/v3/auth/projects"),
        ("/identity//v3//auth/projects/", "/identity/v3/auth/projects"),
        ("/identity/v3/auth/projects//", "/identity/v3/auth/projects"),
        ("//search//v1//search/plugins", "/search/v1/search/plugins"),
        ("/artifact//artifacts//heat_templates/", "/artifact/artifacts/heat_templates"),
        ("/artifact//versions", "/artifact/versions"),
        ("//healthz//live", "/healthz/live"),
    ],
)
def test_they_are_one(ask: Ask, ada: Caller, sent: str, meant: str) -> None:
    ada.create(name="a")
    found, wanted = ask("GET", sent), ask("GET", meant)
    assert (found.status_code, wanted.status_code < 301) == (wanted.status_code, True)
    assert found.content == wanted.content


def test_bytes_are_reached_as_well(ask: Ask, ada: Caller) -> None:
    image = ada.create(**FORMATS)["id"]
    octets = {"Content-Type": "application/octet-stream"}
    path = f"/image//v2//images/{image}/file"
    assert ask("PUT", path, content=b"data", headers=octets).status_code == 204
    assert ask("GET", path).content == b"data"


def test_slashes_of_names_stay(ask: Ask, ada: Caller) -> None:
    image = ada.create(tags=["a//b", "c"])["id"]
    for name in ("a//b", "c", "a%2F%2Fb", "a/%2Fb"):
        path = f"/image//v2/images/{image}/tags/{name}"
        assert ask("PUT", path).status_code == 204
        assert ada.show(image).json()["tags"] == ["a//b", "c"]


@pytest.mark.parametrize(
    "path",
    ["", "/v3", "/v3/auth/projects", "/v3/users/{user}", "/v3/users/{user}/projects"],
)
def test_identity_takes_one_at_the_end(ask: Ask, ada: Caller, path: str) -> None:
    address = f"/identity{path.format(user=ada.user.pk)}"
    plain = ask("GET", address)
    assert plain.status_code in {200, 300}
    assert ask("GET", f"{address}/").json() == plain.json()


def test_an_encoded_slash_is_no_end(ask: Ask) -> None:
    assert ask("GET", "/identity/v3/auth/projects%2F").status_code == 404
