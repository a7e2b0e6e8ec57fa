"""A resumable upload outlives the processes that take it in: no acknowledged byte is sent twice, or lost."""

import hashlib
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crash import Victim, victim

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]

MIB = 1 << 20
CONTENT = random.Random(7).randbytes(7 * MIB + 12345)
TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = "application/offset+octet-stream"


class Resuming:
    """A client of one session, which only knows what the service answered to it."""

    def __init__(self, found: Victim) -> None:
        self.victim, self.service = found, found.service
        self.token = found.service.token()
        body = {"name": "resumed", "disk_format": "raw", "container_format": "bare"}
        status, _, headers = self._call("POST", "/image/v2/images", body)
        assert status == 201
        self.image = {k.lower(): v for k, v in headers.items()}["location"].partition("/image/")[2]
        status, _, headers = self._call(
            "POST",
            f"/image/{self.image}/uploads",
            **TUS,
            **{
                "Upload-Length": str(len(CONTENT)),
                "X-Checksum-Sha256": hashlib.sha256(CONTENT).hexdigest(),
            },
        )
        assert status == 201
        self.path = {k.lower(): v for k, v in headers.items()}["location"]

    def _call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        content_type = headers.pop("Content_Type", "application/json")
        return self.service.call(
            method, path, body, token=self.token, content_type=content_type, **headers
        )

    def offset(self) -> int:
        """What is acknowledged; -1 while nobody answers."""
        status, _, headers = self._call("HEAD", self.path, **TUS)
        if status != 200:
            return -1
        return int({k.lower(): v for k, v in headers.items()}["upload-offset"])

    def patch(self, offset: int, end: int | None = None) -> int:
        return self._call(
            "PATCH",
            self.path,
            CONTENT[offset:end],
            Content_Type=CHUNK,
            **TUS,
            **{"Upload-Offset": str(offset)},
        )[0]

    def begin(self, sent: int) -> socket.socket:
        """Announce everything, send a part of it, and stay."""
        sock = socket.create_connection(("127.0.0.1", self.service.port))
        lines = [
            f"PATCH {self.path} HTTP/1.1",
            "Host: x",
            f"X-Auth-Token: {self.token}",
            "Tus-Resumable: 1.0.0",
            "Upload-Offset: 0",
            f"Content-Type: {CHUNK}",
            f"Content-Length: {len(CONTENT)}",
        ]
        sock.sendall("\r\n".join([*lines, "", ""]).encode() + CONTENT[:sent])
        return sock

    def go_on(self) -> None:
        """Ask where the session stands and send the rest, until it is taken: the dead one's lease has to end first."""
        end = time.monotonic() + 180
        while (offset := self.offset()) != len(CONTENT):
            assert time.monotonic() < end, f"stays at {offset}\n{self.victim.tail()}"
            if offset < 0 or self.patch(offset) != 204:
                time.sleep(0.3)

    def downloaded(self) -> bytes:
        status, content, _ = self._call("GET", f"/image/{self.image}/file")
        assert status == 200
        return content


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Resuming]:
    with victim(tmp_path / "data", VITRINE_ARTIFACTS_SESSION_PART=str(MIB)) as found:
        yield Resuming(found)


def kept(client: Resuming) -> list[Path]:
    root = client.service.folder / "blobs"
    return [path for path in root.rglob("*") if path.is_file()]


def test_resuming_after_everything_was_killed(client: Resuming) -> None:
    with client.begin(4 * MIB + 777):
        client.victim.until(lambda: client.offset() >= 2 * MIB, 90, "some of it acknowledged")
        acknowledged = client.offset()
        client.victim.kill_all()
    client.service.start()
    assert client.offset() >= acknowledged
    client.go_on()
    assert client.downloaded() == CONTENT
    client.victim.until(lambda: len(kept(client)) == 1, 60, "only the image's bytes left")


@pytest.mark.parametrize(
    "point", ["upload.before_commit", "upload.after_commit", "upload.after_finish"]
)
def test_death_while_the_parts_become_one(client: Resuming, point: str) -> None:
    assert client.patch(0, 3 * MIB) == 204
    client.victim.arm(point)
    assert client.patch(3 * MIB) == 0, "the process died under the request"
    assert client.victim.fired(point)
    client.victim.until(lambda: client.offset() >= 3 * MIB, 90, "another process answers")
    assert client.offset() < len(CONTENT), "the end is acknowledged once the image is whole"
    client.go_on()
    assert client.downloaded() == CONTENT
    client.victim.until(lambda: len(kept(client)) == 1, 60, "only the image's bytes left")
