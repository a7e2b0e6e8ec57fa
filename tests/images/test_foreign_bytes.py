"""Data that others keep: servers that do not send it hold up nobody but those who ask them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest
from django.conf import settings

from artifacts.conf import ArtifactsConfig
from tests.images.test_data import Client, ada
from tests.support.located import FORMATS, post
from tests.support.patience import eventually
from tests.support.server import Server
from tests.support.stores import backends, configured
from tests.support.webserver import WebServer, web_server

__all__ = ["ada"]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    with web_server() as found:
        web = backends(tmp_path, found.port)["web"]
        web["options"]["timeout"] = 300
        local = {"backend": "file", "options": {"root": str(tmp_path / "blobs")}}
        with configured(default="local", backends={"local": local, "web": web}):
            yield found


def test_silent_servers_hold_up_no_other_bytes(server: Server, web: WebServer, ada: Client) -> None:
    config = settings.VITRINE[ArtifactsConfig]
    count = config.data_threads + 1
    image_id = ada.caller.create(**FORMATS)["id"]
    assert post(ada.caller, image_id, web.put("/silent", b"late")).status_code == 202
    own, address = ada.active(b"here"), f"{server.url}/image/v2/images/{image_id}/file"
    token = {"X-Auth-Token": ada.caller.token}
    let_go = Event()
    web.before = let_go.wait
    with ThreadPoolExecutor(count) as pool:
        waiting = [
            pool.submit(httpx.get, address, headers=token, timeout=300) for _ in range(count)
        ]
        try:
            assert eventually(lambda: len(web.asked("GET")) >= config.foreign_threads)
            assert ada.get(own).content == b"here"
            assert ada.active(b"more")
            assert not any(one.done() for one in waiting)
        finally:
            let_go.set()
        assert {one.result().content for one in waiting} == {b"late"}
