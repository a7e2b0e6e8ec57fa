"""Locations of images: registered by PATCH or POST, read by a job, shown to those who may know, and taken away."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from typing_extensions import override

from artifacts import stores
from artifacts.conf import ArtifactsConfig
from artifacts.models import Blob, Location, StoredObject
from catalog.jobs import running
from catalog.models import Job
from images.conf import ImagesConfig
from stores import Block, MultiHash
from tests.support.images import V2_0, Caller, administrator, callers
from tests.support.server import Server
from tests.support.stores import backends, configured
from tests.support.webserver import WebServer, web_server

pytestmark = pytest.mark.django_db

CONTENT = os.urandom(1_500_000)
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


# -- by PATCH


@pytest.mark.parametrize("dialect", ["2.1", "2.0"])
def test_a_queued_image_is_active_with_its_location(
    web: WebServer, shown: None, dialect: str
) -> None:
    (ada,) = callers("ada")
    image = ada.create(**FORMATS)
    assert image["locations"] == []
    assert "direct_url" not in image
    url = web.url("/image.raw")
    if dialect == "2.1":
        answer = ada.patch(image["id"], add(url, metadata={"rack": ["a", {"b": "c"}]}))
    else:
        value = {"url": url, "metadata": {"rack": ["a", {"b": "c"}]}}
        answer = ada.patch(image["id"], {"add": "/locations/-", "value": value}, content_type=V2_0)
    found = answer.json()
    assert (answer.status_code, found["status"], found["size"]) == (200, "active", len(CONTENT))
    assert found["locations"] == [
        {"url": url, "metadata": {"rack": ["a", {"b": "c"}], "store": "web"}}
    ]
    assert (found["direct_url"], found["stores"]) == (url, "web")
    assert found["checksum"] is None
    assert ada.show(image["id"]).json() == found
    assert web.asked("GET") == []


def test_digests_come_with_it(web: WebServer, shown: None) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    given = {"checksum": MD5, **VALIDATION}
    found = ada.patch(image_id, add(web.url("/image.raw"), validation_data=given)).json()
    assert {name: found[name] for name in given} == given
    assert "validation_data" not in found["locations"][0]
    again = {"url": web.url("/image.raw"), "metadata": {"a": "b"}, "validation_data": given}
    assert ada.patch(image_id, put_all(again)).status_code == 200
    web.put("/other.raw", CONTENT[::-1])
    other = add(web.url("/other.raw"), validation_data={**given, "checksum": "0" * 32})
    refused(ada.patch(image_id, other), 409, "checksum")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"checksum": "z" * 32, **VALIDATION}, 409),
        ({**VALIDATION, "os_hash_algo": "sha256"}, 409),
        ({**VALIDATION, "os_hash_value": SHA512[:-2]}, 409),
        ({**VALIDATION, "os_hash_value": "z" * 128}, 409),
        ({"checksum": "0" * 31, **VALIDATION}, 400),
        ({"os_hash_algo": "sha512"}, 400),
        ({**VALIDATION, "more": "x"}, 400),
        ("sha512", 400),
    ],
)
def test_wrong_digests_are_refused(web: WebServer, shown: None, given: Any, status: int) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    refused(ada.patch(image_id, add(web.url("/image.raw"), validation_data=given)), status)
    assert ada.show(image_id).json()["status"] == "queued"
    assert not Location.objects.exists()


def test_locations_must_agree_on_digests(web: WebServer, shown: None) -> None:
    (ada,) = callers("ada")
    image_id, second = ada.create(**FORMATS)["id"], web.put("/two", CONTENT)
    other = {**VALIDATION, "os_hash_value": "0" * 128}
    both = [
        {"url": web.url("/image.raw"), "metadata": {}, "validation_data": VALIDATION},
        {"url": second, "metadata": {}, "validation_data": other},
    ]
    refused(ada.patch(image_id, put_all(*both)), 409, "different things")
    both[1]["validation_data"] = VALIDATION
    assert ada.patch(image_id, put_all(*both)).status_code == 200
    assert urls(ada, image_id) == [web.url("/image.raw"), second]
    new = add(web.put("/three", CONTENT), validation_data={"checksum": MD5, **VALIDATION})
    refused(ada.patch(image_id, new), 409, "do not change")


def test_adding_and_removing(web: WebServer, shown: None) -> None:
    """Removing is for administrators; the remote data is nobody's to delete."""
    (ada,), root = callers("ada"), administrator()
    image_id, one, two = ada.create(**FORMATS)["id"], web.url("/image.raw"), web.put("/2", CONTENT)
    assert ada.patch(image_id, add(one)).status_code == 200
    assert ada.patch(image_id, add(two, at="1")).status_code == 200
    refused(ada.patch(image_id, add(one)), 400, "there already")
    assert ada.patch(image_id, add(one, metadata={"other": "x"})).status_code == 200
    for wrong in ("4", "-1", "x", "01x", "9" * 30):
        refused(ada.patch(image_id, add(web.url("/image.raw"), at=wrong, metadata={"a": "b"})), 400)
        refused(root.patch(image_id, remove(wrong)), 400)
    refused(root.patch(image_id, remove("3")), 400)
    refused(ada.patch(image_id, remove("0")), 403, "delete_image_location")
    assert root.patch(image_id, remove("-")).status_code == 200
    assert root.patch(image_id, remove("0")).status_code == 200
    assert urls(root, image_id) == [two]
    refused(root.patch(image_id, remove("0")), 403, "last location")
    refused(root.patch(image_id, put_all()), 403)
    assert web.asked("DELETE") == []
    assert ada.call("DELETE", f"/v2/images/{image_id}").status_code == 204
    assert not Location.objects.exists()
    assert not Blob.objects.exists()
    assert {method for method, _, _ in web.requests} == {"HEAD"}


def test_replacing_changes_metadata_only(web: WebServer, shown: None) -> None:
    (ada,) = callers("ada")
    image_id, url = ada.create(**FORMATS)["id"], web.url("/image.raw")
    assert ada.patch(image_id, add(url)).status_code == 200
    answer = ada.patch(image_id, put_all({"url": url, "metadata": {"a": "b", "store": "fast"}}))
    assert answer.json()["locations"] == [{"url": url, "metadata": {"a": "b", "store": "web"}}]
    other = {"url": web.put("/other", CONTENT), "metadata": {}}
    refused(ada.patch(image_id, put_all(other)), 400, "Original locations is not empty")
    refused(ada.patch(image_id, put_all(other, {"url": url, "metadata": {}})), 400)
    assert urls(ada, image_id) == [url]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "filesystem:///etc/passwd",
        "FILE:///etc/passwd",
        "swift+config://ref1/c/o",
        "vitrine+fast:///abc",
        "rbd://a/b/c/d",
        "nothing",
        "",
        "http://",
        "http://user:secret@127.0.0.1/",
        "http://2130706433/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://127.0.0.1:1/",
        "http://127.0.0.1/#x",
    ],
)
def test_bad_addresses_are_refused(web: WebServer, shown: None, url: str) -> None:
    """By PATCH and by POST; nothing is left, and nobody was asked."""
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    refused(ada.patch(image_id, add(url)), 400)
    assert post(ada, image_id, url).status_code in (400, 403)
    assert not web.requests
    assert ada.show(image_id).json()["status"] == "queued"
    assert not Location.objects.exists()
    assert not Blob.objects.exists()


def test_useless_addresses_are_refused(web: WebServer, shown: None) -> None:
    """Nothing there, an empty file, a redirect inside, another size than the image's."""
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    web.redirects["/inside"] = "http://10.0.0.1/"
    for bad in (web.url("/nothing"), web.put("/empty", b""), web.url("/inside")):
        refused(ada.patch(image_id, add(bad)), 400, "Invalid location")
        refused(post(ada, image_id, bad), 400, "Invalid location")
    assert ada.patch(image_id, add(web.url("/image.raw"))).status_code == 200
    refused(ada.patch(image_id, add(web.put("/short", b"short"))), 400, "5 bytes")


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/locations", "value": []},
        {"op": "add", "path": "/locations", "value": [{"url": "http://a/", "metadata": {}}]},
        {"op": "replace", "path": "/locations/0", "value": {"url": "http://a/", "metadata": {}}},
        {"op": "replace", "path": "/locations", "value": {"url": "http://a/", "metadata": {}}},
        {"op": "add", "path": "/locations/0/url", "value": {"url": "http://a/", "metadata": {}}},
        {"op": "add", "path": "/locations/-", "value": {"url": "http://a/"}},
        {"op": "add", "path": "/locations/-", "value": {"metadata": {}}},
        {"op": "add", "path": "/locations/-", "value": "http://a/"},
        {"op": "add", "path": "/locations/-", "value": {"url": 3, "metadata": {}}},
        add("http://a/" + "a" * 250),
        add("http://a/", metadata={"a": 3}),
        add("http://a/", metadata={"a": [{"b": None}]}),
        add("http://a/", metadata=[]),
    ],
)
def test_malformed_operations(web: WebServer, shown: None, operation: dict[str, Any]) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    refused(ada.patch(image_id, operation), 400)
    assert not web.requests


def test_a_patch_is_applied_whole_or_not_at_all(web: WebServer, shown: None) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    name = {"op": "add", "path": "/name", "value": "new"}
    bad = {"op": "replace", "path": "/nothing", "value": "x"}
    refused(ada.patch(image_id, name, add(web.url("/image.raw")), bad), 409)
    assert ada.show(image_id).json()["name"] is None
    assert not Location.objects.exists()
    assert ada.patch(image_id, name, add(web.url("/image.raw"))).json()["name"] == "new"


def test_formats_come_first(web: WebServer, shown: None) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(disk_format="raw")["id"]
    refused(ada.patch(image_id, add(web.url("/image.raw"))), 400, "container_format")
    refused(post(ada, image_id, web.url("/image.raw")), 400, "container_format")
    formats = {"op": "add", "path": "/container_format", "value": "bare"}
    assert ada.patch(image_id, formats, add(web.url("/image.raw"))).json()["status"] == "active"


def test_states_and_rights(web: WebServer, shown: None) -> None:
    """What may not be written is not asked for at its server."""
    ada, eve = callers("ada", "eve")
    reader = Caller("rea", ada.project, ("reader",))
    image_id, url = ada.create(**FORMATS, visibility="shared")["id"], web.url("/image.raw")
    refused(eve.patch(image_id, add(url)), 404)
    refused(post(eve, image_id, url), 404)
    refused(reader.patch(image_id, add(url)), 403)
    refused(post(reader, image_id, url), 403)
    refused(administrator().patch(image_id, remove("-")), 409)
    assert not web.requests
    assert ada.patch(image_id, add(url)).status_code == 200
    refused(post(ada, image_id, url), 409, "queued")
    ada.call("POST", f"/v2/images/{image_id}/actions/deactivate")
    refused(ada.patch(image_id, add(web.put("/2", CONTENT))), 409, "deactivated")


def test_without_the_setting_nothing_is_shown_or_changed(web: WebServer) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    for one in (add(web.url("/image.raw")), put_all(), remove("0")):
        refused(ada.patch(image_id, one), 403)
    assert not web.requests
    assert not {"locations", "direct_url"} & set(ada.show(image_id).json())


def test_quota(web: WebServer, shown: None, monkeypatch: pytest.MonkeyPatch) -> None:
    (ada,) = callers("ada")
    config(monkeypatch, location_quota=2)
    image_id = ada.create(**FORMATS)["id"]
    three = [{"url": web.put(f"/{n}", CONTENT), "metadata": {}} for n in range(3)]
    refused(ada.patch(image_id, put_all(*three)), 413)
    assert not web.requests
    assert ada.patch(image_id, put_all(*three[:2])).status_code == 200
    refused(ada.patch(image_id, add(three[2]["url"])), 413)
    config(monkeypatch, location_quota=-1)
    assert ada.patch(image_id, add(three[2]["url"])).status_code == 200
    config(monkeypatch, user_storage_quota="1MB")
    other = ada.create(**FORMATS)["id"]
    refused(ada.patch(other, add(three[2]["url"])), 413)
    refused(post(ada, other, three[2]["url"]), 413)


def test_who_may_know(web: WebServer, shown: None) -> None:
    """The owner's project; of a deactivated image administrators alone. Lists take one query more."""
    (ada, eve), root = callers("ada", "eve"), administrator()
    image_id = ada.create(**FORMATS)["id"]
    for _ in range(3):
        assert ada.patch(ada.create(**FORMATS)["id"], add(web.url("/image.raw"))).status_code == 200
    assert ada.patch(image_id, add(web.url("/image.raw"))).status_code == 200
    assert (
        root.patch(image_id, {"op": "add", "path": "/visibility", "value": "public"}).status_code
        == 200
    )
    public = eve.show(image_id).json()
    assert (public["locations"], "direct_url" in public, public["stores"]) == ([], False, "web")
    refused(ada.call("GET", f"/v2/images/{image_id}/locations"), 403)
    refused(eve.call("GET", f"/v2/images/{image_id}/locations"), 403)
    refused(eve.call("GET", f"/v2/images/{ada.ids()[1]}/locations"), 404)
    service = Caller("nova", ada.project, ("service",))
    expected = [{"url": web.url("/image.raw"), "metadata": {"store": "web"}}]
    for one in (root, service):
        assert one.call("GET", f"/v2/images/{image_id}/locations").json() == expected
    with CaptureQueriesContext(connection) as queries:
        listed = ada.call("GET", "/v2/images").json()["images"]
    assert [len(one["locations"]) for one in listed] == [1, 1, 1, 1]
    assert len([q for q in queries if "artifacts_location" in q["sql"]]) == 1
    assert ada.call("POST", f"/v2/images/{image_id}/actions/deactivate").status_code == 204
    hidden = ada.show(image_id).json()
    assert hidden["locations"] == []
    assert not {"direct_url", "stores"} & set(hidden)
    assert root.show(image_id).json()["locations"] == expected
    assert root.show(image_id).json()["stores"] == "web"


# -- by POST


def test_an_added_location_is_verified(web: WebServer) -> None:
    """202 at once, importing while the data is read, then active with all digests."""
    (ada,) = callers("ada")
    image_id, url = ada.create(**FORMATS)["id"], web.url("/image.raw")
    given = {"os_hash_algo": "sha256", "os_hash_value": hashlib.sha256(CONTENT).hexdigest()}
    answer = post(ada, image_id, url, validation_data=given)
    assert (answer.status_code, answer.content) == (202, b"")
    waiting = ada.show(image_id).json()
    assert (waiting["status"], waiting["checksum"]) == ("importing", None)
    assert Job.objects.get().kind == "images.hash_location"
    (job,) = run_jobs()
    assert (job.state, job.progress) == ("succeeded", 1.0)
    found = ada.show(image_id).json()
    assert (found["status"], found["size"], found["virtual_size"]) == (
        "active",
        len(CONTENT),
        len(CONTENT),
    )
    assert (found["checksum"], found["stores"]) == (MD5, "web")
    assert {name: found[name] for name in given} == given
    refused(post(ada, image_id, url), 409)


@pytest.mark.parametrize("wrong", ["digest", "size", "format", "gone"])
def test_what_is_not_as_promised_is_dropped(web: WebServer, wrong: str) -> None:
    """The image is queued again, its history says why, and it takes another location, or an upload."""
    (ada,), root = callers("ada"), administrator()
    format_ = "qcow2" if wrong == "format" else "raw"
    image_id = ada.create(disk_format=format_, container_format="bare")["id"]
    url, given = web.url("/image.raw"), dict(VALIDATION)
    if wrong == "digest":
        given["os_hash_value"] = "0" * 128
    assert post(ada, image_id, url, validation_data=given).status_code == 202
    if wrong == "size":
        web.put("/image.raw", CONTENT + b"more")
    if wrong == "gone":
        del web.files["/image.raw"]
    (job,) = run_jobs()
    assert job.state == "failed"
    found = ada.show(image_id).json()
    assert (found["status"], found["size"], found["checksum"]) == ("queued", None, None)
    assert (found["os_hash_algo"], found["os_hash_value"]) == (None, None)
    assert "stores" not in found
    assert not Location.objects.exists()
    newest = ada.call("GET", f"/v2/images/{image_id}/events").json()["events"][0]
    assert newest["event"] == "image.import_failed"
    assert newest["changes"]["reason"]["new"] == job.error
    assert "locations" not in newest["changes"]
    assert job.error
    told = root.call("GET", f"/v2/images/{image_id}/events").json()["events"][0]["changes"]
    assert told["locations"] == {"old": [url], "new": []}
    if wrong != "format":
        assert post(ada, image_id, web.put("/right", CONTENT)).status_code == 202
        assert ada.show(image_id).json()["status"] == "active"


def test_without_digests_the_image_is_active_at_once(web: WebServer) -> None:
    """What its data is follows; when nobody can tell, the image stays as it is."""
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    assert post(ada, image_id, web.url("/image.raw")).status_code == 202
    found = ada.show(image_id).json()
    assert (found["status"], found["os_hash_algo"], found["os_hash_value"]) == (
        "active",
        "sha512",
        None,
    )
    assert run_jobs()[0].state == "succeeded"
    found = ada.show(image_id).json()
    assert (found["checksum"], found["os_hash_value"]) == (MD5, SHA512)
    other = ada.create(**FORMATS)["id"]
    assert post(ada, other, web.url("/image.raw")).status_code == 202
    del web.files["/image.raw"]
    run_jobs()
    found = ada.show(other).json()
    assert (found["status"], found["os_hash_value"]) == ("active", None)


def test_hashing_may_be_switched_off(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    (ada,) = callers("ada")
    config(monkeypatch, do_secure_hash=False)
    plain, with_digest = ada.create(**FORMATS)["id"], ada.create(**FORMATS)["id"]
    unverified = {"os_hash_algo": "sha256", "os_hash_value": "0" * 64}
    assert post(ada, plain, web.url("/image.raw")).status_code == 202
    answer = post(ada, with_digest, web.url("/image.raw"), validation_data=unverified)
    assert answer.status_code == 202
    assert not Job.objects.exists()
    assert ada.show(plain).json()["os_hash_algo"] is None
    found = ada.show(with_digest).json()
    assert (found["status"], found["os_hash_value"]) == ("active", "0" * 64)


def test_a_server_that_fails_is_asked_again(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ada,) = callers("ada")
    config(monkeypatch, http_retries=3)
    first, second = ada.create(**FORMATS)["id"], ada.create(**FORMATS)["id"]
    for one in (first, second):
        answer = post(ada, one, web.url("/image.raw"), validation_data=VALIDATION)
        assert answer.status_code == 202
    web.cut = 1000
    assert {job.state for job in run_jobs(2)} == {"queued"}
    assert ada.show(first).json()["status"] == "importing"
    web.cut = None
    waiting = Job.objects.get(input__image_id=first)
    Job.objects.filter(pk=waiting.pk).update(run_after="2020-01-01T00:00:00Z")
    running.run(waiting.pk)
    assert ada.show(first).json()["status"] == "active"
    web.cut = 1000
    run_jobs()
    assert Job.objects.get(input__image_id=second).error_code == "location_unreadable"
    assert ada.show(second).json()["status"] == "queued"


@pytest.mark.parametrize("grace", [0, 3600])
@pytest.mark.parametrize("given", [{}, {"validation_data": VALIDATION}], ids=["later", "first"])
def test_deleting_ends_the_hashing(
    web: WebServer, given: dict[str, Any], grace: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it begins, and while it reads; the remote data stays."""
    held = replace(settings.VITRINE[ArtifactsConfig], restore_grace=grace)
    monkeypatch.setitem(settings.VITRINE, ArtifactsConfig, held)
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    assert post(ada, image_id, web.url("/image.raw"), **given).status_code == 202
    assert ada.call("DELETE", f"/v2/images/{image_id}").status_code == 204
    (job,) = run_jobs()
    assert (job.state, job.error_code) == ("failed", "location_gone")
    assert web.asked("GET") == web.asked("DELETE") == []
    assert ada.show(image_id).status_code == 404
    if grace:
        restored = ada.call("POST", f"/v2/images/{image_id}/actions/restore").json()
        assert restored["status"] == ("queued" if given else "active")
        if given:
            assert post(ada, image_id, web.url("/image.raw"), **given).status_code == 202


def at_every_block(monkeypatch: pytest.MonkeyPatch, what: Callable[[], object]) -> None:
    class Hash(MultiHash):
        @override
        def update(self, block: Block) -> None:
            what()
            super().update(block)

    monkeypatch.setattr("images.jobs.MultiHash", Hash)


def test_deleting_cuts_the_reading(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    assert post(ada, image_id, web.url("/image.raw"), validation_data=VALIDATION).status_code == 202

    at_every_block(monkeypatch, lambda: ada.call("DELETE", f"/v2/images/{image_id}"))
    monkeypatch.setattr("images.jobs.LOOK", -1.0)
    (job,) = run_jobs()
    assert (job.state, job.error_code) == ("failed", "location_gone")
    assert not Location.objects.exists()


def test_a_job_goes_on_where_another_died(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it reads: all is read again. Killed when it was read: nothing is."""
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    assert post(ada, image_id, web.url("/image.raw"), validation_data=VALIDATION).status_code == 202

    class Killed(BaseException):
        """As sudden as a signal: nothing is written down."""

    def die() -> None:
        raise Killed

    def die_at(wanted: str, then: str = "importing") -> None:
        def reach(point: str) -> None:
            if point == wanted:
                die()

        monkeypatch.setattr("catalog.failpoints.reach", reach)
        Job.objects.update(lease_until="2020-01-01T00:00:00Z")
        with pytest.raises(Killed):
            running.run(Job.objects.get().pk)
        assert ada.show(image_id).json()["status"] == then

    die_at("job.after_claim")
    with monkeypatch.context() as reading:
        at_every_block(reading, die)
        die_at("")
    die_at("job.after_step")
    assert len(web.asked("GET")) == 2
    die_at("job.before_finish", then="active")
    assert len(web.asked("GET")) == 3
    monkeypatch.setattr("catalog.failpoints.reach", lambda _point: None)
    Job.objects.update(lease_until="2020-01-01T00:00:00Z")
    assert running.run(Job.objects.get().pk)
    assert Job.objects.get().state == "succeeded"
    assert len(web.asked("GET")) == 3
    assert ada.show(image_id).json()["os_hash_value"] == SHA512


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        "http://a/",
        {"url": 3},
        {"url": "http://a/" + "a" * 255},
        {"url": "http://a/", "more": 1},
        {"url": "http://a/", "validation_data": {"os_hash_algo": "sha512"}},
        {"url": "http://a/", "validation_data": {"os_hash_algo": "crc", "os_hash_value": "0"}},
        {"url": "http://a/", "validation_data": {**VALIDATION, "checksum": MD5}},
        {"url": "http://a/", "validation_data": {**VALIDATION, "os_hash_value": "0" * 129}},
        {"url": "http://a/", "validation_data": {**VALIDATION, "os_hash_value": "z" * 128}},
        {"url": "http://a/", "validation_data": {"os_hash_algo": "md5", "os_hash_value": SHA512}},
    ],
)
def test_malformed_bodies(web: WebServer, document: Any) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    refused(ada.call("POST", f"/v2/images/{image_id}/locations", document), 400)
    assert not Job.objects.exists()


def test_services_alone_register_other_schemes(web: WebServer) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    refused(post(ada, image_id, "cinder://store/volume"), 403)
    service = Caller("cinder", ada.project, ("service", "member"))
    refused(post(service, image_id, "cinder://store/volume"), 400, "no store here")
    refused(post(service, image_id, "file:///etc/passwd"), 400)


def test_without_a_store_that_reads_addresses() -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    refused(post(ada, image_id, "http://8.8.8.8/image"), 403)


# -- in several stores, through a real socket


class Bytes:
    """A caller's view of the data routes."""

    def __init__(self, server: Server, caller: Caller) -> None:
        self.http = httpx.Client(
            base_url=f"{server.url}/image", headers={"X-Auth-Token": caller.token}, timeout=30
        )

    def put(self, image_id: str, content: bytes, **headers: str) -> httpx.Response:
        headers = {"Content-Type": "application/octet-stream", **headers}
        return self.http.put(f"/v2/images/{image_id}/file", content=content, headers=headers)

    def get(self, image_id: str, query: str = "", **headers: str) -> httpx.Response:
        return self.http.get(f"/v2/images/{image_id}/file{query}", headers=headers)


@pytest.fixture
def ada(web: WebServer, server: Server) -> Caller:
    return callers("ada")[0]


def test_data_comes_from_where_it_lies(
    ada: Caller, web: WebServer, server: Server, shown: None
) -> None:
    """The heaviest store first, the preferred one before it, the next one where one fails."""
    bytes_of, image_id = Bytes(server, ada), ada.create(**FORMATS)["id"]
    assert bytes_of.put(image_id, CONTENT).status_code == 204
    assert ada.patch(image_id, add(web.url("/image.raw"))).json()["stores"] == "fast,web"
    assert bytes_of.get(image_id).content == CONTENT
    assert web.asked("GET") == []
    answer = bytes_of.get(image_id, "?prefer=web", Range="bytes=1000-1999")
    assert (answer.status_code, answer.content) == (206, CONTENT[1000:2000])
    assert web.asked("GET") == ["/image.raw"]
    for path in Path(stores.store("fast").root).rglob("*"):  # type: ignore[attr-defined]
        if path.is_file():
            path.unlink()
    assert bytes_of.get(image_id).content == CONTENT
    web.put("/image.raw", CONTENT + b"x")
    lost = bytes_of.get(image_id)
    assert lost.status_code == 503
    assert "image.raw" not in lost.text
    bytes_of.http.close()


def test_uploads_go_where_they_are_sent(ada: Caller, web: WebServer, server: Server) -> None:
    bytes_of, image_id = Bytes(server, ada), ada.create(**FORMATS)["id"]
    for wrong in ("web", "nothing", "os_glance_staging_store"):
        assert bytes_of.put(image_id, b"x", **{"X-Image-Meta-Store": wrong}).status_code == 400
        assert ada.show(image_id).json()["status"] == "queued"
    assert bytes_of.put(image_id, CONTENT, **{"X-Image-Meta-Store": "cheap"}).status_code == 204
    assert ada.show(image_id).json()["stores"] == "cheap"
    bytes_of.http.close()


def test_taking_an_image_out_of_a_store(
    ada: Caller, web: WebServer, server: Server, shown: None
) -> None:
    root, bytes_of = administrator(), Bytes(server, ada)
    image_id = ada.create(**FORMATS)["id"]

    def out_of(store: str, caller: Caller = root, image: str = image_id) -> Any:
        return caller.call("DELETE", f"/v2/stores/{store}/{image}")

    refused(out_of("fast"), 409, "queued")
    assert bytes_of.put(image_id, CONTENT).status_code == 204
    refused(out_of("fast"), 403, "Consider deleting the image instead")
    assert ada.patch(image_id, add(web.url("/image.raw"))).status_code == 200
    refused(out_of("fast", ada), 403, "delete_image_location")
    refused(out_of("fast", callers("eve")[0]), 404)
    refused(out_of("nothing"), 409, "no store")
    refused(out_of("cheap"), 404, "not in store")
    refused(out_of("fast", image="00000000-0000-4000-8000-000000000000"), 404)
    refused(root.call("DELETE", f"/v2/stores/fast/{image_id}", {"a": 1}), 400)
    answer = out_of("fast")
    assert (answer.status_code, answer.content) == (204, b"")
    assert ada.show(image_id).json()["stores"] == "web"
    assert not StoredObject.objects.exists()
    files = Path(stores.store("fast").root).rglob("*")  # type: ignore[attr-defined]
    assert not [path for path in files if path.is_file()]
    assert bytes_of.get(image_id).content == CONTENT
    bytes_of.http.close()


def test_one_store_is_none_to_take_an_image_out_of() -> None:
    root = administrator()
    answer = root.call("DELETE", f"/v2/stores/local/{root.create()['id']}")
    refused(answer, 404, "Multi backend is not supported at this site.")
