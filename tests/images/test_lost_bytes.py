"""Bytes that rows speak of and no store has, where other tests do not look: artifacts of other types, parts of uploads, jobs."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from artifacts import configured_stores, missing_bytes
from artifacts.models import Location, StoredObject
from stores import BlobNotFound
from tests.images.test_data import Client, ada, blobs_on_disk
from tests.images.test_resumable import CONTENT as LONG
from tests.images.test_resumable import opened, small_parts
from tests.support.images import callers
from tests.support.located import FORMATS, post, run_jobs
from tests.support.server import Server
from tests.support.webserver import WebServer

__all__ = ["ada", "small_parts"]

Ask = Callable[..., httpx.Response]


@pytest.fixture
def template(server: Server) -> Iterator[Ask]:
    """Asks for a heat template's blob."""
    [caller] = callers("ada")
    base = f"{server.url}/artifact/artifacts/heat_templates"
    headers = {"X-Auth-Token": caller.token}
    with httpx.Client(headers=headers, timeout=60) as http:
        made = http.post(base, json={"name": "x", "version": "1.0.0"})
        address = f"{base}/{made.json()['id']}/template"
        assert http.get(address).status_code == 404, "there is none yet"
        headers["Content-Type"] = "text/yaml"
        assert http.put(address, content=b"text", headers=headers).status_code == 204
        yield lambda method="GET", **more: http.request(method, address, headers=more)


def lost(answer: httpx.Response) -> bool:
    return (answer.status_code, json.loads(answer.content)["code"]) == (503, "bytes_lost")


def test_other_artifacts(template: Ask) -> None:
    assert template().content == b"text"
    for left in blobs_on_disk():
        left.write_bytes(b"tex")
    assert template().status_code == 503, "not as large as it was"
    for left in blobs_on_disk():
        left.unlink()
    assert lost(template())
    assert template("HEAD").status_code == 503
    assert lost(template(Range="bytes=0-1"))
    StoredObject.objects.update(state="deleting")
    assert lost(template())
    Location.objects.all().delete()
    assert lost(template())


def test_a_deletion_meanwhile_is_no_loss(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    image_id = ada.active(b"bytes")

    def gone(key: str, *_: int) -> None:
        StoredObject.objects.update(state="deleting")
        raise BlobNotFound("gone", key=key)

    monkeypatch.setattr(configured_stores.store("local"), "open", gone)
    counted = REGISTRY.get_sample_value("vitrine_bytes_lost_total")
    assert ada.get(image_id).status_code == 404
    assert REGISTRY.get_sample_value("vitrine_bytes_lost_total") == counted


def test_parts_of_an_upload(ada: Client) -> None:
    session = opened(ada)
    assert session.patch(LONG[:800_000]).status_code == 204
    for left in blobs_on_disk():
        left.unlink()
    told = session.patch(LONG[800_000:])
    assert (told.status_code, told.json()["error_code"]) == (503, "bytes_lost")


def test_a_job_that_reads_an_active_image_counts_what_is_lost(
    server: Server, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[dict[str, Any]] = []
    monkeypatch.setattr(missing_bytes.LOST, "inc", lambda: counted.append({}))
    [caller] = callers("ada")
    image_id = caller.create(**FORMATS)["id"]
    assert post(caller, image_id, web.url("/image.raw")).status_code == 202
    del web.files["/image.raw"]
    run_jobs()
    assert len(counted) == 1
