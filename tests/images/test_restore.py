"""Deleted images: held for the grace time, brought back whole by who may, and gone after it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from artifacts import configured_stores
from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, Blob, Member, StoredObject, Tag
from artifacts.services import deletion, reaping
from artifacts.services.plain import create_artifact
from artifacts.services.restoring import restore
from artifacts.types import type_named
from catalog.actors import Actor
from catalog.clock import now
from catalog.errors import Duplicate
from catalog.models import Delivery, Event
from images.limits.usage import stored_bytes
from tests.support.images import Caller, administrator, callers
from tests.support.patience import eventually
from tests.support.server import Server

pytestmark = pytest.mark.django_db
OCTETS = {"Content-Type": "application/octet-stream"}
GRACE = 3600


@pytest.fixture(autouse=True)
def grace(settings: Any) -> None:
    config = replace(settings.VITRINE[ArtifactsConfig], restore_grace=GRACE)
    settings.VITRINE = {**settings.VITRINE, ArtifactsConfig: config}


def delete(caller: Caller, image_id: str, query: str = "") -> int:
    return int(caller.call("DELETE", f"/v2/images/{image_id}{query}").status_code)


def bring_back(caller: Caller, image_id: str) -> Any:
    return caller.call("POST", f"/v2/images/{image_id}/actions/restore")


def age(image_id: str, seconds: float = GRACE + 1) -> None:
    Artifact.objects.filter(pk=image_id).update(deleted_at=now() - timedelta(seconds=seconds))


def deleted(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = caller.call("GET", f"/v2/images?deleted=true{query}")
    assert answer.status_code == 200, answer.content
    return list(answer.json()["images"])


def files() -> list[Path]:
    root = configured_stores.store("local").root  # type: ignore[attr-defined]
    return [p for p in Path(root).rglob("*") if p.is_file()]


@pytest.fixture
def empty_store() -> None:
    for left in files():
        left.unlink()


@pytest.fixture
def http(server: Server, empty_store: None) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.url}/image", headers=OCTETS, timeout=120) as client:
        yield client


def test_everything_comes_back(http: httpx.Client) -> None:
    ada, bob = callers("ada", "bob")
    image = ada.create(
        name="it", disk_format="raw", container_format="bare", os_distro="ubuntu", tags=["a", "b"]
    )["id"]
    path = f"/v2/images/{image}"
    token = {"X-Auth-Token": ada.token}
    assert http.put(f"{path}/file", content=b"0123456789", headers=token).status_code == 204
    ada.call("POST", f"{path}/members", {"member": bob.project.pk})
    bob.call("PUT", f"{path}/members/{bob.project.pk}", {"status": "accepted"})
    before = ada.show(image).json()

    assert delete(ada, image) == 204
    assert [ada.show(image).status_code, bob.show(image).status_code] == [404, 404]
    assert http.get(f"{path}/file", headers=token).status_code == 404
    assert (ada.ids(), bob.ids()) == ([], [])
    assert delete(ada, image) == 404
    assert ada.call("POST", "/v2/images", {"id": image}).status_code == 409
    assert ada.patch(image, {"op": "add", "path": "/x", "value": "1"}).status_code == 404
    assert len(files()) == 1
    assert stored_bytes(ada.project.pk) == 10, "its bytes count while they can come back"
    reaping.reap()
    assert len(files()) == 1

    answer = bring_back(ada, image)
    assert answer.status_code == 200
    assert answer.json() | {"updated_at": ""} == before | {"updated_at": ""}
    assert answer["ETag"] == ada.show(image)["ETag"]
    assert (ada.ids(), bob.ids()) == ([image], [image])
    assert http.get(f"{path}/file", headers=token).content == b"0123456789"
    last = Event.objects.filter(object_id=image).latest("id")
    assert (last.kind, last.changes, last.actor_user_id) == (
        "image.restore",
        {"status": ["deleted", "active"]},
        ada.user.pk,
    )
    assert Delivery.objects.get(object_id=image, consumer="search").generation >= 3


@pytest.mark.parametrize("status", ["queued", "deactivated"])
def test_it_has_the_status_that_it_had(status: str) -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")["id"]
    if status != "queued":
        Blob.objects.create(artifact_id=image, slot="image", status="active")
    Artifact.objects.filter(pk=image).update(status=status)
    delete(ada, image)
    assert bring_back(ada, image).json()["status"] == status
    assert delete(ada, image) == 204, "and may be deleted again"


@pytest.mark.parametrize("status", ["saving", "importing"])
def test_an_upload_that_the_deletion_cut_has_lost(empty_store: None, status: str) -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")["id"]
    stored = StoredObject.objects.create(
        store="local", key="x", lease_owner="o", lease_until=now() + timedelta(seconds=60)
    )
    Blob.objects.create(artifact_id=image, slot="image", upload=stored)
    Artifact.objects.filter(pk=image).update(status=status, size=10)
    delete(ada, image)
    shown = bring_back(ada, image).json()
    assert (shown["status"], shown["size"]) == ("queued", None)
    assert not Blob.objects.filter(artifact=image).exists(), "another upload may begin"
    stored.refresh_from_db()
    assert stored.state == "deleting"
    assert stored.lease_until is not None


def test_a_slow_upload_does_not_come_into_the_restored_image(http: httpx.Client) -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", disk_format="raw", container_format="bare")["id"]
    path, token = f"/v2/images/{image}/file", {"X-Auth-Token": ada.token}

    def content() -> Iterator[bytes]:
        yield b"x" * 100_000
        assert eventually(lambda: Artifact.objects.get(pk=image).status == "saving")
        assert delete(ada, image) == 204
        assert bring_back(ada, image).status_code == 200
        yield b"x" * 100_000

    assert http.put(path, content=content(), headers=token).status_code == 410
    assert ada.show(image).json()["status"] == "queued"
    assert http.put(path, content=b"new", headers=token).status_code == 204
    assert http.get(path, headers=token).content == b"new"


def test_who_may_restore_and_what_others_are_told() -> None:
    ada, eve = callers("ada", "eve")
    root = administrator()
    reader = Caller("reader", ada.project, ("reader",))
    image = root.create(name="a", visibility="public", owner=ada.project.pk)["id"]
    assert bring_back(ada, image).status_code == 409, "it is not deleted"
    assert bring_back(eve, image).status_code == 403
    delete(ada, image)
    assert bring_back(eve, image).status_code == 404, "though it was public"
    assert bring_back(reader, image).status_code == 403
    assert ada.show(image).status_code == 404
    assert bring_back(root, image).status_code == 200
    answer = bring_back(ada, image)
    assert (answer.status_code, answer.json()["error_code"]) == (409, "not_deleted")
    for nothing in ("11111111-1111-4111-8111-111111111111", "x" * 40, "a%00b"):
        absent = bring_back(ada, nothing)
        assert absent.status_code == 404
        assert absent.json()["message"].startswith("no image found with ID ")
    assert ada.call("POST", f"/v2/images/{image}/actions/restore", {}).status_code == 400


def test_after_the_grace_time_it_is_gone(http: httpx.Client) -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", disk_format="raw", container_format="bare", tags=["t"])["id"]
    token = {"X-Auth-Token": ada.token}
    http.put(f"/v2/images/{image}/file", content=b"x", headers=token)
    delete(ada, image)
    age(image)
    late = bring_back(ada, image)
    assert (late.status_code, late.json()["error_code"]) == (410, "past_restoring")
    assert deleted(ada) == []
    reaping.reap()
    assert (files(), StoredObject.objects.count(), Tag.objects.count()) == ([], 0, 0)
    row = Artifact.objects.get(pk=image)
    assert (row.name, row.scrubbed_at is not None, row.restores_to) == (None, True, "")
    assert bring_back(ada, image).status_code == 410
    (eve,) = callers("eve")
    assert bring_back(eve, image).status_code == 404


def test_a_reaper_that_is_late_does_not_take_what_was_restored_and_deleted_again() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")["id"]
    delete(ada, image)
    age(image)
    before = now() - timedelta(seconds=GRACE)
    Artifact.objects.filter(pk=image).update(deleted_at=now())
    deletion.scrub(image, deleted_before=before)
    assert bring_back(ada, image).json()["name"] == "a"


def test_purging_gives_the_room_back_at_once(http: httpx.Client) -> None:
    ada, eve = callers("ada", "eve")
    images = [ada.create(name="a", disk_format="raw", container_format="bare")["id"] for _ in "ab"]
    for image in images:
        http.put(f"/v2/images/{image}/file", content=b"x", headers={"X-Auth-Token": ada.token})
    at_once, later = images
    assert delete(ada, at_once, "?purge=true") == 204
    assert (len(files()), bring_back(ada, at_once).status_code) == (1, 410)
    assert delete(ada, later) == 204
    assert delete(eve, later, "?purge=true") == 404
    assert delete(Caller("reader", ada.project, ("reader",)), later, "?purge=true") == 403
    assert len(files()) == 1
    assert delete(ada, later, "?purge=true") == 204
    assert (files(), stored_bytes(ada.project.pk)) == ([], 0)
    kinds = Event.objects.filter(object_id__in=images).order_by("id").values_list("kind", "changes")
    assert list(kinds)[-3:] == [
        ("image.delete", {"status": ["active", "deleted"], "purged": [None, True]}),
        ("image.delete", {"status": ["active", "deleted"]}),
        ("image.purge", {}),
    ]
    assert delete(ada, later, "?purge=true") == 404
    assert delete(ada, later, "?purge=yes") == 400


def test_a_purge_with_a_condition_is_of_what_is_there() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")["id"]
    tag = ada.show(image)["ETag"]
    delete(ada, image)
    path = f"/v2/images/{image}?purge=true"
    assert ada.call("DELETE", path, **{"If-Match": tag}).status_code == 404
    assert bring_back(ada, image).status_code == 200


def test_protected_images_are_not_purged() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", protected=True)["id"]
    assert delete(ada, image, "?purge=true") == 403
    assert ada.show(image).status_code == 200


def test_what_can_be_restored_is_listed_to_who_may_know() -> None:
    ada, bob = callers("ada", "bob")
    root = administrator()
    mine = [ada.create(name=f"n{n}", tags=["t"] if n % 2 else [])["id"] for n in range(5)]
    hidden = ada.create(name="hidden", os_hidden=True)["id"]
    theirs = bob.create(name="theirs")["id"]
    alive = ada.create(name="alive")["id"]
    ada.call("POST", f"/v2/images/{mine[0]}/members", {"member": bob.project.pk})
    for image in (*mine, hidden):
        assert delete(ada, image) == 204
    delete(bob, theirs)
    newest_first = [hidden, *reversed(mine)]
    found = deleted(ada)
    assert [i["id"] for i in found] == newest_first
    assert (found[0]["status"], found[1]["name"]) == ("deleted", "n4")
    assert found[0]["deleted_at"] < found[0]["restorable_until"]
    assert [i["id"] for i in deleted(bob)] == [theirs]
    assert [i["id"] for i in deleted(root)] == [theirs, *newest_first]
    assert [i["id"] for i in deleted(root, f"&owner={bob.project.pk}")] == [theirs]
    assert [i["name"] for i in deleted(ada, "&tag=t")] == ["n3", "n1"]
    assert [i["name"] for i in deleted(ada, "&os_hidden=true")] == ["hidden"]
    assert deleted(ada, "&name=n2&fields=name") == [{"id": mine[2], "name": "n2"}]
    assert ada.ids() == [alive]
    walked, path = [], "/v2/images?deleted=true&limit=4"
    while path:
        page = ada.call("GET", path).json()
        walked, path = [*walked, *(i["id"] for i in page["images"])], page.get("next")
    assert walked == newest_first
    bring_back(ada, hidden)
    assert [i["id"] for i in deleted(ada)] == newest_first[1:]
    assert ada.call("GET", f"/v2/images?deleted=true&marker={theirs}").status_code == 400
    refused = ("sort=name", "sort_key=name", "visibility=all", "marker=x", "total=true", "limit=x")
    for query in refused:
        assert ada.call("GET", f"/v2/images?deleted=true&{query}").status_code == 400, query
    assert deleted(ada, "&limit=0") == []
    assert ada.call("GET", "/v2/images?deleted=maybe").status_code == 400


def test_members_and_strangers_do_not_see_what_was_deleted() -> None:
    ada, bob = callers("ada", "bob")
    image = ada.create(name="a")["id"]
    ada.call("POST", f"/v2/images/{image}/members", {"member": bob.project.pk})
    delete(ada, image)
    assert (deleted(bob), Member.objects.count()) == ([], 1)
    assert bring_back(bob, image).status_code == 404


def test_rules_that_came_meanwhile_are_noted_and_do_not_keep_it_away() -> None:
    (ada,) = callers("ada")
    root = administrator()
    image = ada.create(name="a", lab_cores="99")["id"]
    delete(ada, image)
    namespace = {
        "namespace": "Lab",
        "visibility": "public",
        "properties": {"cores": {"title": "Cores", "type": "integer", "maximum": 8}},
        "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "lab_"}],
    }
    assert root.call("POST", "/v2/metadefs/namespaces", namespace).status_code == 201
    assert bring_back(ada, image).json()["lab_cores"] == "99"
    [violation] = Artifact.objects.get(pk=image).violations
    assert violation["property"] == "lab_cores"


def test_a_name_that_was_taken_meanwhile_is_not_taken_back() -> None:
    actor = Actor(user_id="u", project_id="p", roles=frozenset({"member", "reader"}))
    kind = type_named("heat_templates")
    document = {"name": "stack", "version": "1.0.0"}
    first = create_artifact(kind, document, actor=actor)
    deletion.delete(first.pk, kind=kind, actor=actor)
    second = create_artifact(kind, document, actor=actor)
    with pytest.raises(Duplicate):
        restore(first.pk, kind=kind, actor=actor)
    deletion.delete(second.pk, kind=kind, actor=actor)
    assert restore(first.pk, kind=kind, actor=actor).status == "drafted"
