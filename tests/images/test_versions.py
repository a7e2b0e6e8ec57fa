"""Which versions there are, and how a client chooses one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.test import Client

from images.api.v2 import versions
from images.conf import ImagesConfig
from tests.support.images import callers
from tests.support.located import FORMATS
from tests.support.server import Server
from tests.support.stores import backends, configured

pytestmark = pytest.mark.django_db

OLD = [f"v2.{minor}" for minor in range(7, -1, -1)]


@pytest.fixture
def several(tmp_path: Path) -> Iterator[None]:
    with configured(default="fast", backends=backends(tmp_path, 80)):
        yield


def listed(path: str = "/versions", status: int = 200, **headers: str) -> dict[str, str]:
    answer = Client().get(f"/image{path}", headers=headers)
    assert answer.status_code == status
    for one in answer.json()["versions"]:
        assert set(one) == {"id", "status", "links"}
    return {one["id"]: one["status"] for one in answer.json()["versions"]}


def test_one_store() -> None:
    found = listed()
    assert list(found) == ["v2.15", "v2.9", "v2.17", *OLD]
    assert [name for name, status in found.items() if status == "CURRENT"] == ["v2.17"]


def test_several_stores(several: None) -> None:
    middle = [f"v2.{minor}" for minor in range(13, 7, -1)]
    assert list(listed()) == ["v2.15", *middle, "v2.17", *OLD]


def test_a_site_with_a_cache() -> None:
    found = list(versions.minors(cached=True, several=False))
    assert found[0] == (18, "CURRENT")
    assert [minor for minor, _ in found] == [18, 17, 16, 15, 14, 9, *range(7, -1, -1)]


@pytest.mark.parametrize("path", ["/", "/v3/images", "/v2.99/images", "/va.1/images", "/v10"])
def test_an_unknown_version_is_a_choice(path: str) -> None:
    assert listed(path, 300) == listed()


@pytest.mark.parametrize("path", ["/v2", "/v2/", "/v2.0", "/v2.18/"])
def test_a_known_version_tells_of_itself(path: str) -> None:
    assert listed(path) == listed()


def test_load_balancers_find_the_address_they_know() -> None:
    answer = Client().get("/image/healthcheck")
    assert (answer.status_code, answer.content) == (200, b"OK")
    assert answer["Content-Type"].startswith("text/plain")


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def href() -> str:
        return str(Client().get("/image/versions").json()["versions"][0]["links"][0]["href"])

    assert href() == "http://testserver/image/v2/"
    public = replace(settings.VITRINE[ImagesConfig], public_endpoint="https://img.example/")
    monkeypatch.setitem(settings.VITRINE, ImagesConfig, public)
    assert href() == "https://img.example/v2/"


@pytest.mark.parametrize("version", ["v2", "v2.0", "v2.15"])
def test_a_version_by_media_type(version: str) -> None:
    """As good as one in the path, for reading and for writing."""
    (ada,) = callers("ada")
    accept = {"Accept": f"application/vnd.openstack.images-{version}"}
    created = ada.call("POST", "/images", {"name": "one"}, **accept)
    assert created.status_code == 201
    shown = ada.call("GET", f"/images/{created.json()['id']}", **accept)
    assert (shown.status_code, shown.json()["name"]) == (200, "one")
    assert ada.call("GET", "/nothing", **accept).status_code == 300


@pytest.mark.parametrize("version", ["v2", "v2.7"])
def test_data_by_media_type(server: Server, version: str) -> None:
    (ada,) = callers("ada")
    image = ada.create(**FORMATS)["id"]
    path = f"{server.url}/image/images/{image}"
    headers = {"X-Auth-Token": ada.token, "Content-Type": "application/octet-stream"}
    named = {**headers, "Accept": f"application/vnd.openstack.images-{version}"}
    opened = {**named, "Tus-Resumable": "1.0.0", "Upload-Length": "9"}
    with httpx.Client(timeout=120) as http:
        for other in (headers, {**headers, "Accept": "application/vnd.openstack.images-v2.99"}):
            assert http.put(f"{path}/file", content=b"x", headers=other).status_code == 300
        assert http.post(f"{path}/uploads", headers=opened).status_code == 201
        assert http.put(f"{path}/file", content=b"data", headers=named).status_code == 204
        assert http.get(f"{path}/file", headers=named).content == b"data"


@pytest.mark.parametrize("accept", ["", "*/*", "application/vnd.openstack.images-v3", "v2"])
def test_no_version_by_media_type(accept: str) -> None:
    (ada,) = callers("ada")
    assert ada.call("GET", "/images", Accept=accept).status_code == 300
    assert ada.call("POST", "/images", {}, Accept=accept).status_code == 300
    assert ada.ids() == []
