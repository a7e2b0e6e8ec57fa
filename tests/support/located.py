"""Images whose data a web server of others keeps: fixtures and shorthands for tests of locations."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from catalog.jobs import running
from catalog.models import Job
from images.conf import ImagesConfig
from tests.support.images import Caller
from tests.support.stores import backends, configured
from tests.support.webserver import WebServer, web_server

CONTENT = random.Random(4).randbytes(1_500_000)
MD5, SHA512 = hashlib.md5(CONTENT).hexdigest(), hashlib.sha512(CONTENT).hexdigest()
FORMATS = {"disk_format": "raw", "container_format": "bare"}
VALIDATION = {"os_hash_algo": "sha512", "os_hash_value": SHA512}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    with (
        web_server() as found,
        configured(default="fast", backends=backends(tmp_path, found.port)),
    ):
        found.put("/image.raw", CONTENT)
        yield found


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> None:
    config(monkeypatch, show_multiple_locations=True, show_image_direct_url=True)


def config(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    monkeypatch.setitem(
        settings.VITRINE, ImagesConfig, replace(settings.VITRINE[ImagesConfig], **values)
    )


def add(url: str, at: str = "-", **more: Any) -> dict[str, Any]:
    return {"op": "add", "path": f"/locations/{at}", "value": {"url": url, "metadata": {}, **more}}


def put_all(*values: dict[str, Any]) -> dict[str, Any]:
    return {"op": "replace", "path": "/locations", "value": list(values)}


def remove(at: str) -> dict[str, Any]:
    return {"op": "remove", "path": f"/locations/{at}"}


def urls(caller: Caller, image_id: str) -> list[str]:
    return [one["url"] for one in caller.show(image_id).json()["locations"]]


def refused(answer: Any, status: int, part: str = "") -> None:
    assert answer.status_code == status, answer.content
    assert part in answer.content.decode()


def post(caller: Caller, image_id: str, url: str, **more: Any) -> Any:
    return caller.call("POST", f"/v2/images/{image_id}/locations", {"url": url, **more})


def run_jobs(attempts: int = 1) -> list[Job]:
    """Run what is queued, so many times; the jobs as they are then."""
    for _ in range(attempts):
        Job.objects.filter(state="queued").update(run_after="2020-01-01T00:00:00Z")
        for job in Job.objects.filter(state="queued"):
            running.run(job.pk)
    return list(Job.objects.all())
