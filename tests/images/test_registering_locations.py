"""Locations of images by POST: read by a job, and active when they are found right."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from typing_extensions import override

from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, Location
from catalog.jobs import running
from catalog.models import Job
from images.services.locations import registering
from images.services.locations.probing import probe
from stores import Block, MultiHash
from tests.support import disks
from tests.support.images import Caller, administrator, callers
from tests.support.located import (
    CONTENT,
    FORMATS,
    MD5,
    SHA512,
    VALIDATION,
    config,
    post,
    refused,
    run_jobs,
)
from tests.support.patience import eventually
from tests.support.webserver import WebServer

pytestmark = pytest.mark.django_db


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


def test_digests_that_the_image_was_given_before_do_not_keep_it_waiting(web: WebServer) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    before = {"checksum": MD5, "os_hash_algo": "sha512", "os_hash_value": SHA512}
    Artifact.objects.filter(pk=image_id).update(fields=before)
    url = web.url("/image.raw")
    assert post(ada, image_id, url, validation_data=VALIDATION).status_code == 202
    assert run_jobs()[0].state == "succeeded"
    assert ada.show(image_id).json()["status"] == "active"


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


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"container_format": "ovf"}, {"container_format": "bare"}),
        ({"disk_format": "qcow2"}, {"disk_format": "vmdk"}),
        ({}, {"container_format": None}),
        ({}, {"disk_format": None}),
    ],
)
@pytest.mark.parametrize("when", ["before reading", "while reading", "after reading"])
def test_formats_that_change_on_the_way_bring_nothing_in_unseen(
    web: WebServer, monkeypatch: pytest.MonkeyPatch, before: Any, after: Any, when: str
) -> None:
    """Data is inspected as what the image says; an image that says something else by then is not active."""
    unsafe = "container_format" in before
    content = disks.smallest_qcow2(1 << 30, **({"backing": 512} if unsafe else {}))
    (ada,) = callers("ada")
    formats = {"disk_format": "qcow2", "container_format": "bare", **before}
    image_id = ada.create(**formats)["id"]
    given = {"os_hash_algo": "sha512", "os_hash_value": hashlib.sha512(content).hexdigest()}
    url = web.put("/disk", content)
    assert post(ada, image_id, url, validation_data=given).status_code == 202
    change = [{"op": "replace", "path": f"/{name}", "value": to} for name, to in after.items()]

    def patch() -> None:
        assert ada.patch(image_id, *change).status_code == 200

    if when == "before reading":
        patch()
    else:
        name = "update" if when == "while reading" else "hexdigests"
        inner = getattr(MultiHash, name)

        def patching(self: MultiHash, *args: Any) -> Any:
            monkeypatch.setattr(MultiHash, name, inner)
            patch()
            return inner(self, *args)

        monkeypatch.setattr(MultiHash, name, patching)
    (job,) = run_jobs()
    assert job.state == "failed"
    found = ada.show(image_id).json()
    assert (found["status"], found["size"], found["checksum"]) == ("queued", None, None)
    assert not Location.objects.exists()
    newest = ada.call("GET", f"/v2/images/{image_id}/events").json()["events"][0]
    assert newest["changes"]["reason"]["new"] == job.error


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


@pytest.mark.parametrize(
    ("content", "claimed"),
    [
        (disks.smallest_qcow2(1 << 30, backing=512), "raw"),
        (disks.vmdk_descriptor(), "vmdk"),
        (b"no disk at all", "qcow2"),
    ],
)
def test_what_no_upload_may_bring_is_deactivated(
    web: WebServer, content: bytes, claimed: str
) -> None:
    """The image was active before anybody read its data; its owner cannot make it so again."""
    (ada,), root = callers("ada"), administrator()
    image_id = ada.create(**FORMATS | {"disk_format": claimed})["id"]
    assert post(ada, image_id, web.put("/disk", content)).status_code == 202
    assert ada.show(image_id).json()["status"] == "active"
    assert run_jobs()[0].state == "failed"
    assert ada.show(image_id).json()["status"] == "deactivated"
    (event,) = [
        one
        for one in ada.call("GET", f"/v2/images/{image_id}/events").json()["events"]
        if one["event"] == "image.deactivate"
    ]
    assert event["changes"]["reason"]["new"]
    path = f"/v2/images/{image_id}/actions/reactivate"
    refused(ada.call("POST", path), 403, "only an administrator may reactivate it")
    assert root.call("POST", path).status_code == 204
    assert ada.show(image_id).json()["status"] == "active"


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


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_does_not_cut_it(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    assert post(ada, image_id, web.url("/image.raw"), validation_data=VALIDATION).status_code == 202
    asked, read_of = [], registering.read_of

    def away(*given: Any) -> Any:
        asked.append(given)
        if len(asked) == 2:  # once it reads
            raise OperationalError("the server closed the connection unexpectedly")
        return read_of(*given)

    monkeypatch.setattr(registering, "read_of", away)
    monkeypatch.setattr("images.jobs.LOOK", -1.0)
    (job,) = run_jobs()
    assert (job.state, job.attempts) == ("succeeded", 1)
    assert len(asked) > 2
    assert web.asked("GET") == ["/image.raw"]


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


def test_few_wait_for_the_servers_of_others(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that never answers holds one thread, and not all of them."""
    config(monkeypatch, location_waiters=1)
    (ada,) = callers("ada")
    image, url = ada.create(**FORMATS)["id"], web.url("/image.raw")
    web.drip = "headers"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(probe, url, owner="another")
        assert eventually(lambda: bool(web.requests))
        answer = post(ada, image, url)
        refused(answer, 503, "location_servers_busy")
        assert answer["Retry-After"] == "5"
        web.drip = ""
        assert waiting.result(60).size == len(CONTENT), "by a second question"
    assert ada.show(image).json()["status"] == "queued"
    assert post(ada, image, url).status_code == 202


def test_without_a_store_that_reads_addresses() -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    refused(post(ada, image_id, "http://8.8.8.8/image"), 403)
