"""What is told of an image's data: how it came, where it lies, and each time that it goes out."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from catalog.models import Notice
from catalog.notifications.publishing import Publisher
from tests.notifications.conftest import Listener
from tests.support.images import Caller, callers
from tests.support.located import CONTENT, FORMATS, VALIDATION, add, post, run_jobs
from tests.support.patience import eventually
from tests.support.server import Server
from tests.support.webserver import WebServer

Notify = Callable[..., None]
DATA = b"0123456789" * 1000


def told(listener: Listener) -> list[tuple[str, Any]]:
    while Publisher(listener).batch():
        pass
    found, listener.told = listener.told, []
    return found


class Client:
    """A caller's way to the data of its images."""

    def __init__(self, server: Server, caller: Caller) -> None:
        self._server, self.caller = server, caller

    def ask(self, method: str, image_id: str, content: Any = None, **headers: str) -> Any:
        url, token = self._url(image_id), {"X-Auth-Token": self.caller.token}
        return httpx.request(
            method, url, content=content, headers={**token, **headers}, timeout=120
        )

    def stream(self, image_id: str) -> Any:
        token = {"X-Auth-Token": self.caller.token}
        return httpx.stream("GET", self._url(image_id), headers=token, timeout=120)

    def uploaded(self, data: bytes = DATA) -> str:
        image = str(self.caller.create(**FORMATS)["id"])
        octets = {"Content-Type": "application/octet-stream"}
        assert self.ask("PUT", image, data, **octets).status_code == 204
        return image

    def _url(self, image_id: str) -> str:
        return f"{self._server.url}/image/v2/images/{image_id}/file"


def test_an_upload_and_what_goes_out(server: Server, notify: Notify, listener: Listener) -> None:
    notify()
    anna, ben = (Client(server, one) for one in callers("anna", "ben"))
    image = anna.uploaded()
    found = told(listener)
    assert [kind for kind, _ in found] == [
        "image.create",
        "image.prepare",
        "image.upload",
        "image.activate",
    ]
    assert [payload["status"] for _, payload in found] == ["queued", "saving", "active", "active"]
    anna.caller.patch(image, {"op": "replace", "path": "/visibility", "value": "community"})
    told(listener)
    assert ben.ask("GET", image).content == DATA
    assert eventually(lambda: Notice.objects.count() == 1)
    assert ben.ask("GET", image, Range="bytes=0-99").status_code == 206
    assert eventually(lambda: Notice.objects.count() == 2)
    assert set(Notice.objects.values_list("priority", flat=True)) == {"INFO"}
    who = {
        "image_id": image,
        "owner_id": anna.caller.project.pk,
        "receiver_tenant_id": ben.caller.project.pk,
        "receiver_user_id": str(ben.caller.user.pk),
    }
    assert told(listener) == [
        ("image.send", {"bytes_sent": len(DATA), **who}),
        ("image.send", {"bytes_sent": 100, **who}),
    ]
    assert ben.ask("HEAD", image).status_code == 200
    assert ben.ask("GET", image, Range="bytes=99999-").status_code == 416
    tag = ben.ask("HEAD", image).headers["ETag"]
    assert ben.ask("GET", image, **{"If-None-Match": tag}).status_code == 304
    assert told(listener) == [], "nothing was sent"


def test_a_download_that_is_cut_is_told_as_an_error(
    server: Server, notify: Notify, listener: Listener
) -> None:
    notify()
    anna = Client(server, callers("anna")[0])
    image = anna.uploaded(DATA * 3200)
    told(listener)
    with anna.stream(image) as answer:
        next(answer.iter_raw())
    eventually(Notice.objects.exists)
    assert Notice.objects.get().priority == "ERROR"
    ((kind, payload),) = told(listener)
    assert (kind, payload["bytes_sent"] < len(DATA) * 3200) == ("image.send", True)


def test_nobody_is_told_of_downloads_that_nobody_asked_for(
    server: Server, notify: Notify, listener: Listener
) -> None:
    notify(disabled_notifications=("image.send",))
    anna = Client(server, callers("anna")[0])
    image = anna.uploaded()
    assert anna.ask("GET", image).content == DATA
    assert "image.send" not in [kind for kind, _ in told(listener)]


@pytest.mark.django_db
def test_locations(web: WebServer, shown: None, notify: Notify, listener: Listener) -> None:
    (anna,) = callers("anna")
    image, url = anna.create(**FORMATS)["id"], web.url("/image.raw")
    web.put("/copy.raw", CONTENT)
    notify()
    assert anna.patch(image, add(url)).status_code == 200
    found = told(listener)
    assert [kind for kind, _ in found] == ["image.update", "image.activate"]
    assert found[0][1]["status"] == "active"
    assert url not in str(found)
    assert anna.patch(image, add(web.url("/copy.raw"))).status_code == 200
    assert [kind for kind, _ in told(listener)] == ["image.update"]


@pytest.mark.django_db
def test_a_location_that_is_verified(web: WebServer, notify: Notify, listener: Listener) -> None:
    (anna,) = callers("anna")
    good, bad = (anna.create(**FORMATS)["id"] for _ in range(2))
    web.put("/other.raw", CONTENT[::-1])
    notify()
    assert post(anna, good, web.url("/image.raw"), validation_data=VALIDATION).status_code == 202
    assert post(anna, bad, web.url("/other.raw"), validation_data=VALIDATION).status_code == 202
    run_jobs(attempts=4)
    kinds = [(kind, payload["id"], payload["status"]) for kind, payload in told(listener)]
    assert [k for k in kinds if k[1] == good] == [
        ("image.update", good, "importing"),
        ("image.update", good, "active"),
        ("image.activate", good, "active"),
    ]
    assert [k for k in kinds if k[1] == bad] == [
        ("image.update", bad, "importing"),
        ("image.update", bad, "queued"),
    ]
