"""Conditional requests: reading again only what changed, and writing only what is still as it was read."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connections

from artifacts.models import Artifact
from images.conf import ImagesConfig
from images.services import metadata
from tests.support.images import V2_1, Caller, administrator, callers
from tests.support.server import Server

pytestmark = pytest.mark.django_db
RENAME = [{"op": "replace", "path": "/name", "value": "renamed"}]


def image_of(caller: Caller, **fields: Any) -> tuple[str, str]:
    """An image's address and its tag."""
    path = f"/v2/images/{caller.create(name='a', **fields)['id']}"
    return path, caller.call("GET", path)["ETag"]


def active_image_of(caller: Caller) -> tuple[str, str]:
    path, _ = image_of(caller, tags=["old"])
    Artifact.objects.update(status="active")
    return path, caller.call("GET", path)["ETag"]


def test_a_tag_says_what_is_shown_and_changes_with_it() -> None:
    (ada,) = callers("ada")
    created = ada.call("POST", "/v2/images", {"name": "a"})
    path = f"/v2/images/{created.json()['id']}"
    first = ada.call("GET", path)
    assert first["ETag"] == created["ETag"] == ada.call("GET", path)["ETag"]
    assert first["ETag"].startswith('"')
    assert "private" in first["Cache-Control"]
    patched = ada.call("PATCH", path, RENAME, V2_1)
    assert patched["ETag"] == ada.call("GET", path)["ETag"] != first["ETag"]
    ada.call("PATCH", path, [{"op": "replace", "path": "/name", "value": "a"}], V2_1)
    assert ada.call("GET", path)["ETag"] != first["ETag"], "it was changed twice, and back"
    assert ada.call("PUT", f"{path}/tags/t").status_code == 204
    assert ada.call("GET", path, **{"If-None-Match": patched["ETag"]}).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_the_client_has_is_not_sent_again(method: str) -> None:
    (ada,) = callers("ada")
    path, tag = image_of(ada)
    for known in (tag, f"W/{tag}", f'"x", {tag}', f'W/"y" ,{tag} , "z"', "*"):
        answer = ada.call(method, path, **{"If-None-Match": known})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag), known
        assert "Content-Type" not in answer
    for other in ('"x"', 'W/"x"', '""'):
        assert ada.call(method, path, **{"If-None-Match": other}).status_code == 200, other
    assert ada.call(method, path, **{"If-Match": '"x"'}).status_code == 412
    assert ada.call(method, path, **{"If-Match": tag}).status_code == 200


WRITES: dict[str, Callable[[Caller, str, dict[str, str]], Any]] = {
    "patch": lambda c, path, h: c.call("PATCH", path, RENAME, V2_1, **h),
    "delete": lambda c, path, h: c.call("DELETE", path, **h),
    "tag": lambda c, path, h: c.call("PUT", f"{path}/tags/t", **h),
    "untag": lambda c, path, h: c.call("DELETE", f"{path}/tags/old", **h),
    "deactivate": lambda c, path, h: c.call("POST", f"{path}/actions/deactivate", **h),
    "reactivate": lambda c, path, h: c.call("POST", f"{path}/actions/reactivate", **h),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_happens_only_to_what_was_read(write: str) -> None:
    (ada,) = callers("ada")
    path, tag = active_image_of(ada)
    before = ada.call("GET", path).json()
    for headers in (
        {"If-Match": '"x"'},
        {"If-Match": f"W/{tag}"},
        {"If-Match": '""'},
        {"If-None-Match": "*"},
        {"If-None-Match": tag},
        {"If-None-Match": f"W/{tag}"},
        {"If-Match": tag, "If-None-Match": tag},
    ):
        refused = WRITES[write](ada, path, headers)
        assert refused.status_code == 412, headers
        assert refused.json()["error_code"] == "precondition_failed"
        assert refused["ETag"] == tag
    assert ada.call("GET", path).json() == before
    assert WRITES[write](ada, path, {"If-Match": f'"x", {tag}'}).status_code in {200, 204}


@pytest.mark.parametrize("write", WRITES)
def test_other_conditions_hold(write: str) -> None:
    (ada,) = callers("ada")
    path, _ = active_image_of(ada)
    assert WRITES[write](ada, path, {"If-Match": "*", "If-None-Match": '"x"'}).status_code < 300


@pytest.mark.parametrize("condition", ["5", "", '"a', "a, b", '"a" "b"', "*, *", '"a b"'])
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_conditions_nobody_can_read_are_refused(header: str, condition: str) -> None:
    (ada,) = callers("ada")
    path, _ = image_of(ada)
    for method in ("GET", "DELETE"):
        answer = ada.call(method, path, **{header: condition})
        assert answer.status_code == 400
        assert header in answer.json()["message"]
    assert ada.call("GET", path).status_code == 200


def test_what_is_not_there_is_404_whatever_the_condition() -> None:
    ada, bob = callers("ada", "bob")
    path, tag = image_of(ada)
    for method in ("GET", "DELETE"):
        assert bob.call(method, path, **{"If-Match": tag}).status_code == 404
        assert bob.call(method, path, **{"If-None-Match": "*"}).status_code == 404


def test_a_change_between_reading_and_writing_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both clients passed the condition; the second finds the row changed once it holds it."""
    (ada,) = callers("ada")
    path, tag = image_of(ada)
    patch = metadata.patch_image

    def late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.undo()
        assert ada.call("PUT", f"{path}/tags/faster").status_code == 204
        return patch(*args, **kwargs)

    monkeypatch.setattr(metadata, "patch_image", late)
    assert ada.call("PATCH", path, RENAME, V2_1, **{"If-Match": tag}).status_code == 412
    shown = ada.call("GET", path).json()
    assert (shown["name"], shown["tags"]) == ("a", ["faster"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["image", "family"])
def test_of_several_who_read_the_same_one_writes(what: str) -> None:
    (ada,) = callers("ada")
    images = [f"/v2/images/{ada.create(name=f'n{n}')['id']}" for n in range(5)]
    ids = [path.rpartition("/")[2] for path in images]
    family = ada.call("POST", "/v2/families", {"name": "lts", "image_id": ids[0]})
    path = images[0] if what == "image" else family.json()["self"]
    tag = ada.call("GET", path)["ETag"]

    def write(number: int) -> int:
        try:
            if what == "family":
                body: Any = {"image_id": ids[number]}
                return ada.call("PATCH", path, body, **{"If-Match": tag}).status_code
            rename = [{"op": "replace", "path": "/name", "value": f"by {number}"}]
            return ada.call("PATCH", path, rename, V2_1, **{"If-Match": tag}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(write, range(1, 5)))
    assert answers == [200, 412, 412, 412]


def test_each_view_has_its_own_tag(settings: Any, tmp_path: Path) -> None:
    file = tmp_path / "protections.conf"
    file.write_text(
        "[^secret]\ncreate = admin\nread = admin\nupdate = admin\ndelete = admin\n"
        "[.*]\ncreate = @\nread = @\nupdate = @\ndelete = @\n"
    )
    config = replace(settings.VITRINE[ImagesConfig], property_protection_file=file)
    settings.VITRINE = {**settings.VITRINE, ImagesConfig: config}
    (ada,) = callers("ada")
    root = administrator()
    path, _ = image_of(ada)
    root.call("PATCH", path, [{"op": "add", "path": "/secret", "value": "1"}], V2_1)
    tags = {caller: caller.call("GET", path)["ETag"] for caller in (ada, root)}
    assert tags[ada] != tags[root]
    assert ada.call("PATCH", path, RENAME, V2_1, **{"If-Match": tags[root]}).status_code == 412
    assert ada.call("PATCH", path, RENAME, V2_1, **{"If-Match": tags[ada]}).status_code == 200
    assert Artifact.objects.get(name="renamed").properties == {"secret": "1"}


def test_memberships_have_tags_too() -> None:
    ada, bob = callers("ada", "bob")
    path, tag = image_of(ada)
    member = ada.call("POST", f"{path}/members", {"member": bob.project.pk})
    address = f"{path}/members/{bob.project.pk}"
    assert ada.call("GET", path)["ETag"] == tag, "members are not shown with the image"
    pending = bob.call("GET", address)
    assert (pending.json(), pending["ETag"]) == (member.json(), ada.call("GET", address)["ETag"])
    assert bob.call("GET", address, **{"If-None-Match": pending["ETag"]}).status_code == 304
    accept = {"status": "accepted"}
    assert bob.call("PUT", address, accept, **{"If-Match": '"x"'}).status_code == 412
    answered = bob.call("PUT", address, accept, **{"If-Match": pending["ETag"]})
    assert (answered.status_code, answered["ETag"]) == (200, bob.call("GET", address)["ETag"])
    assert ada.call("DELETE", address, **{"If-Match": pending["ETag"]}).status_code == 412
    assert ada.call("DELETE", address, **{"If-Match": answered["ETag"]}).status_code == 204


def test_the_data_has_a_tag_of_its_own(server: Server) -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", disk_format="raw", container_format="bare")["id"]
    address = f"{server.url}/image/v2/images/{image}/file"
    token = {"X-Auth-Token": ada.token}
    octets = {"Content-Type": "application/octet-stream"}
    with httpx.Client(headers=token, timeout=120) as http:
        for condition in ("*", '"x"'):
            there = {"If-Match": condition}
            assert http.get(address, headers=there).status_code == 412, "there is nothing yet"
            answer = http.put(address, content=b"other", headers={**octets, **there})
            assert answer.status_code == 412
        assert ada.show(image).json()["status"] == "queued"
        absent = {**octets, "If-None-Match": "*"}
        assert http.put(address, content=b"0123456789", headers=absent).status_code == 204
        first = http.get(address)
        tag = first.headers["ETag"]
        assert tag == f'"{hashlib.sha512(b"0123456789").hexdigest()}"'
        for method in ("GET", "HEAD"):
            known = http.request(method, address, headers={"If-None-Match": f'"x", {tag}'})
            assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", tag)
            other = http.request(method, address, headers={"If-None-Match": '"x"'})
            assert (other.status_code, other.headers["ETag"]) == (200, tag)
        assert http.get(address, headers={"If-Match": '"x"'}).status_code == 412
        assert http.get(address, headers={"If-Match": tag}).content == b"0123456789"
        assert http.get(address, headers={"If-None-Match": "x"}).status_code == 400
        for condition, status, content in [
            (tag, 206, b"23"),
            ('"x"', 200, b"0123456789"),
            (f"W/{tag}", 200, b"0123456789"),
            ("Sat, 21 Nov 2026 08:00:00 GMT", 200, b"0123456789"),
        ]:
            headers = {"Range": "bytes=2-3", "If-Range": condition}
            part = http.get(address, headers=headers)
            assert (part.status_code, part.content) == (status, content), condition
        known = http.get(address, headers={"Range": "bytes=2-3", "If-None-Match": tag})
        assert known.status_code == 304
