"""Images v2 by HTTP: one image from its creation to its end, and what is refused on the way."""

from typing import Any

import pytest

from artifacts.models import Artifact
from catalog.models import Delivery, Event
from tests.support.images import V2_0, callers

pytestmark = pytest.mark.django_db


def test_one_image_from_creation_to_deletion() -> None:
    (ada,) = callers("ada")
    image = ada.create(
        name="Ubuntu ☁ 24.04",
        disk_format="qcow2",
        container_format="bare",
        os_distro="ubuntu",
        tags=["b", "a", "b"],
    )
    assert image["status"] == "queued"
    assert image["visibility"] == "shared"
    assert image["owner"] == ada.project.pk
    assert image["tags"] == ["a", "b"]
    assert image["os_distro"] == "ubuntu"
    assert image["self"] == f"/v2/images/{image['id']}"
    assert image["created_at"].endswith("Z")
    assert image["checksum"] is None
    assert ada.show(image["id"]).json() == image
    changed = ada.patch(
        image["id"],
        {"op": "replace", "path": "/name", "value": "n"},
        {"op": "add", "path": "/x~1y", "value": "1"},
        {"op": "remove", "path": "/os_distro"},
        {"op": "replace", "path": "/tags", "value": ["z"]},
    )
    assert changed.status_code == 200
    assert changed.json() | {"updated_at": ""} == {
        **{k: v for k, v in image.items() if k != "os_distro"},
        "name": "n",
        "x/y": "1",
        "tags": ["z"],
        "updated_at": "",
    }
    assert ada.call("DELETE", f"/v2/images/{image['id']}").status_code == 204
    assert ada.show(image["id"]).status_code == 404
    assert ada.call("DELETE", f"/v2/images/{image['id']}").status_code == 404
    assert ada.call("POST", "/v2/images", {"id": image["id"]}).status_code == 409, (
        "an id is never used again"
    )
    tombstone = Artifact.objects.get(pk=image["id"])
    assert (tombstone.name, tombstone.properties, tombstone.tags.count()) == (None, {}, 0)


def test_every_change_leaves_an_event_and_a_debt_to_the_index() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    ada.patch(image["id"], {"op": "replace", "path": "/name", "value": "b"})
    kinds = list(
        Event.objects.filter(object_id=image["id"])
        .order_by("id")
        .values_list("kind", "actor_user_id")
    )
    assert kinds == [("image.create", ada.user.pk), ("image.update", ada.user.pk)]
    assert Event.objects.get(kind="image.update").changes == {"name": ["a", "b"]}
    assert Delivery.objects.get(object_id=image["id"], consumer="search").generation == 2


def test_a_patch_that_changes_nothing_writes_nothing() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    row = Artifact.objects.get(pk=image["id"])
    assert (
        ada.patch(image["id"], {"op": "replace", "path": "/name", "value": "a"}).status_code == 200
    )
    assert ada.patch(image["id"]).status_code == 200
    again = Artifact.objects.get(pk=image["id"])
    assert (again.revision, again.updated_at) == (row.revision, row.updated_at)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ("x", 400),
        (None, 400),
        (b"{", 400),
        (b"\xff", 400),
        ({"name": 3}, 400),
        ({"name": "x" * 256}, 400),
        ({"disk_format": "floppy"}, 400),
        ({"visibility": "secret"}, 400),
        ({"min_ram": -1}, 400),
        ({"min_ram": 2**31}, 400),
        ({"min_ram": True}, 400),
        ({"id": "not-a-uuid"}, 400),
        ({"tags": "a"}, 400),
        ({"tags": ["x" * 256]}, 400),
        ({"x": 1}, 400),
        ({"x": {"a": "b"}}, 400),
        ({"k" * 256: "v"}, 400),
        ({"x": "a\x00b"}, 400),
        ({"status": "active"}, 403),
        ({"size": 1}, 403),
        ({"os_hash_value": "x"}, 403),
        ({"self": "x"}, 403),
        ({"stores": "x"}, 403),
        ({"location": "x"}, 403),
        ({"deleted": "x"}, 403),
        ({"os_glance_x": "x"}, 403),
        ({"locations": []}, 403),
        ({"owner": "somebody"}, 403),
        ({"visibility": "public"}, 403),
        ({f"k{n}": "v" for n in range(129)}, 413),
        ({"tags": [str(n) for n in range(129)]}, 413),
    ],
)
def test_what_cannot_be_created_leaves_nothing_behind(body: Any, status: int) -> None:
    (ada,) = callers("ada")
    answer = ada.call("POST", "/v2/images", body)
    assert answer.status_code == status, answer.content
    assert not Artifact.objects.exists()
    assert not Event.objects.filter(kind__startswith="image").exists()


PATCHES = [
    ({"op": "add", "path": "/name", "value": "n"}, 200),
    ({"op": "add", "path": "/new", "value": "n"}, 200),
    ({"op": "add", "path": "/has", "value": "n"}, 200),
    ({"op": "replace", "path": "/has", "value": "n"}, 200),
    ({"op": "replace", "path": "/new", "value": "n"}, 409),
    ({"op": "remove", "path": "/has"}, 200),
    ({"op": "remove", "path": "/new"}, 409),
    ({"op": "remove", "path": "/name"}, 403),
    ({"op": "replace", "path": "/id", "value": "x"}, 403),
    ({"op": "add", "path": "/stores", "value": "x"}, 403),
    ({"op": "replace", "path": "/status", "value": "active"}, 403),
    ({"op": "add", "path": "/os_glance_x", "value": "x"}, 403),
    ({"op": "add", "path": "/deleted_at", "value": "x"}, 403),
    ({"op": "add", "path": "/owner", "value": "x"}, 403),
    ({"op": "replace", "path": "/owner", "value": "x"}, 403),
    ({"op": "replace", "path": "/visibility", "value": "public"}, 403),
    ({"op": "replace", "path": "/visibility", "value": "community"}, 200),
    ({"op": "add", "path": "/tags/-", "value": "x"}, 400),
    ({"op": "add", "path": "/a/b", "value": "x"}, 400),
    ({"op": "add", "path": "/x", "value": 1}, 400),
    ({"op": "replace", "path": "/min_ram", "value": "1"}, 400),
    ({"op": "replace", "path": "/min_ram", "value": 5}, 200),
    ({"op": "replace", "path": "/disk_format", "value": "raw"}, 200),
    ({"op": "test", "path": "/name", "value": "a"}, 400),
    ({"op": "replace", "path": "/tags", "value": ["x", "x"]}, 200),
    ({"op": "add", "path": "/k" + "k" * 255, "value": "x"}, 400),
    ({"op": "replace", "path": "/protected", "value": True}, 200),
    ({"op": "add", "path": "/locations/-", "value": {}}, 403),
]


@pytest.mark.parametrize(("operation", "status"), PATCHES, ids=lambda v: str(v)[:60])
def test_patch_operations(operation: dict[str, Any], status: int) -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", has="it")
    answer = ada.patch(image["id"], operation)
    assert answer.status_code == status, answer.content
    if status != 200:
        assert ada.show(image["id"]).json() == image


def test_a_patch_is_whole_or_not_at_all() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    answer = ada.patch(
        image["id"],
        {"op": "replace", "path": "/name", "value": "b"},
        {"op": "remove", "path": "/nothing"},
    )
    assert answer.status_code == 409
    assert ada.show(image["id"]).json()["name"] == "a"


def test_the_older_dialect_adds_only_what_is_new() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", has="it")
    assert (
        ada.patch(image["id"], {"add": "/has", "value": "n"}, content_type=V2_0).status_code == 409
    )
    assert (
        ada.patch(image["id"], {"add": "/name", "value": "n"}, content_type=V2_0).status_code == 409
    )
    assert (
        ada.patch(image["id"], {"add": "/new", "value": "n"}, content_type=V2_0).json()["new"]
        == "n"
    )
    assert (
        ada.patch(image["id"], {"replace": "/has", "value": "n"}, content_type=V2_0).json()["has"]
        == "n"
    )


def test_other_media_types_are_told_which_are_read() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    answer = ada.patch(image["id"], content_type="application/json-patch+json")
    assert answer.status_code == 415
    assert "v2.1-json-patch" in answer["Accept-Patch"]


def test_a_protected_image_stays() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", protected=True)
    assert ada.call("DELETE", f"/v2/images/{image['id']}").status_code == 403
    ada.patch(image["id"], {"op": "replace", "path": "/protected", "value": False})
    assert ada.call("DELETE", f"/v2/images/{image['id']}").status_code == 204


def test_bodies_are_refused_where_none_is_read() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    for method, path in [
        ("GET", ""),
        ("DELETE", ""),
        ("PUT", "/tags/x"),
        ("POST", "/actions/deactivate"),
        ("GET", "/members"),
    ]:
        assert ada.call(method, f"/v2/images/{image['id']}{path}", {"a": 1}).status_code == 400


def test_tags_one_by_one() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    path = f"/v2/images/{image['id']}/tags"
    assert [ada.call("PUT", f"{path}/{t}").status_code for t in ("x", "x", "a@b", "y" * 256)] == [
        204,
        204,
        204,
        400,
    ]
    assert ada.show(image["id"]).json()["tags"] == ["a@b", "x"]
    assert [ada.call("DELETE", f"{path}/x").status_code for _ in range(2)] == [204, 404]


def test_tags_are_any_text_of_a_path() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    path = f"/v2/images/{image['id']}/tags"
    tags = {"a%2Fb": "a/b", "a.b-c@d": "a.b-c@d", "%E2%98%81%F0%9F%98%80": "☁😀", "A%20b": "A b"}
    for quoted in tags:
        assert ada.call("PUT", f"{path}/{quoted}").status_code == 204
    assert ada.show(image["id"]).json()["tags"] == sorted(tags.values())
    assert [ada.call("DELETE", f"{path}/{one}").status_code for one in ("a%20b", "a/b", "a/b")] == [
        404,
        204,
        404,
    ], "case counts"
    assert ada.call("PUT", f"{path}/a%00b").status_code == 400
    many = [str(n) for n in range(128)]
    ada.patch(image["id"], {"op": "replace", "path": "/tags", "value": many})
    assert ada.call("PUT", f"{path}/one-more").status_code == 413
    assert ada.call("PUT", f"{path}/7").status_code == 204, "it is there already"


ABSENT = ["11111111-1111-4111-8111-111111111111", "x" * 37, "x", "a%00b", "%F0%9F%98%80", "a%0Ab"]


@pytest.mark.parametrize("image_id", ABSENT)
def test_what_is_not_there_is_404_for_every_verb(image_id: str) -> None:
    (ada,) = callers("ada")
    path = f"/v2/images/{image_id}"
    calls: list[tuple[Any, ...]] = [
        ("GET", path),
        ("HEAD", path),
        ("DELETE", path),
        ("POST", f"{path}/actions/deactivate"),
        ("POST", f"{path}/actions/reactivate"),
        ("PUT", f"{path}/tags/x"),
        ("DELETE", f"{path}/tags/x"),
        ("GET", f"{path}/members"),
        ("POST", f"{path}/members", {"member": "x"}),
        ("PUT", f"{path}/members/x", {"status": "accepted"}),
    ]
    assert [ada.call(*one).status_code for one in calls] == [404] * len(calls)
    assert ada.patch(image_id).status_code == 404


def test_deactivation_is_of_active_images_and_repeatable() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    path = f"/v2/images/{image['id']}/actions"
    for state in ("queued", "saving"):
        Artifact.objects.filter(pk=image["id"]).update(status=state)
        for action in ("deactivate", "reactivate"):
            assert ada.call("POST", f"{path}/{action}").status_code == 403
        assert ada.show(image["id"]).json()["status"] == state
    Artifact.objects.filter(pk=image["id"]).update(status="active")
    assert ada.call("POST", f"{path}/reactivate").status_code == 204, "it is active already"
    for _ in range(2):
        assert ada.call("POST", f"{path}/deactivate").status_code == 204
    assert ada.show(image["id"]).json()["status"] == "deactivated"
    assert ada.patch(image["id"], {"op": "add", "path": "/x", "value": "1"}).status_code == 200
    assert image["id"] in ada.ids()
    assert ada.call("POST", f"{path}/reactivate").status_code == 204
    kinds = Event.objects.filter(object_id=image["id"]).values_list("kind", flat=True)
    assert list(kinds.order_by("id")) == [
        "image.create",
        "image.deactivate",
        "image.update",
        "image.reactivate",
    ]


@pytest.mark.parametrize("status", ["queued", "saving", "active", "deactivated"])
def test_every_live_state_can_be_deleted(status: str) -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    Artifact.objects.filter(pk=image["id"]).update(status=status)
    assert ada.call("DELETE", f"/v2/images/{image['id']}").status_code == 204
    assert (ada.show(image["id"]).status_code, ada.ids()) == (404, [])


def test_addresses_may_end_in_a_slash() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    path = f"/v2/images/{image['id']}"
    Artifact.objects.filter(pk=image["id"]).update(status="active")
    for method, address, status in [
        ("GET", "/v2/images/", 404),
        ("DELETE", "/v2/images/", 404),
        ("GET", f"{path}/", 200),
        ("PUT", f"{path}/tags/t/", 204),
        ("GET", f"{path}/members/", 200),
        ("POST", f"{path}/actions/deactivate/", 204),
        ("GET", "/v2/schemas/image/", 200),
        ("GET", "/v2.0/images/", 404),
        ("DELETE", f"{path}/", 204),
    ]:
        assert ada.call(method, address).status_code == status, (method, address)


def test_methods_nobody_reads_are_told_which_are_read() -> None:
    (ada,) = callers("ada")
    path = f"/v2/images/{ada.create(name='a')['id']}"
    for method, address, allowed in [
        ("PUT", path, {"GET", "HEAD", "PATCH", "DELETE"}),
        ("DELETE", "/v2/images", {"GET", "HEAD", "POST"}),
        ("POST", f"{path}/tags/x", {"PUT", "DELETE"}),
        ("GET", f"{path}/tags/x", {"PUT", "DELETE"}),
        ("GET", f"{path}/actions/deactivate", {"POST"}),
        ("TRACE", path, {"GET", "HEAD", "PATCH", "DELETE"}),
        ("OPTIONS", path, {"GET", "HEAD", "PATCH", "DELETE"}),
    ]:
        answer = ada.call(method, address)
        assert (answer.status_code, set(answer["Allow"].split(", "))) == (405, allowed), address


def test_head_is_get_without_a_body() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    for path in ("/v2/images", f"/v2/images/{image['id']}"):
        head, get = ada.call("HEAD", path), ada.call("GET", path)
        assert (head.status_code, head.content) == (200, b"")
        assert head["Content-Type"] == get["Content-Type"]


def test_versions_and_unknown_paths() -> None:
    (ada,) = callers("ada")
    document = ada.call("GET", "/versions")
    assert document.status_code == 200
    assert document.json()["versions"][0] == {
        "id": "v2.15",
        "status": "SUPPORTED",
        "links": [{"rel": "self", "href": "http://testserver/image/v2/"}],
    }
    assert [ada.call("GET", p).status_code for p in ("/", "/v3/x", "/v2.99/images")] == [
        300,
        300,
        300,
    ]
    assert ada.call("GET", "/v2.7/images").status_code == 200
    wrong = ada.call("PUT", "/v2/images")
    assert (wrong.status_code, wrong["Allow"]) == (405, "GET, POST, HEAD")


def test_without_a_token_nobody_is_anybody() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    ada.token = "vt-nothing"
    for path in ("/v2/images", f"/v2/images/{image['id']}", "/v2/schemas/image"):
        refused = ada.call("GET", path)
        assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Keystone")


def test_the_schema_says_what_images_are() -> None:
    (ada,) = callers("ada")
    schema = ada.call("GET", "/v2/schemas/image").json()
    assert schema["additionalProperties"] == {"type": "string"}
    assert schema["properties"]["name"]["type"] == ["null", "string"]
    assert schema["properties"]["disk_format"]["enum"][0] is None
    assert set(ada.create(name="a")) <= set(schema["properties"])
    assert ada.call("GET", "/v2/schemas/images").json()["properties"]["images"]["items"] == schema
    assert ada.call("GET", "/v2/schemas/nothing").status_code == 404


def test_addresses_where_nothing_is_answer_as_the_service_does() -> None:
    (ada,) = callers("ada")
    for path in ("/v2/images/", "/v2/nothing", "/v2/images/x/y/z"):
        answer = ada.call("GET", path)
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/json"
        assert answer.json()["code"] == "404 Not Found"
