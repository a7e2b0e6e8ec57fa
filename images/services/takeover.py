"""Images of another service become ours: rows in batches, bytes where they lie."""

from collections.abc import Sequence

from django.db import transaction

from artifacts.models import Artifact, Blob, Location, Member, StoredObject, Tag
from catalog.actors import Actor
from catalog.events.recording import Change, owe, record
from images.handler import IMAGES
from images.models import SLOT
from images.takeover.mapping import Adopted, Place
from metadefs.enforcement import Governance, check
from metadefs.selectors import governance
from metadefs.services.epochs import read_locked


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
        Artifact.objects.bulk_create([one.artifact for one in new])
        Tag.objects.bulk_create(
            [Tag(artifact=one.artifact, value=tag) for one in new for tag in one.tags]
        )
        Member.objects.bulk_create([member for one in new for member in one.members])
        _adopt_bytes(new)
        _tell([one.artifact for one in new if one.artifact.deleted_at is None], actor)
    return new


def missing(images: Sequence[Adopted]) -> list[Adopted]:
    """Those whose ids are free now."""
    ids = [one.artifact.pk for one in images]
    known = set(Artifact.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return [one for one in images if one.artifact.pk not in known]


def _judge(artifact: Artifact, rules: Governance, epoch: int, actor: Actor) -> None:
    artifact.created_by = artifact.updated_by = actor.user_id
    artifact.checked_epoch = epoch
    artifact.violations = [one.shown() for one in check(artifact.properties, rules, changed=None)]


def _adopt_bytes(images: Sequence[Adopted]) -> None:
    held = [one for one in images if one.places]
    blobs = [Blob(artifact=one.artifact, slot=SLOT, status="active") for one in held]
    Blob.objects.bulk_create(blobs)
    pairs = [
        (one.artifact, blob, place)
        for one, blob in zip(held, blobs, strict=True)
        for place in one.places
    ]
    stored = {
        (place.store, place.key): _object(artifact, place)
        for artifact, _, place in pairs
        if place.store
    }
    StoredObject.objects.bulk_create(stored.values())
    Location.objects.bulk_create(
        Location(
            blob=blob,
            stored_object=stored.get((place.store, place.key)),
            store=place.store,
            url=place.url,
            metadata=place.metadata,
        )
        for _, blob, place in pairs
    )


def _object(artifact: Artifact, place: Place) -> StoredObject:
    sha512 = artifact.fields.get("os_hash_algo") == "sha512"
    return StoredObject(
        store=place.store,
        key=place.key,
        state="stored",
        size=artifact.size,
        md5=artifact.fields.get("checksum") or "",
        sha512=(artifact.fields.get("os_hash_value") or "") if sha512 else "",
        references=1,
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
    owe("search", IMAGES.resource_type, owners, projects=owners)
