"""Data that others keep: servers that do not send it hold up nobody but the project whose data they keep."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import connections

from artifacts.conf import ArtifactsConfig
from catalog.jobs import running
from catalog.models import Job
from images.conf import ImagesConfig
from tests.images.test_data import Client, ada
from tests.support.images import Caller, administrator, callers
from tests.support.located import FORMATS, post
from tests.support.patience import eventually
from tests.support.server import Server
from tests.support.stores import backends, configured
from tests.support.webserver import WebServer, web_server

__all__ = ["ada"]

PATIENCE = 300.0


@pytest.fixture
def quick() -> Iterator[WebServer]:
    with web_server() as found:
        yield found


@pytest.fixture
def web(tmp_path: Path, quick: WebServer) -> Iterator[WebServer]:
    """A server that a test makes slow, beside one that stays quick."""
    with web_server() as found:
        web = backends(tmp_path, found.port, quick.port)["web"]
        web["options"]["timeout"] = 300
        local = {"backend": "file", "options": {"root": str(tmp_path / "blobs")}}
        with configured(default="local", backends={"local": local, "web": web}):
            yield found


@pytest.fixture
def patient(settings: Any) -> Callable[[float], None]:
    def wait(seconds: float) -> None:
        config = replace(settings.VITRINE[ArtifactsConfig], foreign_patience=seconds)
        settings.VITRINE = {**settings.VITRINE, ArtifactsConfig: config}

    return wait


def located(caller: Caller, url: str) -> str:
    image_id = str(caller.create(**FORMATS)["id"])
    assert post(caller, image_id, url).status_code == 202
    return image_id


def busy(answer: httpx.Response) -> bool:
    found = answer.status_code == 503 and answer.json()["error_code"] == "data_servers_busy"
    return found and "Retry-After" in answer.headers


@contextmanager
def held_up(web: WebServer, count: int, ask: Callable[[], Any]) -> Iterator[list[Future[Any]]]:
    """So many threads that ask what the server does not send before the end; what they got."""
    let_go = Event()
    web.before = let_go.wait
    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(ask) for _ in range(count)]
        try:
            yield asked
        finally:
            let_go.set()


def test_silent_servers_hold_up_no_other_bytes(
    server: Server, web: WebServer, ada: Client, patient: Callable[[float], None]
) -> None:
    patient(PATIENCE)
    config = settings.VITRINE[ArtifactsConfig]
    image_id = located(ada.caller, web.put("/silent", b"late"))
    own, address = ada.active(b"here"), f"{server.url}/image/v2/images/{image_id}/file"
    token = {"X-Auth-Token": ada.caller.token}
    ask = lambda: httpx.get(address, headers=token, timeout=300)  # noqa: E731
    with held_up(web, config.data_threads + 1, ask) as waiting:
        assert eventually(lambda: len(web.asked("GET")) >= config.foreign_threads_each)
        assert ada.get(own).content == b"here"
        assert ada.active(b"more")
        assert not any(one.done() for one in waiting)
    assert {one.result().content for one in waiting} == {b"late"}, "each in its turn"


def test_downloads_wait_for_the_servers_of_their_own_project_only(
    server: Server,
    web: WebServer,
    quick: WebServer,
    ada: Client,
    patient: Callable[[float], None],
) -> None:
    patient(0.5)
    bob, root = Client(server, callers("bob")[0]), Client(server, administrator())
    slow = located(ada.caller, web.put("/silent", b"late"))
    fast = located(bob.caller, quick.put("/quick", b"now"))
    config = settings.VITRINE[ArtifactsConfig]
    count, each = config.foreign_threads + 1, config.foreign_threads_each
    web.drip = "headers"
    with ThreadPoolExecutor(count) as pool:
        waiting = [pool.submit(ada.get, slow) for _ in range(count)]
        try:
            assert eventually(lambda: sum(one.done() for one in waiting) == count - each)
            assert bob.get(fast).content == b"now"
            assert busy(root.get(slow, Accept="application/json"))
            assert root.get(fast).content == b"now", "whose data it is counts, not who asks"
            assert {one.result().status_code for one in waiting if one.done()} == {503}
        finally:
            web.drip = ""
    for one in (bob, root):
        one.http.close()


def test_downloads_that_are_open_are_counted(
    server: Server, web: WebServer, quick: WebServer, ada: Client, settings: Any
) -> None:
    config = replace(settings.VITRINE[ArtifactsConfig], foreign_downloads_each=1)
    settings.VITRINE = {**settings.VITRINE, ArtifactsConfig: config}
    bob = Client(server, callers("bob")[0])
    slow = located(ada.caller, web.put("/silent", b"late"))
    fast = located(bob.caller, quick.put("/quick", b"now"))
    ask = lambda: ada.get(slow, Accept="application/json")  # noqa: E731
    with held_up(web, 2, ask) as waiting:
        assert eventually(lambda: sum(one.done() for one in waiting) == 1)
        assert ada.get(slow, "HEAD").status_code == 200
        assert bob.get(fast).content == b"now"
        assert sum(one.done() for one in waiting) == 1
    answers = sorted((one.result() for one in waiting), key=lambda one: one.status_code)
    assert answers[0].content == b"late"
    assert busy(answers[1])
    assert eventually(lambda: ada.get(slow).content == b"late"), "there is room again"
    bob.http.close()


def test_new_locations_wait_for_the_servers_of_their_own_project_only(
    server: Server, web: WebServer, quick: WebServer, ada: Client
) -> None:
    [bob] = callers("bob")
    each = settings.VITRINE[ImagesConfig].location_waiters_each
    images = [ada.caller.create(**FORMATS)["id"] for _ in range(each + 1)]
    web.put("/silent", b"late")
    web.drip = "headers"

    def add(image_id: str) -> httpx.Response:
        body = {"url": web.url("/silent")}
        return ada.http.post(f"/v2/images/{image_id}/locations", json=body)

    with ThreadPoolExecutor(each) as pool:
        first = [pool.submit(add, image_id) for image_id in images[:each]]
        try:
            assert eventually(lambda: len(web.asked("HEAD")) == each)
            assert add(images[-1]).status_code == 503
            assert located(bob, quick.put("/quick", b"now"))
            assert not any(one.done() for one in first)
        finally:
            web.drip = ""
        assert all(one.result().status_code for one in first)


def test_data_of_one_project_is_read_in_few_places(
    server: Server, web: WebServer, quick: WebServer
) -> None:
    [eve], [bob] = callers("eve"), callers("bob")
    slow = [located(eve, web.put(f"/{number}", b"late")) for number in range(2)]
    fast = located(bob, quick.put("/quick", b"now"))
    jobs = {job.input["image_id"]: job for job in Job.objects.all()}

    def run_first() -> bool:
        try:
            return running.run(jobs[slow[0]].pk)
        finally:
            connections.close_all()

    with held_up(web, 1, run_first) as waiting:
        assert eventually(lambda: len(web.asked("GET")) == 1)
        assert running.run(jobs[slow[1]].pk) is False, "the project's place is taken"
        assert running.run(jobs[fast].pk) is True
        assert Job.objects.get(pk=jobs[fast].pk).state == "succeeded"
        assert not waiting[0].done()
    assert waiting[0].result() is True
    assert running.run(jobs[slow[1]].pk) is True
