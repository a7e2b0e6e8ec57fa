"""The checker finds each kind of damage; otherwise its silence would prove nothing."""

import hashlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from artifacts import configured_stores
from artifacts.models import Artifact, Blob, Location, Member, StoredObject, Tag
from artifacts.services import uploads
from artifacts.services.upload_conditions import Intake
from catalog.actors import Actor
from catalog.models import Delivery, Event, Job
from images.artifact_type import IMAGES
from images.services.data import finish_upload
from images.services.metadata import create_image
from images.services.states import delete_image
from stores import Ingested
from tests.crash.ledger import Asset, Bytes, Ledger
from tests.support.checker import Checker, Finding, place, postgresql, sqlite
from tests.support.identity import actor_for, make_admin

pytestmark = pytest.mark.django_db(transaction=True)
STORE = Path(settings.DATA_DIR) / "blobs"
CONTENT = b"what an image is made of"
DAMAGES: list[tuple[str, Callable[["World"], object]]] = []


class World:
    """Three images at rest: `full` has data, `empty` has none, `gone` had some; and the index of them."""

    def __init__(self, actor: Actor) -> None:
        self.full, self.empty, self.gone = (
            create_image(
                {"name": name, "disk_format": "raw", "container_format": "bare", "tags": ["b", "a"]}
                | {"id": str(uuid.uuid4()), "colour": "red"},
                actor=actor,
            ).pk
            for name in ("full", "empty", "gone")
        )
        fill(self.full, actor)
        fill(self.gone, actor)
        delete_image(self.gone, actor=actor)
        Delivery.objects.all().delete()
        self.stored = StoredObject.objects.get()
        self.file = STORE / place(self.stored.key)
        live = Artifact.objects.filter(deleted_at=None)
        self.index = {row.pk: (row.doc_version, document(row)) for row in live}

    def rows(self, key: str) -> Any:
        return Artifact.objects.filter(pk=key)

    def body(self, **values: Any) -> None:
        version, body = self.index[self.full]
        self.index[self.full] = (version, body | values)


def fill(key: str, actor: Actor) -> None:
    upload = uploads.begin(Artifact.objects.get(pk=key), kind=IMAGES, slot="image", actor=actor)
    writer = configured_stores.store(upload.store).begin(upload.key)
    writer.write(CONTENT)
    writer.commit()
    digests = {name: hashlib.new(name, CONTENT).hexdigest() for name in ("md5", "sha512")}
    content = Ingested(size=len(CONTENT), digests=digests)
    finish_upload(upload, content, intake=Intake(), actor=actor)


def document(row: Artifact) -> dict[str, Any]:
    return {
        "name": row.name,
        "status": row.status,
        "visibility": row.visibility,
        "owner": row.project_id,
        "protected": row.protected,
        "size": row.size,
        "tags": ["a", "b"],
        "properties": row.properties,
        "valid": True,
        "os_hash_value": row.fields.get("os_hash_value"),
    }


def damage(kind: str) -> Callable[[Callable[["World"], object]], Callable[["World"], object]]:
    def note(plant: Callable[["World"], object]) -> Callable[["World"], object]:
        DAMAGES.append((kind, plant))
        return plant

    return note


@damage("outstanding delivery")
def delivery(world: World) -> None:
    Delivery.objects.create(consumer="search", topic="OS::Glance::Image", object_id=world.full)


@damage("parked delivery")
def parked(world: World) -> None:
    Delivery.objects.create(
        consumer="search", topic="OS::Glance::Image", object_id="x", parked=True
    )


@damage("open job")
def queued_job(world: World) -> None:
    Job.objects.create(kind="k", state="running")


@damage("failed job")
def failed_job(world: World) -> None:
    Job.objects.create(kind="k", state="failed")


@damage("not judged")
def not_judged(world: World) -> None:
    Job.objects.create(kind="artifacts.revalidate", state="succeeded", input={"epoch": 99})


@damage("open object")
def writing(world: World) -> None:
    StoredObject.objects.create(store="local", key="k", state="writing")


@damage("open blob")
def saving_blob(world: World) -> None:
    Blob.objects.update(status="saving")


@damage("open artifact")
def saving(world: World) -> None:
    world.rows(world.empty).update(status="saving")


@damage("unscrubbed")
def unscrubbed(world: World) -> None:
    world.rows(world.gone).update(scrubbed_at=None)


@damage("tombstone")
def named_tombstone(world: World) -> None:
    world.rows(world.gone).update(name="gone")


@damage("tombstone")
def tombstone_with_properties(world: World) -> None:
    world.rows(world.gone).update(properties={"a": "b"})


@damage("tombstone")
def tombstone_with_tag(world: World) -> None:
    Tag.objects.create(artifact_id=world.gone, value="a")


@damage("tombstone")
def tombstone_with_member(world: World) -> None:
    Member.objects.create(artifact_id=world.gone, member_id="a")


@damage("partial file")
def partial(world: World) -> None:
    (STORE / ".partial" / "a").write_bytes(b"?")


@damage("row without file")
def file_gone(world: World) -> None:
    world.file.unlink()


@damage("file without row")
def row_gone(world: World) -> None:
    (world.file.parent / "another").write_bytes(b"?")


@damage("bytes differ")
def bytes_turned(world: World) -> None:
    world.file.chmod(0o600)
    world.file.write_bytes(CONTENT[::-1])


@damage("bytes differ")
def bytes_cut(world: World) -> None:
    world.file.chmod(0o600)
    world.file.write_bytes(CONTENT[:-1])


@damage("references")
def references(world: World) -> None:
    StoredObject.objects.update(references=2)


@damage("image data")
def active_without_data(world: World) -> None:
    Location.objects.all().delete()
    Blob.objects.all().delete()


@damage("image data")
def wrong_size(world: World) -> None:
    world.rows(world.full).update(size=1)


@damage("image data")
def queued_with_data(world: World) -> None:
    world.rows(world.full).update(status="queued")


@damage("events")
def event_lost(world: World) -> None:
    Event.objects.filter(object_id=world.full, kind="image.upload").delete()


@damage("events")
def event_twice(world: World) -> None:
    event = Event.objects.get(object_id=world.empty, kind="image.create")
    event.pk = None
    event.save()


@damage("events")
def change_without_event(world: World) -> None:
    world.rows(world.empty).update(revision=9)


@damage("events")
def event_of_nothing(world: World) -> None:
    Event.objects.create(kind="image.create", object_type="OS::Glance::Image", object_id="never")


@damage("ghost")
def deleted_in_index(world: World) -> None:
    world.index[world.gone] = world.index[world.full]


@damage("not indexed")
def not_indexed(world: World) -> None:
    del world.index[world.empty]


@damage("index version")
def old_version(world: World) -> None:
    version, body = world.index[world.full]
    world.index[world.full] = (version - 1, body)


for _field, _value in {
    "name": "x",
    "status": "x",
    "visibility": "x",
    "owner": "x",
    "tags": ["a"],
    "properties": {},
    "size": 1,
    "valid": False,
}.items():
    DAMAGES.append(("index body", lambda world, f=_field, v=_value: world.body(**{f: v})))


@pytest.fixture
def world() -> Iterator[World]:
    yield World(actor_for(*make_admin()))
    for path in STORE.rglob("*"):
        if path.is_file():
            path.unlink()


def look(world: World) -> list[Finding]:
    return checker(world).findings()


def checker(world: World) -> Checker:
    return Checker(query(), STORE, lambda: world.index)


def query() -> Any:
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return sqlite(Path(found["NAME"]))
    names = ("USER", "PASSWORD", "HOST", "PORT", "NAME")
    user, password, host, port, name = (found[key] for key in names)
    return postgresql(f"postgresql://{user}:{password}@{host}:{port}/{name}")


def test_nothing_is_found_where_nothing_is_wrong(world: World) -> None:
    assert look(world) == []
    assert ledger(world).findings(query()) == []


@pytest.mark.parametrize(("kind", "plant"), DAMAGES)
def test_damage_is_found(world: World, kind: str, plant: Callable[[World], object]) -> None:
    plant(world)
    assert kind in {finding.kind for finding in look(world)}


def ledger(world: World) -> Ledger:
    """What clients were told who made this world."""
    found = Ledger()
    digests = {name: hashlib.new(name, CONTENT).hexdigest() for name in ("md5", "sha512")}
    full = Asset(
        world.full,
        exists={True},
        values={"name": ["full"], "colour": ["red"]},
        data=[Bytes(len(CONTENT), **digests)],
    )
    empty = Asset(world.empty, exists={True}, values={"name": ["empty"]})
    gone = Asset(world.gone, exists={False})
    for asset in (full, empty, gone):
        found.add(asset)
        found.promise(asset, "image.create", "visibility", "shared")
    found.promise(gone, "image.delete", "status", "deleted")
    return found


BROKEN_PROMISES: dict[str, Callable[[World], object]] = {
    "name": lambda world: world.rows(world.full).update(name="other"),
    "property": lambda world: world.rows(world.full).update(properties={}),
    "digest": lambda _: StoredObject.objects.update(sha512="0" * 128),
    "data": lambda _: Location.objects.all().delete(),
    "creation": lambda world: world.rows(world.empty).update(deleted_at="2026-01-01T00:00:00Z"),
    "deletion": lambda world: world.rows(world.gone).update(deleted_at=None),
    "event": lambda _: Event.objects.filter(kind="image.delete").delete(),
}


@pytest.mark.parametrize("broken", BROKEN_PROMISES)
def test_broken_promise_is_found(world: World, broken: str) -> None:
    told = ledger(world)
    BROKEN_PROMISES[broken](world)
    assert {finding.kind for finding in told.findings(query())} & {"lost", "no event"}


def test_what_may_have_happened_is_no_finding(world: World) -> None:
    told = ledger(world)
    for asset in told.assets.values():
        asset.exists = {True, False}
        asset.values = {"name": ["before", asset.values.get("name", ["gone"])[0]]}
        asset.data = [None, *asset.data]
    assert told.findings(query()) == []
    told.complain("an answer that should not be")
    assert [finding.kind for finding in told.findings(query())] == ["wrong answer"]
