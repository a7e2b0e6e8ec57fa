"""Limits and quotas where the bytes arrive: refused before the first one, or cut off, with nothing left behind."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from django.conf import settings

from artifacts.conf import ArtifactsConfig
from artifacts.models import StoredObject
from artifacts.services.deletion import scrub
from images.conf import ImagesConfig
from images.services.limits import set_default
from images.sizes import MIB
from tests.identity.factories import SYSTEM
from tests.support.images import Caller, callers
from tests.support.patience import eventually
from tests.support.server import Server


@pytest.fixture
def ada(server: Server) -> Caller:
    return callers("ada")[0]


@pytest.fixture
def put(server: Server, ada: Caller) -> Iterator[Any]:
    """Uploads bytes, or pieces whose number is not announced, to a new image: the image and the answer."""
    headers = {"X-Auth-Token": ada.token, "Content-Type": "application/octet-stream"}
    with httpx.Client(base_url=f"{server.url}/image", headers=headers, timeout=60) as http:

        def upload(content: Any) -> tuple[str, httpx.Response]:
            image = ada.create(disk_format="raw", container_format="bare")["id"]
            return image, http.put(f"/v2/images/{image}/file", content=content)

        yield upload


def configure(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    changed = replace(settings.VITRINE[ImagesConfig], **values)
    monkeypatch.setitem(settings.VITRINE, ImagesConfig, changed)


def pieces(size: int) -> Iterator[bytes]:
    for start in range(0, size, 65536):
        yield bytes(min(65536, size - start))


def assert_refused(ada: Caller, found: tuple[str, httpx.Response], said: str) -> None:
    image, answer = found
    assert answer.status_code == 413, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert said in answer.text
    assert eventually(lambda: ada.show(image).json()["status"] == "queued")
    assert ada.show(image).json()["size"] is None


def objects() -> int:
    return StoredObject.objects.count()


def test_known_sizes_are_counted_and_unknown_ones_once_they_are_there(
    ada: Caller, put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, limits="local")
    set_default("image_size_total", 2, actor=SYSTEM)
    assert put(bytes(MIB))[1].status_code == 204
    assert_refused(ada, put(bytes(2 * MIB)), "image_size_total is limited to 2 MiB")
    assert put(pieces(2 * MIB))[1].status_code == 204, "nobody knew"
    assert objects() == 2
    assert_refused(ada, put(pieces(1)), "3 are used already")
    usage = ada.call("GET", "/v2/info/usage").json()["usage"]
    assert usage["image_size_total"] == {"limit": 2, "usage": 3}
    assert objects() == 2


def test_uploads_under_way_are_counted(
    ada: Caller, put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, limits="local")
    set_default("image_count_uploading", 0, actor=SYSTEM)
    assert_refused(ada, put(b"x"), "image_count_uploading is limited to 0 images")
    set_default("image_count_uploading", 1, actor=SYSTEM)
    for _ in range(2):
        assert put(b"x")[1].status_code == 204, "one after the other"


@pytest.mark.parametrize("quota", [{"user_storage_quota": "1MB"}, {"size_cap": MIB}])
def test_bytes_over_a_quota_are_cut_off(
    ada: Caller, put: Any, monkeypatch: pytest.MonkeyPatch, quota: dict[str, Any]
) -> None:
    configure(monkeypatch, **quota)
    assert_refused(ada, put(bytes(MIB + 1)), "")
    assert_refused(ada, put(pieces(MIB + 1)), "")
    assert eventually(lambda: objects() == 0)
    assert put(pieces(MIB))[1].status_code == 204
    again = put(b"x")[1].status_code
    assert again == (413 if "user_storage_quota" in quota else 204)


def test_deleting_makes_room(ada: Caller, put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, user_storage_quota="1MB")
    restorable = replace(settings.VITRINE[ArtifactsConfig], restore_grace=3600)
    monkeypatch.setitem(settings.VITRINE, ArtifactsConfig, restorable)
    image, answer = put(bytes(MIB))
    assert answer.status_code == 204
    assert ada.call("DELETE", f"/v2/images/{image}").status_code == 204
    assert put(b"x")[1].status_code == 413, "it can be restored, so its room is taken"
    scrub(image)
    assert put(bytes(MIB))[1].status_code == 204
