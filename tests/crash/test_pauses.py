"""Who stands still for longer than a lease, or is slow, is told from who is dead; nothing is lost and nothing stays."""

import hashlib
import http.client
import os
import signal
import time
import uuid

import pytest

from tests.crash.ledger import Asset
from tests.crash.stage import Stage

UPLOADING = ("store.write", "store.before_commit", "store.after_link", "upload.after_commit")
pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]


@pytest.mark.parametrize("point", UPLOADING)
def test_an_upload_that_goes_on_after_its_lease_leaves_nothing(stage: Stage, point: str) -> None:
    """The process stands still, the reaper takes the upload back, the process goes on."""
    victim = stage.victim
    with stage.load.running(ruling=False):
        victim.arm(point, "stop")
        victim.until(lambda: victim.fired(point), 180, f"past {point}")
        time.sleep(8)
        os.kill(victim.fired(point)[0], signal.SIGCONT)
        time.sleep(0.5)
    stage.settle(150)
    stage.check(f"stopped at {point}")


def test_a_store_that_takes_longer_than_the_lease_keeps_the_upload(stage: Stage) -> None:
    """Making many bytes durable takes its time."""
    stage.victim.arm("store.before_commit", "sleep")
    assert upload(stage, b"?" * 200_000, pause=0.0) == 204
    assert stage.victim.fired("store.before_commit")
    finish(stage)


def test_a_client_that_takes_longer_than_the_lease_keeps_the_upload(stage: Stage) -> None:
    """The lease ends with the process that holds it, not with a client's patience."""
    assert upload(stage, b"?" * 200_000, pause=1.5) == 204
    finish(stage)


def finish(stage: Stage) -> None:
    stage.settle(150)
    stage.check("slow")


def upload(stage: Stage, content: bytes, *, pause: float) -> int:
    """A new image's bytes, a quarter at a time with a pause before each; the status of the answer. It is deleted again."""
    service, key = stage.victim.service, str(uuid.uuid4())
    token = service.token()
    stage.load.ledger.add(Asset(key))
    image = {"id": key, "disk_format": "raw", "container_format": "bare"}
    assert service.call("POST", "/image/v2/images", image, token=token)[0] == 201
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)
    connection.putrequest("PUT", f"/image/v2/images/{key}/file")
    connection.putheader("X-Auth-Token", token)
    connection.putheader("Content-Type", "application/octet-stream")
    connection.putheader("Content-Length", str(len(content)))
    connection.endheaders()
    quarter = len(content) // 4
    for start in range(0, len(content), quarter):
        time.sleep(pause)
        connection.send(content[start : start + quarter])
    status = connection.getresponse().status
    connection.close()
    if status == 204:
        path = f"/image/v2/images/{key}/file"
        body = service.get(path, token=token)[1]
        assert hashlib.sha512(body).digest() == hashlib.sha512(content).digest()
    assert service.call("DELETE", f"/image/v2/images/{key}", token=token)[0] == 204
    return status
