"""An image's bytes through a real socket: in, out, in parts, and what a failure leaves (nothing)."""

import hashlib
import random
import socket
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from artifacts import configured_stores
from artifacts.models import Artifact, Blob, Location, StoredObject
from images.dataconf import ImageDataConfig
from tests.support.images import Caller, administrator, callers
from tests.support.patience import eventually
from tests.support.server import Server

OCTETS = {"Content-Type": "application/octet-stream"}
CONTENT = random.Random(1).randbytes(3_500_000)


class Client:
    """One caller's view of the data routes."""

    def __init__(self, server: Server, caller: Caller) -> None:
        self.caller = caller
        self.http = httpx.Client(
            base_url=f"{server.url}/image", headers={"X-Auth-Token": caller.token}, timeout=120
        )

    def queued(self, **fields: Any) -> str:
        return str(
            self.caller.create(**{"disk_format": "raw", "container_format": "bare", **fields})["id"]
        )

    def put(self, image_id: str, content: Any, **headers: str) -> httpx.Response:
        return self.http.put(
            f"/v2/images/{image_id}/file", content=content, headers={**OCTETS, **headers}
        )

    def get(self, image_id: str, method: str = "GET", **headers: str) -> httpx.Response:
        return self.http.request(method, f"/v2/images/{image_id}/file", headers=headers)

    def active(self, content: bytes = CONTENT) -> str:
        image_id = self.queued()
        assert self.put(image_id, content).status_code == 204
        return image_id


@pytest.fixture
def ada(server: Server) -> Iterator[Client]:
    for left in blobs_on_disk():
        left.unlink()
    client = Client(server, callers("ada")[0])
    yield client
    client.http.close()


def blobs_on_disk() -> list[Path]:
    root = configured_stores.store("local").root  # type: ignore[attr-defined]
    return [p for p in Path(root).rglob("*") if p.is_file()]


def nothing_is_left(image_id: str) -> bool:
    kept = (
        Location.objects.filter(blob__artifact=image_id).exists()
        or Blob.objects.filter(artifact=image_id).exists()
    )
    return not kept and not StoredObject.objects.exists() and blobs_on_disk() == []


def in_chunks(content: bytes, size: int = 50_000) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_what_goes_in_comes_out(ada: Client, chunked: bool) -> None:
    image_id = ada.queued()
    assert ada.get(image_id).status_code == 204, "no data yet"
    assert ada.put(image_id, in_chunks(CONTENT) if chunked else CONTENT).status_code == 204
    shown = ada.caller.show(image_id).json()
    assert (shown["status"], shown["size"], shown["virtual_size"]) == (
        "active",
        len(CONTENT),
        len(CONTENT),
    )
    assert shown["checksum"] == hashlib.md5(CONTENT).hexdigest()
    assert (shown["os_hash_algo"], shown["os_hash_value"]) == (
        "sha512",
        hashlib.sha512(CONTENT).hexdigest(),
    )
    assert shown["stores"] == "local"
    answer = ada.get(image_id)
    assert answer.content == CONTENT
    assert answer.headers["Content-MD5"] == shown["checksum"]
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    head = ada.get(image_id, "HEAD")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (
        200,
        b"",
        str(len(CONTENT)),
    )


@pytest.mark.parametrize("path", ["", "/file"])
def test_a_request_that_reads_takes_no_body(ada: Client, path: str) -> None:
    address = f"/v2/images/{ada.active()}{path}"
    for content in (b"{}", iter([b"{}"])):
        answer = ada.http.request("GET", address, content=content)
        assert (answer.status_code, "takes no body" in answer.text) == (400, True)
    empty = ada.http.request("GET", address, content=b"")
    assert (empty.status_code, empty.content == CONTENT) == (200, path == "/file")


def test_an_empty_image(ada: Client) -> None:
    image_id = ada.active(b"")
    assert ada.caller.show(image_id).json()["size"] == 0
    assert (ada.get(image_id).status_code, ada.get(image_id).content) == (200, b"")


RANGES = [
    ("bytes=2-3", 206, slice(2, 4)),
    ("bytes=8-", 206, slice(8, None)),
    ("bytes=-3", 206, slice(-3, None)),
    ("bytes=-99", 206, slice(None)),
    ("bytes=0-999", 206, slice(None)),
    ("BYTES=0-3", 206, slice(0, 4)),
    ("Bytes = 2 - 3", 206, slice(2, 4)),
    ("bytes=10-", 416, None),
    ("bytes=5-2", 416, None),
    ("bogus", 416, None),
    ("bytes=-0", 416, None),
    ("bytes=--1", 416, None),
    ("bytes=0-1,3-4", 400, None),
    ("bytes=" + "9" * 200 + "-", 416, None),
]


@pytest.mark.parametrize(("asked", "status", "part"), RANGES, ids=[r[0][:20] for r in RANGES])
def test_ranges(ada: Client, asked: str, status: int, part: slice | None) -> None:
    image_id = ada.active(b"0123456789")
    answer = ada.get(image_id, Range=asked)
    assert answer.status_code == status
    if part is not None:
        expected = b"0123456789"[part]
        start = 10 - len(expected) if part.stop is None else part.start
        assert answer.content == expected
        assert answer.headers["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/10"
    elif status == 416:
        assert answer.headers["Content-Range"] == "bytes */10"


def test_a_range_without_a_value_is_none(ada: Client) -> None:
    image_id = ada.queued()
    assert ada.put(image_id, b"0123456789", **{"Content-Range": ""}).status_code == 204
    for header in ("Range", "Content-Range"):
        answer = ada.get(image_id, **{header: ""})
        assert (answer.status_code, answer.content) == (200, b"0123456789")
        assert "Content-Range" not in answer.headers


def test_the_old_request_header(ada: Client) -> None:
    image_id = ada.active(b"0123456789")
    assert ada.get(image_id, **{"Content-Range": "bytes 2-4/10"}).content == b"234"
    assert ada.get(image_id, **{"Content-Range": "BYTES 2-4/10"}).content == b"234"
    assert ada.get(image_id, **{"Content-Range": "bytes 2-4/*"}).status_code == 206
    assert ada.get(image_id, **{"Content-Range": "bytes 2-40/*"}).status_code == 416


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({}, {"Content-Type": "text/plain"}, 415),
        ({"disk_format": None}, {}, 400),
        ({}, {"X-Image-Meta-Store": "nowhere"}, 400),
        ({}, {"x-openstack-image-size": "many"}, 400),
        ({}, {"x-openstack-image-size": "5"}, 400),
        ({}, {"x-openstack-image-size": "50"}, 400),
    ],
)
def test_what_is_refused_leaves_nothing(
    ada: Client, fields: Any, headers: dict[str, str], status: int
) -> None:
    image_id = ada.queued(**fields)
    assert ada.put(image_id, b"0123456789", **headers).status_code == status
    assert ada.caller.show(image_id).json()["status"] == "queued"
    assert eventually(lambda: nothing_is_left(image_id))
    if fields == {}:
        assert ada.put(image_id, b"0123456789").status_code == 204, "it can be tried again"


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_methods_that_data_does_not_have(ada: Client, method: str) -> None:
    answer = ada.get(ada.active(), method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, PUT")


def test_data_is_written_once(ada: Client) -> None:
    image_id = ada.active(b"first")
    assert ada.put(image_id, b"second").status_code == 409
    assert ada.get(image_id).content == b"first"


def test_rights(server: Server, ada: Client) -> None:
    bob = Client(server, callers("bob")[0])
    root = Client(server, administrator())
    with bob.http, root.http:
        check_rights(ada, bob, root)


def check_rights(ada: Client, bob: Client, root: Client) -> None:
    image_id = ada.active(b"x")
    assert [bob.get(image_id).status_code, bob.put(image_id, b"y").status_code] == [404, 404]
    assert root.get(image_id).content == b"x"
    assert ada.caller.call("POST", f"/v2/images/{image_id}/actions/deactivate").status_code == 204
    assert [ada.get(image_id).status_code, root.get(image_id).status_code] == [403, 200]
    assert ada.caller.call("POST", f"/v2/images/{image_id}/actions/reactivate").status_code == 204
    assert ada.get(image_id).status_code == 200
    ada.http.headers["X-Auth-Token"] = "nobody"
    assert [ada.get(image_id).status_code, ada.put(image_id, b"z").status_code] == [401, 401]


def test_a_client_that_leaves_leaves_nothing(server: Server, ada: Client) -> None:
    image_id = ada.queued()
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as sock:
        head = f"PUT /image/v2/images/{image_id}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {ada.caller.token}\r\n"
        sock.sendall(
            f"{head}Content-Type: application/octet-stream\r\nContent-Length: 9000000\r\n\r\n".encode()
        )
        sock.sendall(CONTENT)
        assert eventually(lambda: Artifact.objects.get(pk=image_id).status == "saving")
    assert eventually(lambda: Artifact.objects.get(pk=image_id).status == "queued")
    assert eventually(lambda: nothing_is_left(image_id))


def test_a_deletion_during_the_upload_ends_it_with_410(ada: Client) -> None:
    image_id = ada.queued()

    def content() -> Iterator[bytes]:
        yield CONTENT
        assert eventually(lambda: Artifact.objects.get(pk=image_id).status == "saving")
        assert ada.caller.call("DELETE", f"/v2/images/{image_id}").status_code == 204
        yield CONTENT

    assert ada.put(image_id, content()).status_code == 410
    assert eventually(lambda: nothing_is_left(image_id))


def test_two_uploads_at_once_and_one_wins(ada: Client) -> None:
    image_id = ada.queued()
    answers: list[int] = []

    def content() -> Iterator[bytes]:
        yield CONTENT
        assert eventually(lambda: Artifact.objects.get(pk=image_id).status == "saving")
        answers.append(ada.put(image_id, b"other").status_code)
        yield CONTENT

    assert ada.put(image_id, content()).status_code == 204
    assert answers == [409]
    assert ada.get(image_id).content == CONTENT + CONTENT


def test_deleting_frees_the_bytes(ada: Client) -> None:
    image_id = ada.active()
    assert len(blobs_on_disk()) == 1
    assert ada.caller.call("DELETE", f"/v2/images/{image_id}").status_code == 204
    assert nothing_is_left(image_id)


def test_a_full_store_is_told_and_leaves_nothing(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stores import MemoryStore

    small = MemoryStore(capacity=1_000_000)
    monkeypatch.setattr(configured_stores, "stores", lambda: {"local": small})
    image_id = ada.queued()
    assert ada.put(image_id, CONTENT).status_code == 413
    assert ada.caller.show(image_id).json()["status"] == "queued"
    assert list(small.list()) == []


def test_an_upload_that_goes_silent_is_ended(server: Server, ada: Client, settings: Any) -> None:
    from dataclasses import replace

    from artifacts.conf import ArtifactsConfig

    settings.VITRINE = {
        **settings.VITRINE,
        ArtifactsConfig: replace(settings.VITRINE[ArtifactsConfig], idle_timeout=0.3),
    }
    image_id = ada.queued()
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as sock:
        sock.settimeout(120)
        head = f"PUT /image/v2/images/{image_id}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {ada.caller.token}\r\n"
        sock.sendall(
            f"{head}Content-Type: application/octet-stream\r\nContent-Length: 900\r\n\r\nxx".encode()
        )
        assert sock.recv(100).startswith(b"HTTP/1.1 408")
    assert eventually(lambda: nothing_is_left(image_id))


def test_the_token_is_asked_first_and_the_type_before_the_image(ada: Client) -> None:
    unknown = "00000000-0000-0000-0000-000000000000"
    assert ada.put(unknown, b"x", **{"Content-Type": "text/plain"}).status_code == 415
    assert ada.put(unknown, b"x", **{"x-openstack-image-size": "-1"}).status_code == 400
    assert ada.put(unknown, b"x").status_code == 404
    ada.http.headers["X-Auth-Token"] = "nobody"
    refused = ada.put(unknown, b"x", **{"Content-Type": "text/plain"})
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Keystone")


def test_the_size_header_wins_over_content_length(ada: Client) -> None:
    image_id = ada.queued()
    refused = ada.put(
        image_id, b"0123456789", **{"x-openstack-image-size": "9", "Accept": "application/json"}
    )
    assert (refused.status_code, refused.json()["error_code"]) == (400, "size_mismatch")
    too_few = ada.put(image_id, in_chunks(CONTENT), **{"x-openstack-image-size": "3500001"})
    assert too_few.status_code == 400
    assert eventually(lambda: nothing_is_left(image_id))
    assert ada.caller.show(image_id).json()["size"] is None
    exact = ada.put(image_id, in_chunks(CONTENT), **{"x-openstack-image-size": str(len(CONTENT))})
    assert exact.status_code == 204


def test_stores_that_clients_name(ada: Client) -> None:
    image_id = ada.queued()
    for name in ("os_glance_staging_store", "os_glance_tasks_store", "", "nowhere"):
        assert ada.put(image_id, b"x", **{"X-Image-Meta-Store": name}).status_code == 400
    assert ada.put(image_id, b"x", **{"X-Image-Meta-Store": "local"}).status_code == 204
    path = f"/v2/images/{image_id}/file"
    for query, status in {
        "prefer=local": 200,
        "prefer=,local,,": 200,
        "prefer=": 200,
        "prefer=local,nowhere": 400,
        "prefer=os_glance_staging_store": 400,
    }.items():
        assert ada.http.get(f"{path}?{query}").status_code == status, query


def test_bytes_that_the_store_lost(ada: Client) -> None:
    image_id = ada.active()
    for left in blobs_on_disk():
        left.unlink()
    before = REGISTRY.get_sample_value("vitrine_bytes_lost_total") or 0
    told = ada.get(image_id, Accept="application/json")
    assert (told.status_code, told.json()["error_code"]) == (503, "bytes_lost")
    assert ada.get(image_id, Range="bytes=0-3").status_code == 503
    assert ada.get(image_id, "HEAD").status_code == 503
    assert ada.get(image_id, **{"If-None-Match": '"another"'}).status_code == 503
    assert REGISTRY.get_sample_value("vitrine_bytes_lost_total") == before + 4
    empty = ada.queued()
    assert ada.get(empty).status_code == 204, "there is no data yet"
    assert ada.get(empty, Range="bytes=0-3").status_code == 204


def test_a_preferred_copy_is_read_first_and_another_when_it_fails(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stores import MemoryStore

    image_id = ada.active(b"the same")
    first = Location.objects.get(blob__artifact=image_id)
    other = MemoryStore()
    other.put("copy", b"the same")
    found = {**configured_stores.stores(), "memory": other}
    monkeypatch.setattr(configured_stores, "stores", lambda: found)
    row = StoredObject.objects.create(
        store="memory", key="copy", state="stored", size=8, references=1
    )
    Location.objects.create(blob=first.blob, stored_object=row, store="memory", url="x")
    preferring = f"/v2/images/{image_id}/file?prefer=memory"
    for left in blobs_on_disk():
        left.unlink()
    assert ada.get(image_id).content == b"the same", "the copy helps out"
    assert ada.http.get(preferring).content == b"the same"
    other.delete("copy")
    assert ada.http.get(preferring).status_code == 503


@pytest.mark.parametrize("status", ["active", "deactivated"])
def test_an_image_that_lost_its_places_lost_its_bytes(
    server: Server, ada: Client, status: str
) -> None:
    """Whatever took the rows away: an active image without any is not one that has no data yet."""
    image_id = ada.active()
    if status == "deactivated":
        ada.caller.call("POST", f"/v2/images/{image_id}/actions/deactivate")
    StoredObject.objects.update(state="deleting")
    root = Client(server, administrator())
    for method in ("GET", "HEAD"):
        assert root.get(image_id, method).status_code == 503
    Location.objects.all().delete()
    told = root.get(image_id, Accept="application/json")
    assert (told.status_code, told.json()["error_code"]) == (503, "bytes_lost")
    root.http.close()


def base64_of(algorithm: str, content: bytes) -> str:
    return b64encode(hashlib.new(algorithm, content).digest()).decode()


RIGHT = {
    "Content-Digest": f"sha-256=:{base64_of('sha256', CONTENT)}:",
    "Repr-Digest": f"sha-512=:{base64_of('sha512', CONTENT)}:, unixsum=:AAAA:",
    "Content-MD5": base64_of("md5", CONTENT),
    "X-Checksum-Sha256": hashlib.sha256(CONTENT).hexdigest().upper(),
    "X-Checksum-Md5": hashlib.md5(CONTENT).hexdigest(),
}
WRONG = {
    "Content-Digest": f"sha-256=:{base64_of('sha256', b'other')}:",
    "Repr-Digest": f"md5=:{base64_of('md5', b'other')}:",
    "Content-MD5": hashlib.md5(b"other").hexdigest(),
    "X-Checksum-Sha512": hashlib.sha512(b"other").hexdigest(),
}
MALFORMED = [
    {"Content-Digest": "sha-256=abc"},
    {"Content-Digest": "sha-256=:YWJj:"},
    {"Content-Digest": "sha-256=:=:"},
    {"Repr-Digest": "unixsum=:AAAA:"},
    {"Repr-Digest": ""},
    {"Repr-Digest": "sha-256=:" + "A" * 5000 + ":"},
    {"Content-MD5": "abc"},
    {"X-Checksum-Sha256": "0" * 63},
    {"X-Checksum-Md5": hashlib.md5(b"a").hexdigest(), "Content-MD5": base64_of("md5", b"b")},
]


@pytest.mark.parametrize("header", RIGHT)
def test_an_announced_digest_that_fits(ada: Client, header: str) -> None:
    image_id = ada.queued()
    assert ada.put(image_id, CONTENT, **{header: RIGHT[header]}).status_code == 204
    assert ada.get(image_id).content == CONTENT


@pytest.mark.parametrize("header", WRONG)
def test_an_announced_digest_that_does_not_fit(ada: Client, header: str) -> None:
    image_id = ada.queued()
    answer = ada.put(image_id, CONTENT, **{header: WRONG[header], "Accept": "application/json"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "digest_mismatch")
    assert ada.caller.show(image_id).json()["status"] == "queued"
    assert eventually(lambda: nothing_is_left(image_id))
    assert ada.put(image_id, CONTENT, **RIGHT).status_code == 204


@pytest.mark.parametrize("headers", MALFORMED, ids=[str(h)[:40] for h in MALFORMED])
def test_a_digest_that_is_none_is_refused_before_a_byte_is_read(
    ada: Client, headers: dict[str, str]
) -> None:
    image_id = ada.queued()
    read: list[bool] = []

    def content() -> Iterator[bytes]:
        yield from in_chunks(bytes(200_000_000))
        read.append(True)

    try:
        answer = ada.put(image_id, content(), **headers, Accept="application/json")
        assert (answer.status_code, answer.json()["error_code"]) == (400, "malformed_digest")
    except httpx.TransportError:
        pass  # the answer came before the body, and the connection was closed under it
    assert read == []
    assert Artifact.objects.get(pk=image_id).revision == 1, "it was never saving"


def test_a_hash_that_the_image_was_given_before(ada: Client) -> None:
    image_id = ada.queued()
    digest = hashlib.sha256(CONTENT).hexdigest()
    fields = {"os_hash_algo": "sha256", "os_hash_value": digest}
    Artifact.objects.filter(pk=image_id).update(fields=fields)
    answer = ada.put(image_id, b"other", Accept="application/json")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "digest_mismatch")
    contradiction = {"X-Checksum-Sha256": hashlib.sha256(b"other").hexdigest()}
    assert ada.put(image_id, b"other", **contradiction).status_code == 400
    assert Artifact.objects.get(pk=image_id).fields == fields
    assert ada.put(image_id, CONTENT).status_code == 204
    shown = ada.caller.show(image_id).json()
    assert shown["os_hash_value"] == hashlib.sha512(CONTENT).hexdigest()


def test_the_operator_chooses_the_hash(ada: Client, settings: Any) -> None:
    config = replace(settings.VITRINE[ImageDataConfig], hashing_algorithm="sha256")
    settings.VITRINE = {**settings.VITRINE, ImageDataConfig: config}
    shown = ada.caller.show(ada.active()).json()
    assert (shown["os_hash_algo"], shown["os_hash_value"]) == (
        "sha256",
        hashlib.sha256(CONTENT).hexdigest(),
    )
    assert list(ImageDataConfig(hashing_algorithm="shake_128").problems())
    assert list(ImageDataConfig(hashing_algorithm="rot13").problems())
    assert list(ImageDataConfig(gpt_safety_checks_nonfatal=("backing_file",)).problems())


def test_a_deletion_ends_an_upload_at_once_though_the_client_sends_nothing(
    server: Server, ada: Client
) -> None:
    image_id = ada.queued()
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as sock:
        sock.settimeout(40)
        head = f"PUT /image/v2/images/{image_id}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {ada.caller.token}\r\n"
        sock.sendall(
            f"{head}Content-Type: application/octet-stream\r\nContent-Length: 9000000\r\n\r\nxx".encode()
        )
        assert eventually(lambda: Artifact.objects.get(pk=image_id).status == "saving")
        assert ada.caller.call("DELETE", f"/v2/images/{image_id}").status_code == 204
        assert sock.recv(100).startswith(b"HTTP/1.1 410"), "long before the lease or the idle time"
    assert eventually(lambda: nothing_is_left(image_id))


def test_a_refused_client_that_is_sending_reads_why(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The client shares the server's process, and sends more slowly than others do.
    monkeypatch.setattr("artifacts.api.streaming.DISCARD_SECONDS", 60.0)
    image_id = ada.active(b"first")
    answer = ada.put(image_id, in_chunks(bytes(20_000_000)), Accept="application/json")
    assert (answer.status_code, answer.json()["error_code"]) == (409, "illegal_transition")
    waiting = ada.put(image_id, b"x" * 20_000_000, Expect="100-continue")
    assert waiting.status_code == 409


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes 0-9/10", 204),
        ("bytes 0-9/*", 204),
        ("Bytes 0-9/10", 204),
        ("bytes 0-9/20", 400),
        ("bytes 10-19/20", 400),
        ("bytes 0-8/9", 400),
        ("bytes */10", 400),
        ("0-9/10", 400),
        (f"bytes 0-{'9' * 200}/*", 400),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_part_is_not_taken_for_the_whole(
    ada: Client, asked: str, status: int, chunked: bool
) -> None:
    """Clients that send a file in parts, by `Content-Range`, would else get an image that is cut short."""
    image_id, content = ada.queued(), b"0123456789"
    answer = ada.put(image_id, iter([content]) if chunked else content, **{"Content-Range": asked})
    assert answer.status_code == status
    wanted = "active" if status == 204 else "queued"
    assert eventually(lambda: Artifact.objects.get(pk=image_id).status == wanted)
    assert status == 204 or eventually(lambda: nothing_is_left(image_id))


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("identity", 204)])
def test_bytes_are_not_stored_in_their_coding(ada: Client, coding: str, status: int) -> None:
    image_id = ada.queued()
    assert ada.put(image_id, b"bytes", **{"Content-Encoding": coding}).status_code == status
    assert ada.caller.show(image_id).json()["size"] == (5 if status == 204 else None)


def test_an_unknown_framing_is_refused(server: Server, ada: Client) -> None:
    image_id = ada.queued()
    host, port = server.url.removeprefix("http://").split(":")
    lines = [
        f"PUT /image/v2/images/{image_id}/file HTTP/1.1",
        "Host: x",
        f"X-Auth-Token: {ada.caller.token}",
        "Content-Type: application/octet-stream",
        "Transfer-Encoding: gzip, chunked",
    ]
    with socket.create_connection((host, int(port)), 30) as sock:
        sock.sendall("\r\n".join([*lines, "", "5", "bytes", "0", "", ""]).encode())
        assert sock.recv(100).split()[1] in {b"400", b"415", b"501"}
    assert Artifact.objects.get(pk=image_id).status == "queued"


def test_two_sizes_that_differ_are_refused_before_a_byte_is_read(ada: Client) -> None:
    image_id = ada.queued()
    headers = {"x-openstack-image-size": "9", "Accept": "application/json"}
    answer = ada.put(image_id, b"0123456789", **headers)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "size_mismatch")
    assert Artifact.objects.get(pk=image_id).revision == 1, "it was never saving"
