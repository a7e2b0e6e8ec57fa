"""Bytes by the session of the pages: who may, what comes, and what to do for an image that waits for them."""

import shlex
import subprocess
from collections.abc import Callable

import httpx
import pytest

from artifacts.heat_templates import HEAT_TEMPLATES
from artifacts.models import Artifact
from artifacts.services import plain
from images.services import members, states
from tests.console.conftest import Person
from tests.support.identity import headers_for, token_for
from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]
DATA = bytes(range(256)) * 40
Get = Callable[..., httpx.Response]


def path(row: Artifact, resource_type: str = "OS::Glance::Image") -> str:
    return f"/assets/{resource_type}/{row.pk}/data"


@pytest.fixture
def send(server: Server) -> Callable[[Person, Artifact], Artifact]:
    """Gives an image its data, by the API."""

    def sent(person: Person, row: Artifact) -> Artifact:
        headers = headers_for(person.user, row_project(person))
        octets = {**headers, "Content-Type": "application/octet-stream"}
        address = f"{server.url}/image/v2/images/{row.pk}/file"
        assert httpx.put(address, content=DATA, headers=octets).status_code == 204
        return Artifact.objects.get(pk=row.pk)

    return sent


def row_project(person: Person):
    return person.user.default_project


@pytest.fixture
def get(server: Server) -> Get:
    """What a browser of theirs gets."""

    def got(person: Person, address: str, **headers: str) -> httpx.Response:
        cookies = {name: morsel.value for name, morsel in person.client.cookies.items()}
        return httpx.get(server.url + address, cookies=cookies, headers=headers)

    return got


def waiting(person: Person, **fields) -> Artifact:
    formats = {"disk_format": "raw", "container_format": "bare"}
    return person.image("Debian 12", active=False, **{**formats, **fields})


def test_the_session_downloads_what_it_may_read(ada: Person, bob: Person, send, get: Get) -> None:
    row = send(ada, waiting(ada))
    page = ada.get(f"/assets/OS::Glance::Image/{row.pk}")
    assert page.links["download"] == (path(row), "Download (10.0 KiB)")
    answer = get(ada, path(row))
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="debian-12.raw"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    part = get(ada, path(row), Range="bytes=256-511")
    assert (part.status_code, part.content) == (206, DATA[256:512])
    assert get(ada, path(row), Range="bytes=99999-").status_code == 416
    refused = get(bob, path(row))
    assert refused.status_code == 404
    assert DATA not in refused.content


def test_who_is_not_signed_in_is_asked_to(ada: Person, send, server: Server) -> None:
    row = send(ada, waiting(ada))
    answer = httpx.get(server.url + path(row))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in?next=")
    token = {"X-Auth-Token": token_for(ada.user, row_project(ada))}
    assert httpx.get(server.url + path(row), headers=token).status_code == 302
    posted = httpx.post(server.url + path(row))
    assert posted.status_code in {403, 405}


def test_rights_are_those_of_the_api(ada: Person, bob: Person, send, get: Get) -> None:
    row = send(ada, waiting(ada, visibility="shared"))
    assert get(bob, path(row)).status_code == 404
    lent = members.add_member(row, bob.actor.project_id, actor=ada.actor)
    members.answer(row, lent, "accepted", actor=bob.actor)
    assert get(bob, path(row)).content == DATA
    states.deactivate(row.pk, actor=ada.actor)
    for one in (ada, bob):
        assert get(one, path(row)).status_code == 403
        assert "download" not in one.get(f"/assets/OS::Glance::Image/{row.pk}").links


def test_nothing_to_download(ada: Person, get: Get) -> None:
    assert get(ada, path(waiting(ada))).status_code == 404
    assert get(ada, path(waiting(ada), "OS::No::Type")).status_code == 404
    assert get(ada, "/assets/OS::Glance::Image/none/data").status_code == 404


def test_other_assets_too(ada: Person, server: Server, get: Get) -> None:
    row = plain.create_artifact(HEAT_TEMPLATES, {"name": 'a "b"'}, actor=ada.actor)
    headers = {**headers_for(ada.user, row_project(ada)), "Content-Type": "text/html"}
    address = f"{server.url}/artifact/artifacts/heat_templates/{row.pk}/template"
    assert httpx.put(address, content=b"<script>", headers=headers).status_code == 204
    answer = get(ada, path(row, "OS::Glare::HeatTemplate"))
    assert answer.content == b"<script>"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a-b.template"'


def test_an_image_that_waits_says_what_to_do(
    ada: Person, bob: Person, server: Server, get: Get, tmp_path
) -> None:
    row = waiting(ada, visibility="community")
    address = f"/assets/OS::Glance::Image/{row.pk}"
    page = get(ada, address).text
    assert "It waits for its data" in page
    page = ada.get(address).text
    command = "curl " + page.partition("curl ")[2].partition("/file")[0] + "/file"
    words = shlex.split(command.replace("http://testserver", server.url))
    token = f"X-Auth-Token: {token_for(ada.user, row_project(ada))}"
    words = [token if word.startswith("X-Auth-Token") else word for word in words]
    (tmp_path / "disk.img").write_bytes(DATA)
    subprocess.run(words, cwd=tmp_path, check=True, timeout=60, capture_output=True)
    assert get(ada, path(row)).content == DATA
    assert "It waits for its data" not in ada.get(address).text
    other = waiting(ada, visibility="community")
    page = bob.get(f"/assets/OS::Glance::Image/{other.pk}").text
    assert "Its owner has not sent it yet" in page
    assert "curl" not in page


@pytest.mark.django_db
def test_an_image_without_formats_is_told_to_get_them_first(ada: Person) -> None:
    row = ada.image("x", active=False)
    page = ada.get(f"/assets/OS::Glance::Image/{row.pk}").text
    first, _, then = page.partition("curl ")
    assert f"openstack image set --disk-format qcow2 --container-format bare {row.pk}" in first
    assert f"/image/v2/images/{row.pk}/file" in then
