"""Images of another service become ours: rows in batches, bytes where they lie."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from django.db import connection, transaction
from django.db.models import F

from artifacts.models import Artifact, Blob, Location, Member, StoredObject, Tag
from catalog.actors import Actor
from catalog.events.recording import Change, record
from catalog.outbox.deliveries import add_deliveries
from images.artifact_type import IMAGES
from images.models import SLOT
from images.takeover.mapping import Adopted, Place
from metadefs.enforcement import Governance, check
from metadefs.selectors import governance
from metadefs.services.epochs import read_locked

Kept: TypeAlias = tuple[str, str]
"""A store's name, and what the store calls the bytes."""
STORED = "stored"


def adopt(images: Sequence[Adopted], *, actor: Actor) -> list[Adopted]:
    """Write those whose ids are free, in one transaction with their events; the ones that were written.

    What the metadefs of the owner forbid is recorded with each image and refuses none: it was there before.
    """
    with transaction.atomic():
        new = missing(images)
        epoch = read_locked()
        rules = {
            owner: governance(IMAGES.resource_type, owner)
            for owner in {one.artifact.project_id for one in new}
        }
        for one in new:
            _judge(one.artifact, rules[one.artifact.project_id], epoch, actor)
        objects = _objects(new)
        new = [_without_lost(one, objects) for one in new]
        Artifact.objects.bulk_create([one.artifact for one in new])
        Tag.objects.bulk_create(
            [Tag(artifact=one.artifact, value=tag) for one in new for tag in one.tags]
        )
        Member.objects.bulk_create([member for one in new for member in one.members])
        _adopt_bytes(new, objects)
        _tell([one.artifact for one in new if one.artifact.deleted_at is None], actor)
    return new


def missing(images: Sequence[Adopted]) -> list[Adopted]:
    """Those whose ids are free now; of several whose ids differ in the case of letters alone, one."""
    ids = [one.artifact.pk for one in images]
    known = set(Artifact.objects.filter(pk__in=ids).values_list("pk", flat=True))
    found: dict[str, Adopted] = {}
    for one in images:
        first = found.setdefault(one.artifact.pk, one)
        if first is not one:
            first.notes.append(f"{one.artifact.spelt_id} has the same id here, and is left out")
    return [one for pk, one in found.items() if pk not in known]


def _judge(artifact: Artifact, rules: Governance, epoch: int, actor: Actor) -> None:
    artifact.created_by = artifact.updated_by = actor.user_id
    artifact.checked_epoch = epoch
    artifact.violations = [one.shown() for one in check(artifact.properties, rules, changed=None)]


def _objects(images: Sequence[Adopted]) -> dict[Kept, StoredObject]:
    """The stored objects that the images' files are, each with a reference for each location that names it.

    One whose bytes are being deleted here already is left out.
    """
    wanted = [(one, place) for one in images for place in one.places if place.store]
    times = Counter((place.store, place.key) for _, place in wanted)
    known = _known(times)
    made: dict[Kept, StoredObject] = {}
    for one, place in wanted:
        where = place.store, place.key
        if where not in known:
            made.setdefault(where, _object(one.artifact, place, times[where]))
    StoredObject.objects.bulk_create(made.values())
    held = {where: found for where, found in known.items() if found.state == STORED}
    for where, found in held.items():
        rows = StoredObject.objects.filter(pk=found.pk)
        rows.update(references=F("references") + times[where])
    return made | held


def _without_lost(one: Adopted, objects: Mapping[Kept, StoredObject]) -> Adopted:
    """The image with the places where its bytes still are, and a note of the others."""
    places = [p for p in one.places if not p.store or (p.store, p.key) in objects]
    for place in one.places:
        if place not in places:
            one.notes.append(f"its file {place.key} was let go of here, and is being deleted")
    if len(places) < len(one.places):
        one.artifact.fields["stores"] = list(dict.fromkeys(p.store for p in places if p.store))
    return replace(one, places=places)


def _known(wanted: Collection[Kept]) -> dict[Kept, StoredObject]:
    """Those that are there, locked: none is let go of while a reference is added."""
    rows = StoredObject.objects.filter(
        store__in={store for store, _ in wanted}, key__in={key for _, key in wanted}
    )
    if connection.features.has_select_for_update:
        rows = rows.select_for_update()
    return {(row.store, row.key): row for row in rows.order_by("pk")}


def _adopt_bytes(images: Sequence[Adopted], objects: Mapping[Kept, StoredObject]) -> None:
    held = [one for one in images if one.places]
    blobs = [Blob(artifact=one.artifact, slot=SLOT, status="active") for one in held]
    Blob.objects.bulk_create(blobs)
    Location.objects.bulk_create(
        Location(
            blob=blob,
            stored_object=objects.get((place.store, place.key)),
            store=place.store,
            url=place.url,
            metadata=place.metadata,
        )
        for one, blob in zip(held, blobs, strict=True)
        for place in one.places
    )


def _object(artifact: Artifact, place: Place, references: int) -> StoredObject:
    sha512 = artifact.fields.get("os_hash_algo") == "sha512"
    return StoredObject(
        store=place.store,
        key=place.key,
        state=STORED,
        size=artifact.size,
        md5=artifact.fields.get("checksum") or "",
        sha512=(artifact.fields.get("os_hash_value") or "") if sha512 else "",
        references=references,
    )


def _tell(artifacts: Sequence[Artifact], actor: Actor) -> None:
    for one in artifacts:
        record(
            "image.take_over",
            object_type=IMAGES.resource_type,
            object_id=one.pk,
            actor=actor,
            project_id=one.project_id,
            changes={"status": Change(new=one.status), "name": Change(new=one.name)},
        )
    owners = {one.pk: one.project_id for one in artifacts}
    add_deliveries("search", IMAGES.resource_type, owners, projects=owners)
