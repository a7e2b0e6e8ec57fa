"""Images in several stores, through a real socket: where data comes from, where it goes, and where it goes away."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from artifacts import configured_stores
from artifacts.models import StoredObject
from tests.support.images import Caller, administrator, callers
from tests.support.located import (
    CONTENT,
    FORMATS,
    add,
    refused,
)
from tests.support.server import Server
from tests.support.webserver import WebServer

pytestmark = pytest.mark.django_db


class Bytes:
    """A caller's view of the data routes."""

    def __init__(self, server: Server, caller: Caller) -> None:
        self.http = httpx.Client(
            base_url=f"{server.url}/image", headers={"X-Auth-Token": caller.token}, timeout=120
        )

    def put(self, image_id: str, content: bytes, **headers: str) -> httpx.Response:
        headers = {"Content-Type": "application/octet-stream", **headers}
        return self.http.put(f"/v2/images/{image_id}/file", content=content, headers=headers)

    def get(self, image_id: str, query: str = "", **headers: str) -> httpx.Response:
        return self.http.get(f"/v2/images/{image_id}/file{query}", headers=headers)


@pytest.fixture
def ada(web: WebServer, server: Server) -> Caller:
    return callers("ada")[0]


def test_data_comes_from_where_it_lies(
    ada: Caller, web: WebServer, server: Server, shown: None
) -> None:
    """The heaviest store first, the preferred one before it, the next one where one fails."""
    bytes_of, image_id = Bytes(server, ada), ada.create(**FORMATS)["id"]
    assert bytes_of.put(image_id, CONTENT).status_code == 204
    assert ada.patch(image_id, add(web.url("/image.raw"))).json()["stores"] == "fast,web"
    assert bytes_of.get(image_id).content == CONTENT
    assert web.asked("GET") == []
    answer = bytes_of.get(image_id, "?prefer=web", Range="bytes=1000-1999")
    assert (answer.status_code, answer.content) == (206, CONTENT[1000:2000])
    assert web.asked("GET") == ["/image.raw"]
    for path in Path(configured_stores.store("fast").root).rglob("*"):  # type: ignore[attr-defined]
        if path.is_file():
            path.unlink()
    assert bytes_of.get(image_id).content == CONTENT
    web.put("/image.raw", CONTENT + b"x")
    lost = bytes_of.get(image_id)
    assert lost.status_code == 503
    assert "image.raw" not in lost.text
    bytes_of.http.close()


def test_uploads_go_where_they_are_sent(ada: Caller, web: WebServer, server: Server) -> None:
    bytes_of, image_id = Bytes(server, ada), ada.create(**FORMATS)["id"]
    for wrong in ("web", "nothing", "os_glance_staging_store"):
        assert bytes_of.put(image_id, b"x", **{"X-Image-Meta-Store": wrong}).status_code == 400
        assert ada.show(image_id).json()["status"] == "queued"
    assert bytes_of.put(image_id, CONTENT, **{"X-Image-Meta-Store": "cheap"}).status_code == 204
    assert ada.show(image_id).json()["stores"] == "cheap"
    bytes_of.http.close()


def test_taking_an_image_out_of_a_store(
    ada: Caller, web: WebServer, server: Server, shown: None
) -> None:
    root, bytes_of = administrator(), Bytes(server, ada)
    image_id = ada.create(**FORMATS)["id"]

    def out_of(store: str, caller: Caller = root, image: str = image_id) -> Any:
        return caller.call("DELETE", f"/v2/stores/{store}/{image}")

    refused(out_of("fast"), 409, "queued")
    assert bytes_of.put(image_id, CONTENT).status_code == 204
    refused(out_of("fast"), 403, "Consider deleting the image instead")
    assert ada.patch(image_id, add(web.url("/image.raw"))).status_code == 200
    refused(out_of("fast", ada), 403, "delete_image_location")
    refused(out_of("fast", callers("eve")[0]), 404)
    refused(out_of("nothing"), 409, "no store")
    refused(out_of("cheap"), 404, "not in store")
    refused(out_of("fast", image="00000000-0000-4000-8000-000000000000"), 404)
    refused(root.call("DELETE", f"/v2/stores/fast/{image_id}", {"a": 1}), 400)
    answer = out_of("fast")
    assert (answer.status_code, answer.content) == (204, b"")
    assert ada.show(image_id).json()["stores"] == "web"
    assert not StoredObject.objects.exists()
    files = Path(configured_stores.store("fast").root).rglob("*")  # type: ignore[attr-defined]
    assert not [path for path in files if path.is_file()]
    assert bytes_of.get(image_id).content == CONTENT
    bytes_of.http.close()


def test_one_store_is_none_to_take_an_image_out_of() -> None:
    root = administrator()
    answer = root.call("DELETE", f"/v2/stores/local/{root.create()['id']}")
    refused(answer, 404, "Multi backend is not supported at this site.")
