"""Locations of images by PATCH: what may be registered, who may know, and what is refused."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.models import Blob, Location
from tests.support.images import V2_0, Caller, administrator, callers
from tests.support.located import (
    CONTENT,
    FORMATS,
    MD5,
    SHA512,
    VALIDATION,
    add,
    config,
    post,
    put_all,
    refused,
    remove,
    urls,
)
from tests.support.webserver import WebServer

pytestmark = pytest.mark.django_db


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


def test_what_is_said_of_locations_is_weighed(web: WebServer, shown: None) -> None:
    (ada,) = callers("ada")
    image_id, url = ada.create(**FORMATS)["id"], web.url("/image.raw")
    large = {"note": ["x" * 100_000, {"more": "y" * 170_000}]}
    refused(ada.patch(image_id, add(url, metadata=large)), 413, "262144 bytes")
    assert ada.show(image_id).json()["status"] == "queued"
    assert not Location.objects.exists()
    assert ada.patch(image_id, add(url, metadata={"note": "x" * 100_000})).status_code == 200


def test_locations_are_counted_before_anybody_is_asked(web: WebServer, shown: None) -> None:
    (ada,) = callers("ada")
    image_id = ada.create(**FORMATS)["id"]
    many = [{"url": web.url(f"/{number}"), "metadata": {}} for number in range(101)]
    refused(ada.patch(image_id, put_all(*many)), 413, "at most 100 locations, not 101")
    refused(ada.patch(image_id, *[add(one["url"]) for one in many]), 413, "at most 100 locations")
    assert not web.asked("HEAD") + web.asked("GET")


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
    wrong_depths = [
        {"op": "add", "path": "/locations", "value": []},
        {"op": "add", "path": "/locations/-/url", "value": {}},
        {"op": "replace", "path": "/locations/0", "value": {}},
        {"op": "remove", "path": "/locations"},
    ]
    for one in wrong_depths:
        refused(ada.patch(image_id, one), 400, "/locations/N")
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
