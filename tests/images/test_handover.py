"""Downloads that a proxy in front is asked to send: which, and what it is told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from artifacts.conf import StoresConfig
from catalog.notifications.conf import NotificationsConfig
from settings.proxies import TrustedProxies
from tests.images.test_data import Client, ada, blobs_on_disk
from tests.support.stores import configured

__all__ = ["ada"]

DATA = b"bytes of an image" * 1000
PROXIED = {"X-Forwarded-For": "192.0.2.7"}
TOLD = "X-Accel-Redirect"


@pytest.fixture(autouse=True)
def proxy(settings: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    """A proxy at the address of the parameter, by default where the tests' requests come from."""
    settings.TRUSTED_PROXIES = TrustedProxies.parse([getattr(request, "param", "127.0.0.1")])
    with configured(accel_redirect="/_bytes"):
        yield


@pytest.fixture
def image_id(ada: Client) -> str:
    return ada.active(DATA)


def comes_with_its_bytes(answer: httpx.Response) -> bool:
    return answer.content == DATA and TOLD not in answer.headers


def test_the_proxy_is_told_of_the_file(ada: Client, image_id: str) -> None:
    own, told = ada.get(image_id), ada.get(image_id, **PROXIED)
    assert comes_with_its_bytes(own), "nobody in between could send it"
    assert (told.status_code, told.content) == (200, b"")
    address = told.headers[TOLD]
    assert address.startswith("/_bytes/")
    assert Path(unquote(address.removeprefix("/_bytes"))).read_bytes() == DATA
    for name in ("content-type", "content-md5", "etag"):
        assert told.headers[name] == own.headers[name]


@pytest.mark.parametrize("proxy", ["192.0.2.1"], indirect=True)
def test_strangers_are_told_of_no_file(ada: Client, image_id: str) -> None:
    assert comes_with_its_bytes(ada.get(image_id, **PROXIED))


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Range", "bytes=0-3", 206),
        ("Content-Range", "bytes 0-3/17000", 206),
        ("If-Range", '"other"', 200),
        ("If-None-Match", '"other"', 200),
        ("If-Match", "*", 200),
    ],
)
def test_what_is_to_be_decided_is_decided_here(
    ada: Client, image_id: str, header: str, value: str, status: int
) -> None:
    answer = ada.get(image_id, **PROXIED, **{header: value})
    assert answer.status_code == status
    assert answer.content == (DATA[:4] if status == 206 else DATA)
    assert TOLD not in answer.headers
    head = ada.get(image_id, "HEAD", **PROXIED)
    assert (head.headers["content-length"], TOLD in head.headers) == (str(len(DATA)), False)


def test_bytes_that_are_counted_pass_here(ada: Client, image_id: str, settings: Any) -> None:
    config = settings.VITRINE[NotificationsConfig]
    told = {NotificationsConfig: replace(config, driver="log")}
    settings.VITRINE = settings.VITRINE | told
    assert comes_with_its_bytes(ada.get(image_id, **PROXIED))


def test_files_that_are_not_what_they_were_are_not_handed_over(ada: Client, image_id: str) -> None:
    (file,) = blobs_on_disk()
    file.write_bytes(DATA[:-1])
    assert ada.get(image_id, **PROXIED).status_code == 503
    file.unlink()
    assert ada.get(image_id, **PROXIED).status_code == 503, "no store has the bytes"


@pytest.mark.parametrize("wrong", ["_bytes", "/", "/_bytes/", "/a b", "/x\r\n", "http://x/"])
def test_addresses_that_are_none_are_refused(wrong: str) -> None:
    (problem,) = StoresConfig(accel_redirect=wrong).problems()
    assert "VITRINE_STORES_ACCEL_REDIRECT" in problem
    assert list(StoresConfig(accel_redirect="/_bytes").problems()) == []
