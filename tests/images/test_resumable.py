"""Resumable uploads: the real tus client, raw requests, and what is left when something goes wrong."""

import hashlib
import random
import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from artifacts import configured_stores
from artifacts.api import lease_renewal
from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, StoredObject, UploadPart, UploadSession
from artifacts.services import reaping, sessions
from catalog.clock import now
from images.conf import ImagesConfig
from images.limits.resources import Resource
from images.models import RegisteredLimit
from tests.images.test_data import Client, ada, blobs_on_disk, nothing_is_left
from tests.support import disks
from tests.support.images import callers
from tests.support.patience import eventually
from tests.support.server import Server

__all__ = ["ada"]

PART = 400_000
CONTENT = random.Random(2).randbytes(1_500_000)
TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = "application/offset+octet-stream"


@pytest.fixture(autouse=True)
def small_parts(settings: Any) -> None:
    config = replace(settings.VITRINE[ArtifactsConfig], session_part=PART)
    settings.VITRINE = {**settings.VITRINE, ArtifactsConfig: config}


class Session:
    """An upload session of an image, spoken to by plain requests."""

    def __init__(self, client: Client, image_id: str, length: int, **headers: str) -> None:
        self.client, self.image_id = client, image_id
        self.opened = client.http.post(
            f"/v2/images/{image_id}/uploads",
            headers={**TUS, "Upload-Length": str(length), "Accept": "application/json", **headers},
        )
        self.path = self.opened.headers.get("Location", "").removeprefix("/image")

    def patch(self, content: Any, offset: int | None = None, **headers: str) -> httpx.Response:
        at = self.offset() if offset is None else offset
        return self.client.http.patch(
            self.path,
            content=content,
            headers={
                **TUS,
                "Upload-Offset": str(at),
                "Content-Type": CHUNK,
                "Accept": "application/json",
                **headers,
            },
        )

    def head(self) -> httpx.Response:
        return self.client.http.head(self.path, headers=TUS)

    def offset(self) -> int:
        answer = self.head()
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])

    def end(self) -> httpx.Response:
        return self.client.http.delete(self.path, headers=TUS)


def opened(ada: Client, content: bytes = CONTENT, **headers: str) -> Session:
    session = Session(ada, ada.queued(), len(content), **headers)
    assert session.opened.status_code == 201, session.opened.text
    return session


def nothing_of(session: Session) -> bool:
    rows = UploadSession.objects.filter(artifact=session.image_id).exists()
    return not rows and not UploadPart.objects.exists() and nothing_is_left(session.image_id)


def status_of(session: Session) -> str:
    return str(Artifact.objects.get(pk=session.image_id).status)


def arrived(session: Session, content: bytes = CONTENT) -> bool:
    """The image has the content, and only one copy of it is left in the store."""
    shown = session.client.caller.show(session.image_id).json()
    assert (shown["status"], shown["size"]) == ("active", len(content))
    assert shown["os_hash_value"] == hashlib.sha512(content).hexdigest()
    assert session.client.get(session.image_id).content == content
    assert not UploadPart.objects.exists()
    assert eventually(lambda: len(blobs_on_disk()) == 1 == StoredObject.objects.count())
    return True


@pytest.fixture
def tus(server: Server, ada: Client) -> tuple[TusClient, str]:
    image_id = ada.queued()
    address = f"{server.url}/image/v2/images/{image_id}/uploads"
    return TusClient(address, headers={"X-Auth-Token": ada.caller.token}), image_id


@pytest.mark.parametrize("chunk", [700_000, 5_000_000])
@pytest.mark.parametrize("checksum", [False, True])
def test_the_real_client(
    ada: Client, tus: tuple[TusClient, str], chunk: int, checksum: bool
) -> None:
    client, image_id = tus
    uploader = client.uploader(
        file_stream=BytesIO(CONTENT),
        chunk_size=chunk,
        upload_checksum=checksum,
        metadata={"filename": "disk"},
    )
    uploader.upload(stop_at=min(chunk, len(CONTENT)))
    if chunk < len(CONTENT):
        assert Artifact.objects.get(pk=image_id).status == "queued"
        again = client.uploader(file_stream=BytesIO(CONTENT), url=uploader.url, chunk_size=chunk)
        assert again.offset == chunk, "another run of the client goes on"
        again.upload()
    assert ada.get(image_id).content == CONTENT
    assert ada.caller.show(image_id).json()["status"] == "active"


def test_the_real_client_is_told_what_is_wrong(ada: Client, tus: tuple[TusClient, str]) -> None:
    client, image_id = tus
    ada.caller.patch(image_id, {"op": "replace", "path": "/disk_format", "value": "qcow2"})
    with pytest.raises(TusUploadFailed) as refused:
        client.uploader(file_stream=BytesIO(CONTENT), chunk_size=9_000_000).upload()
    assert refused.value.status_code == 415
    client.headers["X-Auth-Token"] = "nobody"
    with pytest.raises(TusCommunicationError):
        client.uploader(file_stream=BytesIO(CONTENT)).upload()


def test_options(ada: Client) -> None:
    answer = ada.http.options(f"/v2/images/{ada.queued()}/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    extensions = set(answer.headers["Tus-Extension"].split(","))
    assert extensions == {"creation", "checksum", "expiration", "termination"}
    assert "sha1" in answer.headers["Tus-Checksum-Algorithm"].split(",")
    assert int(answer.headers["Tus-Max-Size"]) > 0


def test_a_session_from_begin_to_end(ada: Client) -> None:
    name = f"name {b64encode(b'disk').decode()},bare"
    session = opened(ada, **{"Upload-Metadata": name})
    assert session.opened.headers["Upload-Offset"] == "0"
    assert "GMT" in session.opened.headers["Upload-Expires"]
    head = session.head()
    assert head.headers["Upload-Length"] == str(len(CONTENT))
    assert head.headers["Upload-Metadata"] == name
    assert head.headers["Cache-Control"] == "no-store"
    for start, end in ((0, 10), (10, 900_000), (900_000, 900_000), (900_000, 1_499_999)):
        answer = session.patch(CONTENT[start:end], start)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(end))
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert status_of(session) == "queued"
    (listed,) = ada.http.get(f"/v2/images/{session.image_id}/uploads").json()["uploads"]
    assert (listed["offset"], listed["length"], listed["status"]) == (1_499_999, 1_500_000, "open")
    assert f"/image{listed['self']}" == session.opened.headers["Location"]
    assert session.patch(CONTENT[1_499_999:]).status_code == 204
    assert session.offset() == len(CONTENT), "a client that did not hear the end can ask"
    assert session.patch(b"", len(CONTENT)).status_code == 204
    assert session.patch(b"x", 0).status_code == 409
    assert ada.http.get(session.path).json()["status"] == "done"
    assert arrived(session)
    assert session.end().status_code == 204
    assert ada.get(session.image_id).content == CONTENT, "only the session ended"


def test_a_method_override(ada: Client) -> None:
    session = opened(ada)
    answer = ada.http.post(
        session.path,
        content=CONTENT,
        headers={
            **TUS,
            "X-HTTP-Method-Override": "PATCH",
            "Upload-Offset": "0",
            "Content-Type": CHUNK,
        },
    )
    assert answer.status_code == 204
    assert arrived(session)


def test_an_empty_image(ada: Client) -> None:
    session = opened(ada, b"")
    assert session.offset() == 0
    assert status_of(session) == "active"


CREATION: list[tuple[dict[str, str], int]] = [
    ({"Upload-Length": "-1"}, 400),
    ({"Upload-Length": "many"}, 400),
    ({"Upload-Length": "9" * 40}, 400),
    ({"Upload-Length": str(1 << 50)}, 413),
    ({"Tus-Resumable": "0.2.2"}, 412),
    ({"Upload-Metadata": "a b c"}, 400),
    ({"Upload-Metadata": "a " + "A" * 9000}, 400),
    ({"X-Image-Meta-Store": "nowhere"}, 400),
    ({"X-Image-Meta-Store": "os_glance_staging_store"}, 400),
    ({"Repr-Digest": "sha-256=abc"}, 400),
    ({"X-Checksum-Sha256": "abc"}, 400),
]


@pytest.mark.parametrize(("headers", "status"), CREATION, ids=[str(h)[:40] for h, _ in CREATION])
def test_sessions_that_are_not_opened(ada: Client, headers: dict[str, str], status: int) -> None:
    session = Session(ada, ada.queued(), 5, **headers)
    assert session.opened.status_code == status
    if status == 412:
        assert session.opened.headers["Tus-Version"] == "1.0.0"
    assert nothing_of(session)


def test_images_that_take_no_session(ada: Client) -> None:
    active = ada.active(b"x")
    shapeless = ada.queued(disk_format=None)
    unknown = "00000000-0000-0000-0000-000000000000"
    for image_id, status in {active: 409, shapeless: 400, unknown: 404}.items():
        assert Session(ada, image_id, 5).opened.status_code == status
    assert not UploadSession.objects.exists()


def test_one_session_at_a_time(ada: Client) -> None:
    session = opened(ada)
    refused = Session(ada, session.image_id, 5).opened
    assert (refused.status_code, refused.json()["error_code"]) == (409, "upload_session_exists")
    assert refused.json()["facts"]["session"] in session.path
    assert session.end().status_code == 204
    assert Session(ada, session.image_id, 5).opened.status_code == 201


def test_rights(server: Server, ada: Client) -> None:
    bob = Client(server, callers("bob")[0])
    session = opened(ada)
    public = {"op": "replace", "path": "/visibility", "value": "community"}
    with bob.http:
        for status in (404, 403):
            assert Session(bob, session.image_id, 5).opened.status_code == status
            session.client = bob
            assert session.head().status_code == status
            assert session.patch(b"x", 0).status_code == status
            assert session.end().status_code == status
            assert bob.http.get(session.path).status_code == status
            assert bob.http.get(f"/v2/images/{session.image_id}/uploads").status_code == status
            assert ada.caller.patch(session.image_id, public).status_code == 200
    session.client = ada
    assert session.offset() == 0


CHUNKS: list[tuple[dict[str, str], int, str]] = [
    ({"Upload-Offset": "5"}, 409, "upload_offset_mismatch"),
    ({"Upload-Offset": "-1"}, 400, "invalid_parameter"),
    ({"Content-Type": "application/octet-stream"}, 415, "unsupported_media_type"),
    ({"Tus-Resumable": "2.0.0"}, 412, "tus_version"),
    ({"Upload-Checksum": "crc32 AAAA"}, 400, "invalid_parameter"),
    ({"Upload-Checksum": "sha1 AAAA"}, 400, "malformed_digest"),
    ({"Upload-Checksum": "sha1 " + b64encode(bytes(20)).decode()}, 460, "checksum_mismatch"),
]


@pytest.mark.parametrize(
    ("headers", "status", "code"), CHUNKS, ids=[str(h)[:40] for h, *_ in CHUNKS]
)
def test_chunks_that_are_refused(
    ada: Client, headers: dict[str, str], status: int, code: str
) -> None:
    session = opened(ada)
    answer = session.patch(CONTENT[:900_000], 0, **headers)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert session.offset() == 0
    assert eventually(lambda: blobs_on_disk() == [])
    right = "sha1 " + b64encode(hashlib.sha1(CONTENT).digest()).decode()
    assert session.patch(CONTENT, 0, **{"Upload-Checksum": right}).status_code == 204
    assert arrived(session)


def in_pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]


def test_more_than_the_session_takes(ada: Client) -> None:
    session = opened(ada, CONTENT[:1_000_000])
    refused = session.patch(CONTENT)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "size_mismatch")
    assert session.offset() == 0
    assert session.patch(in_pieces(CONTENT)).status_code in {204, 400}
    assert eventually(lambda: not StoredObject.objects.filter(state="writing").exists())


def test_the_checksum_of_nothing(ada: Client) -> None:
    session = opened(ada)
    for content, status in ((b"", 204), (b"x", 460)):
        value = "md5 " + b64encode(hashlib.md5(content).digest()).decode()
        assert session.patch(b"", 0, **{"Upload-Checksum": value}).status_code == status


def test_a_checksum_is_all_or_nothing_and_chunked_bodies_work(ada: Client) -> None:
    session = opened(ada)
    right = "sha256 " + b64encode(hashlib.sha256(CONTENT).digest()).decode()
    assert session.patch(in_pieces(CONTENT), **{"Upload-Checksum": right}).status_code == 204
    assert arrived(session)


def digest(content: bytes) -> str:
    return f"sha-256=:{b64encode(hashlib.sha256(content).digest()).decode()}:"


@pytest.mark.parametrize("when", ["first", "last"])
def test_the_expected_digest(ada: Client, when: str) -> None:
    for expected, status in ((b"other", 400), (CONTENT, 204)):
        announced = {"Repr-Digest": digest(expected)}
        session = opened(ada, **(announced if when == "first" else {}))
        assert session.patch(CONTENT[:500_000]).status_code == 204
        last = session.patch(CONTENT[500_000:], **(announced if when == "last" else {}))
        assert last.status_code == status
        if status == 400:
            assert last.json()["error_code"] == "digest_mismatch"
            assert session.head().status_code == 404, "the session is over"
            assert status_of(session) == "queued"
            assert eventually(lambda session=session: nothing_of(session))
        else:
            assert arrived(session)


def test_formats_are_inspected_at_the_end(ada: Client) -> None:
    content = disks.smallest_qcow2(1 << 20, backing=512)
    session = opened(ada, content)
    answer = session.patch(content)
    assert (answer.status_code, answer.json()["error_code"]) == (415, "unsafe_image")
    assert eventually(lambda: nothing_of(session))
    assert status_of(session) == "queued"
    assert ada.put(session.image_id, b"good").status_code == 204


def test_a_refusal_at_the_end_is_told_though_the_session_is_over(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What looks after running transfers does not take a session for deleted that its own refusal ends."""
    monkeypatch.setattr(lease_renewal, "INTERVAL", 0.01)
    drop_part = sessions.drop_part

    def slowly(part: sessions.Part) -> None:
        time.sleep(0.5)
        drop_part(part)

    monkeypatch.setattr(sessions, "drop_part", slowly)
    content = disks.smallest_qcow2(1 << 30, backing=512)
    session = opened(ada, content)
    answer = session.patch(content, 0)
    assert (answer.status_code, answer.json()["error_code"]) == (415, "unsafe_image")
    assert eventually(lambda: nothing_of(session))


def test_a_put_in_between_wins(ada: Client) -> None:
    session = opened(ada)
    assert session.patch(CONTENT[:900_000]).status_code == 204
    assert ada.put(session.image_id, b"in one piece").status_code == 204
    assert session.head().status_code == 404, "it could lead nowhere"
    assert session.patch(CONTENT[900_000:], 900_000).status_code == 404
    assert ada.get(session.image_id).content == b"in one piece"
    assert not UploadSession.objects.exists()
    assert not UploadPart.objects.exists()
    assert eventually(lambda: len(blobs_on_disk()) == 1 == StoredObject.objects.count())


def test_coded_bytes_are_refused(ada: Client) -> None:
    session = opened(ada)
    assert session.patch(CONTENT, 0, **{"Content-Encoding": "gzip"}).status_code == 415
    assert session.offset() == 0


def test_more_after_the_last_byte_is_refused(ada: Client) -> None:
    """A chunked body announces no length: what follows a full session is told, and nothing is kept of it."""
    session = opened(ada, bytes(2 << 20))
    answer = session.patch(iter([bytes(2 << 20), b"more"]), 0)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "size_mismatch")
    assert status_of(session) == "queued"
    assert eventually(lambda: session.patch(bytes((2 << 20) - session.offset())).status_code == 204)
    assert arrived(session, bytes(2 << 20))


def raw_patch(server: Server, session: Session, announced: int, sent: bytes) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    sock = socket.create_connection((host, int(port)))
    lines = [
        f"PATCH /image{session.path} HTTP/1.1",
        "Host: x",
        f"X-Auth-Token: {session.client.caller.token}",
        "Tus-Resumable: 1.0.0",
        "Upload-Offset: 0",
        f"Content-Type: {CHUNK}",
        f"Content-Length: {announced}",
    ]
    sock.sendall("\r\n".join([*lines, "", ""]).encode() + sent)
    return sock


def test_a_cut_connection_keeps_what_came(server: Server, ada: Client) -> None:
    session = opened(ada)
    with raw_patch(server, session, len(CONTENT), CONTENT[:1_234_567]):
        assert eventually(lambda: session.offset() >= PART), "parts are told while the rest comes"
    assert eventually(lambda: session.offset() == 1_234_567)
    assert eventually(lambda: session.patch(CONTENT[1_234_567:]).status_code == 204)
    assert arrived(session)


def test_a_client_that_goes_silent_keeps_what_came(
    server: Server, ada: Client, settings: Any
) -> None:
    config = replace(settings.VITRINE[ArtifactsConfig], idle_timeout=3.0)
    settings.VITRINE = {**settings.VITRINE, ArtifactsConfig: config}
    session = opened(ada)
    with raw_patch(server, session, len(CONTENT), CONTENT[:1_234_567]) as sock:
        sock.settimeout(40)
        assert sock.recv(100).startswith(b"HTTP/1.1 408")
    assert session.offset() == 1_234_567
    assert session.patch(CONTENT[1_234_567:]).status_code == 204, "and lets the next one in"
    assert arrived(session)


def test_two_writers_at_once(server: Server, ada: Client) -> None:
    session = opened(ada)
    with raw_patch(server, session, len(CONTENT), CONTENT[:10]):
        assert eventually(lambda: UploadSession.objects.exclude(lease_until=None).exists())
        second = session.patch(CONTENT, 0)
        assert (second.status_code, second.json()["error_code"]) == (423, "upload_session_busy")
    assert eventually(lambda: session.offset() == 10)
    assert eventually(lambda: session.patch(CONTENT[10:]).status_code == 204)
    assert arrived(session)


@pytest.mark.parametrize("how", ["image", "session"])
def test_ending_a_session_that_is_being_written_to(server: Server, ada: Client, how: str) -> None:
    session = opened(ada)
    with raw_patch(server, session, len(CONTENT), CONTENT[:1_200_000]) as sock:
        assert eventually(lambda: session.offset() >= PART)
        if how == "image":
            path = f"/v2/images/{session.image_id}"
            assert ada.caller.call("DELETE", path).status_code == 204
        else:
            assert session.end().status_code == 204
        sock.settimeout(40)
        assert sock.recv(100).startswith(b"HTTP/1.1 410")
    assert session.head().status_code == 404
    assert eventually(lambda: nothing_of(session))


def test_deleting_the_image_ends_its_session(ada: Client) -> None:
    session = opened(ada)
    assert session.patch(CONTENT[:900_000]).status_code == 204
    assert ada.caller.call("DELETE", f"/v2/images/{session.image_id}").status_code == 204
    assert session.head().status_code == 404
    assert eventually(lambda: nothing_of(session))


def test_what_nobody_goes_on_with_expires(ada: Client) -> None:
    session = opened(ada)
    assert session.patch(CONTENT[:900_000]).status_code == 204
    reaping.reap()
    assert session.offset() == 900_000
    UploadSession.objects.update(expires_at=now() - timedelta(seconds=1))
    assert session.head().status_code == 404
    assert session.patch(b"x", 900_000).status_code == 404
    fresh = Session(ada, session.image_id, 5)
    assert fresh.opened.status_code == 201, "it does not stand in the way"
    assert eventually(lambda: blobs_on_disk() == [])
    UploadSession.objects.update(expires_at=now() - timedelta(seconds=1))
    reaping.reap()
    assert eventually(lambda: nothing_of(session))


def configured(settings: Any, **values: Any) -> None:
    config = replace(settings.VITRINE[ImagesConfig], **values)
    settings.VITRINE = {**settings.VITRINE, ImagesConfig: config}


def refused(session: Session) -> tuple[int, str]:
    """413 is told in plain text, whatever is accepted."""
    return session.opened.status_code, session.opened.text


def test_quotas_count_what_sessions_were_promised(ada: Client, settings: Any) -> None:
    configured(settings, user_storage_quota="2000000B")
    first = opened(ada)
    status, why = refused(Session(ada, ada.queued(), 600_000))
    assert (status, "promised" in why) == (413, True)
    assert Session(ada, ada.queued(), 500_000).opened.status_code == 201
    assert first.patch(CONTENT).status_code == 204
    assert arrived(first)
    assert refused(Session(ada, ada.queued(), 1))[0] == 413
    assert ada.put(ada.queued(), bytes(600_000)).status_code == 413
    assert ada.put(ada.queued(), in_pieces(bytes(600_000))).status_code == 413


def test_limits_count_sessions_as_staged(ada: Client, settings: Any) -> None:
    for resource, limit in ((Resource.STAGE_TOTAL, 2), (Resource.SIZE_TOTAL, 9)):
        RegisteredLimit.objects.create(resource=resource, limit=limit)
    for resource in (Resource.COUNT_TOTAL, Resource.COUNT_UPLOADING):
        RegisteredLimit.objects.create(resource=resource, limit=9)
    configured(settings, limits="local")
    opened(ada, bytes(2 << 20))
    status, why = refused(Session(ada, ada.queued(), 1 << 20))
    assert (status, "image_stage_total" in why) == (413, True)
    usage = ada.caller.call("GET", "/v2/info/usage").json()["usage"]
    assert usage["image_stage_total"] == {"limit": 2, "usage": 2}
    UploadSession.objects.all().delete()
    RegisteredLimit.objects.filter(resource=Resource.SIZE_TOTAL).update(limit=0)
    assert refused(Session(ada, ada.queued(), 1 << 20))[0] == 413


def test_limits_count_sessions_as_uploading(ada: Client, settings: Any) -> None:
    RegisteredLimit.objects.create(resource=Resource.COUNT_UPLOADING, limit=1)
    configured(settings, limits="local")
    session, other = opened(ada), ada.queued()
    status, why = refused(Session(ada, other, 1))
    assert (status, "image_count_uploading" in why) == (413, True)
    assert ada.put(other, b"x").status_code == 413
    assert session.patch(CONTENT[:900_000]).status_code == 204, "itself it is counted once"
    assert session.patch(CONTENT[900_000:]).status_code == 204
    assert arrived(session)
    again = Session(ada, other, 5)
    assert again.opened.status_code == 201
    assert ada.put(other, b"x").status_code == 204, "of the image that is counted"


def test_an_image_is_not_larger_than_allowed(ada: Client, settings: Any) -> None:
    configured(settings, size_cap=1_000_000)
    assert refused(Session(ada, ada.queued(), 1_000_001))[0] == 413
    image_id = ada.queued()
    assert ada.put(image_id, bytes(1_000_001)).status_code == 413
    assert ada.put(image_id, in_pieces(bytes(1_000_001))).status_code == 413
    assert eventually(lambda: nothing_is_left(image_id))
    assert ada.put(image_id, bytes(1_000_000)).status_code == 204


def test_a_writer_whose_lease_ended_writes_nothing_more(ada: Client) -> None:
    session = opened(ada)
    row = UploadSession.objects.get()
    slow = sessions.claim(row, offset=0)
    part = sessions.begin_part(slow)
    UploadSession.objects.update(lease_until=now() - timedelta(seconds=1))
    assert session.patch(CONTENT[:10], 0).status_code == 204, "another one took over"
    with pytest.raises(Exception, match="ended") as refused:
        sessions.keep_part(slow, part, start=0, size=5)
    assert refused.value.code == "gone"  # type: ignore[attr-defined]
    sessions.drop_part(part)
    assert session.offset() == 10
    assert session.patch(CONTENT[10:]).status_code == 204
    assert arrived(session)


def test_the_end_needs_room_for_the_whole(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts fit and the whole beside them does not: nothing of it stays, and the end can be tried again."""
    from stores import MemoryStore

    memory = MemoryStore(capacity=2_000_000)
    monkeypatch.setattr(configured_stores, "stores", lambda: {"local": memory})
    session = opened(ada)
    assert session.patch(CONTENT[:1_200_000]).status_code == 204
    for _ in range(2):
        assert session.patch(CONTENT[1_200_000:]).status_code == 413
        assert (session.offset(), status_of(session)) == (1_200_000, "queued")
        assert sum(one.size for one in memory.list()) == 1_200_000
    bigger = MemoryStore(capacity=3_100_000)
    for one in memory.list():
        bigger.put(one.key, memory.get(one.key))
    monkeypatch.setattr(configured_stores, "stores", lambda: {"local": bigger})
    assert session.patch(CONTENT[1_200_000:]).status_code == 204
    assert sum(one.size for one in bigger.list()) == len(CONTENT)


def test_a_store_without_room(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from stores import MemoryStore

    memory = MemoryStore(capacity=1_300_000)
    monkeypatch.setattr(configured_stores, "stores", lambda: {"local": memory})
    session = opened(ada)
    assert session.patch(CONTENT).status_code == 413
    assert 0 < session.offset() <= 1_300_000, "what fitted is kept"
    assert session.end().status_code == 204
    assert eventually(lambda: list(memory.list()) == [])


def test_a_store_that_only_reads_takes_no_session(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stores import MemoryStore

    reading = MemoryStore()
    monkeypatch.setattr(reading, "can_write", False)
    found = {**configured_stores.stores(), "reading": reading}
    monkeypatch.setattr(configured_stores, "stores", lambda: found)
    session = Session(ada, ada.queued(), 5, **{"X-Image-Meta-Store": "reading"})
    assert session.opened.status_code == 400
    assert nothing_of(session)


NASTY = st.one_of(
    st.binary(max_size=30).map(lambda b: b.translate(None, bytes(range(33)) + b"\x7f")),
    st.sampled_from(
        [
            b"",
            b"0",
            b"-0",
            b"1e3",
            b"9" * 400,
            b"\xff",
            "٣".encode(),
            b"sha-256=::",
            b"a b,c",
        ]
    ),
    st.integers(-(2**70), 2**70).map(lambda n: str(n).encode()),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        """upload-length upload-offset upload-metadata upload-checksum tus-resumable content-type repr-digest content-md5
        x-checksum-sha256 x-image-meta-store x-openstack-image-size x-http-method-override range content-range""".split()
    ),
    NASTY,
    max_size=5,
)


@hypothesis(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    sent=HEADERS,
    method=st.sampled_from(["POST", "PATCH", "HEAD", "DELETE", "PUT", "OPTIONS", "GET"]),
    place=st.sampled_from(["uploads", "uploads/{0}", "file"]),
    version=st.booleans(),
)
def test_no_header_breaks_anything(
    ada: Client, sent: dict[str, bytes], method: str, place: str, version: bool
) -> None:
    image_id = ada.queued()
    session = Session(ada, image_id, 5)
    path = f"/v2/images/{image_id}/{place.format(session.path.rpartition('/')[2])}"
    headers = {**({b"Tus-Resumable": b"1.0.0"} if version else {})}
    headers |= {name.encode(): value for name, value in sent.items()}
    answer = ada.http.request(method, path, headers=headers, content=b"some")
    assert answer.status_code < 500, answer.text
    ada.caller.call("DELETE", f"/v2/images/{image_id}")
