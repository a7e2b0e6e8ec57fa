"""A body of HTTP/1.0 without a length: nobody knows its end, so nothing is taken for it."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from artifacts.models import Artifact, UploadSession
from tests.support.images import Caller, callers
from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]

OCTETS = "Content-Type: application/octet-stream"
Say = Callable[..., tuple[int, bytes]]


@pytest.fixture
def anna(server: Server) -> Caller:
    return callers("anna")[0]


@pytest.fixture
def say(server: Server, anna: Caller) -> Say:
    """Sends one request; the status, and everything that was told."""

    def send(line: str, *lines: str, body: bytes = b"") -> tuple[int, bytes]:
        address = urlsplit(server.url)
        head = [line, "Host: x", f"X-Auth-Token: {anna.token}", *lines, "", ""]
        with socket.create_connection((address.hostname, address.port), timeout=60) as wire:
            wire.sendall("\r\n".join(head).encode() + body)
            told = b"".join(iter(lambda: wire.recv(65536), b""))
        assert told.count(b"HTTP/1.1 ") == 1
        return int(told.split(b" ", 2)[1]), told

    return send


def queued(anna: Caller) -> str:
    return str(anna.create(name="one", disk_format="raw", container_format="bare")["id"])


@pytest.mark.parametrize("kept", [(), ("Connection: keep-alive",)])
@pytest.mark.parametrize("body", [b"", b"abc", b"GET / HTTP/1.0\r\n\r\n"])
def test_data_of_an_image(say: Say, anna: Caller, body: bytes, kept: tuple[str, ...]) -> None:
    image = queued(anna)
    path = f"PUT /image/v2/images/{image}/file"
    status, told = say(f"{path} HTTP/1.0", OCTETS, *kept, body=body)
    assert (status, b"Content-Length" in told) == (411, True)
    assert Artifact.objects.get(pk=image).status == "queued"
    assert say(f"{path} HTTP/1.0", OCTETS, "Content-Length: 3", body=b"abc")[0] == 204
    assert Artifact.objects.get(pk=image).size == 3


def test_http_1_1_without_a_frame_has_an_empty_body(say: Say, anna: Caller) -> None:
    image = queued(anna)
    status, _ = say(f"PUT /image/v2/images/{image}/file HTTP/1.1", OCTETS, "Connection: close")
    assert status == 204
    assert Artifact.objects.get(pk=image).size == 0


def test_parts_of_a_resumable_upload(say: Say, anna: Caller) -> None:
    image = queued(anna)
    tus = "Tus-Resumable: 1.0.0"
    path = f"/image/v2/images/{image}/uploads"
    assert say(f"POST {path} HTTP/1.1", tus, "Upload-Length: 3", "Connection: close")[0] == 201
    session = UploadSession.objects.get()
    status, _ = say(
        f"PATCH {path}/{session.pk} HTTP/1.0",
        tus,
        "Upload-Offset: 0",
        "Content-Type: application/offset+octet-stream",
        body=b"abc",
    )
    assert status == 411
    session.refresh_from_db()
    assert session.received == 0


def test_blobs_of_other_artifacts(say: Say, anna: Caller, server: Server) -> None:
    path = "/artifact/artifacts/heat_templates"
    body = b'{"name": "one", "version": "1.0.0"}'
    length = f"Content-Length: {len(body)}"
    status, told = say(f"POST {path} HTTP/1.0", "Content-Type: application/json", length, body=body)
    assert status == 201, told
    one = Artifact.objects.get(name="one").pk
    assert say(f"PUT {path}/{one}/template HTTP/1.0", OCTETS, body=b"abc")[0] == 411


def test_documents(say: Say) -> None:
    json = "Content-Type: application/json"
    for line in (
        "POST /image/v2/images",
        "POST /search/v1/search",
        "POST /identity/v3/auth/tokens",
    ):
        assert say(f"{line} HTTP/1.0", json, body=b"{}")[0] == 411
    status, _ = say("POST /image/v2/images HTTP/1.1", json, "Connection: close")
    assert status == 400


def test_requests_that_bring_nothing_need_no_length(say: Say, anna: Caller) -> None:
    image = queued(anna)
    for line, status in (
        (f"PUT /image/v2/images/{image}/tags/a", 204),
        (f"POST /image/v2/images/{image}/actions/deactivate", 403),
        (f"GET /image/v2/images/{image}", 200),
    ):
        assert say(f"{line} HTTP/1.0")[0] == status
