"""`POST …/locations`: an image whose data lies elsewhere, verified before or after it becomes active.

::

    with a digest:     queued ──▶ importing, location pending ──(data read, digests equal)──▶ active
                                                               ──(they differ)──▶ queued, location dropped
    without one:       queued ──▶ active; the digests follow once the data was read
                                    ──(no upload of it would be taken: format, safety)──▶ deactivated
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from artifacts import configured_stores
from artifacts.models import Artifact, Location
from artifacts.selectors import locked
from artifacts.services import sessions, writing
from catalog.actors import Actor, system_actor
from catalog.conf import section
from catalog.errors import Conflict, Forbidden, Gone, Invalid
from catalog.events.recording import Change
from catalog.jobs.queueing import enqueue
from catalog.lifecycle import IllegalTransition
from images import selectors
from images.artifact_type import IMAGES
from images.conf import ImagesConfig
from images.dataconf import ImageDataConfig
from images.lifecycle import DEACTIVATED, IMPORTING, QUEUED
from images.limits import enforcing
from images.location_patching import BANNED, FIELD, STORE, InvalidLocation, is_digest
from images.policies import ImageAction, ImagePolicy
from images.readable_locations import ACTIVE, PENDING
from images.services.data import format_changes, tell_of_format
from images.services.locations import changing
from images.services.locations.probing import Probed, probe

HASHING = "images.hash_location"
OWNER = "owner"
"""In the job's input: the project whose places it takes."""
REFUSED = "refused"
"""Field of an image that was active before its data was found to be none that an upload may bring: why."""
WORKING = (ACTIVE, DEACTIVATED)
SERVICE = "service"


class LocationGone(Gone):
    """The image, or its location, went while the data was read."""

    code = "location_gone"


class FormatsChanged(Conflict):
    """The image says it is something else than what its data was inspected as."""

    code = "formats_changed"


def add_location(
    image_id: str, url: str, validation: Mapping[str, str], *, actor: Actor
) -> Artifact:
    """Give a queued image its location; reading the data is left to a job.

    NotFound, IllegalTransition, Forbidden, Invalid, InvalidLocation, FormatsMissing, TooLarge.
    """
    image = selectors.image_for(actor, image_id)
    _require(image, url, validation, actor)
    found = probe(url, owner=image.project_id)
    enforcing.room(actor, found.size)
    with transaction.atomic():
        held = locked(image_id)
        if held is None:
            raise LocationGone("the image was deleted", id=image_id)
        _require(held, url, validation, actor)
        return _added(held, url, validation, found, actor)


def _require(image: Artifact, url: str, validation: Mapping[str, str], actor: Actor) -> None:
    """What can be refused without asking anybody, in Glance's order."""
    if image.status != QUEUED:
        raise IllegalTransition(
            f"a location is added to an image that is queued; this one is {image.status}",
            state=image.status,
        )
    ImagePolicy(actor).require(ImageAction.ADD_LOCATION, image)
    scheme = url.partition(":")[0].lower()
    if SERVICE not in actor.roles:
        readable = any(scheme in one.store.url_schemes for one in configured_stores.listing())
        if scheme not in {"http", "https"} or not readable:
            raise Forbidden("only services may add locations other than HTTP addresses of a store")
    if scheme in BANNED:
        raise InvalidLocation(f"locations cannot begin with {scheme + ':'!r}")
    algorithm, value = validation.get("os_hash_algo"), validation.get("os_hash_value")
    if algorithm and not is_digest(value or "", algorithm):
        raise Invalid(
            f"os_hash_value must be a {algorithm} in hexadecimal", property="os_hash_value"
        )
    changing.require_formats(image)


def _added(
    image: Artifact,
    url: str,
    validation: Mapping[str, str],
    found: Probed,
    actor: Actor,
) -> Artifact:
    hashes = section(ImagesConfig).do_secure_hash
    verify = hashes and bool(validation)
    blob = changing.slot(image, "saving" if verify else "active")
    row = Location.objects.create(
        blob=blob,
        store=found.store,
        url=url,
        metadata={STORE: found.store},
        status=PENDING if verify else ACTIVE,
    )
    fields = dict(image.fields)
    if not verify:
        algorithm = {"os_hash_algo": section(ImageDataConfig).hashing_algorithm} if hashes else {}
        fields |= {**algorithm, **validation, "stores": [found.store]}
    writing.move(
        image,
        "import" if verify else "locate",
        kind=IMAGES,
        actor=actor,
        event="import" if verify else "locate",
        values={"size": found.size, "fields": fields},
        changes={FIELD: Change(old=[], new=[url])},
    )
    if not verify:
        sessions.end_open(image.pk)
    if hashes:
        wanted = {
            "image_id": image.pk,
            "location_id": row.pk,
            "expected": dict(validation),
            OWNER: image.project_id,
        }
        enqueue(HASHING, wanted, actor=actor, key=str(row.pk))
    return image


def read_of(image_id: str, location_id: int) -> tuple[Artifact, Location]:
    """The image and the location whose data is read. LocationGone when either is not there any more."""
    location = Location.objects.filter(pk=location_id, blob__artifact_id=image_id)
    found = (
        location.filter(blob__artifact__deleted_at=None).select_related("blob__artifact").first()
    )
    if found is None or (found.status == PENDING) != (found.blob.artifact.status == IMPORTING):
        raise LocationGone("the image was deleted, or its location removed", id=image_id)
    return found.blob.artifact, found


def settle(
    image_id: str, location_id: int, known: Mapping[str, Any], *, formats: Sequence[str | None]
) -> None:
    """Write down what was found in data that was inspected as of `formats`; an image that waited for it is active now.

    Repeatable. LocationGone; FormatsMissing and FormatsChanged when the image says another thing by now.
    """
    actor = system_actor("hashing of locations")
    with transaction.atomic():
        image = locked(image_id)
        _, location = read_of(image_id, location_id)
        there = location.status == ACTIVE
        if image is None or (there and known["checksum"] == image.fields.get("checksum")):
            return
        fields = {**image.fields, **known, "stores": changing.stores_of(image)}
        changes = format_changes(known)
        if there:
            image.fields = fields
            writing.update(
                image, kind=IMAGES, actor=actor, event="hash", columns=("fields",), changes=changes
            )
            tell_of_format(image)
            return
        changing.require_formats(image)
        if list(formats) != formats_of(image):
            raise FormatsChanged("the image's formats were changed while its data was read")
        Location.objects.filter(pk=location_id).update(status=ACTIVE)
        type(location.blob).objects.filter(pk=location.blob_id).update(status="active")
        writing.move(
            image,
            "complete_import",
            kind=IMAGES,
            actor=actor,
            event="import_complete",
            values={"fields": fields},
            changes=changes,
        )
        tell_of_format(image)
        sessions.end_open(image_id)


def formats_of(image: Artifact) -> list[str | None]:
    """What decides how its data is inspected."""
    return [image.disk_format, image.container_format]


def give_up(image_id: str, location_id: int, reason: str) -> None:
    """Drop a location that was not verified; the image is queued again, its history says why. Repeatable."""
    actor = system_actor("hashing of locations")
    with transaction.atomic():
        image = locked(image_id)
        location = Location.objects.filter(pk=location_id, status=PENDING).first()
        if image is None or location is None or image.status != IMPORTING:
            return
        url = location.url
        location.blob.delete()
        fields = {k: v for k, v in image.fields.items() if k != "virtual_size"}
        writing.move(
            image,
            "fail_import",
            kind=IMAGES,
            actor=actor,
            event="import_failed",
            values={"size": None, "fields": fields},
            changes={FIELD: Change(old=[url], new=[]), "reason": Change(new=reason)},
        )


def withdraw(image_id: str, location_id: int, reason: str) -> None:
    """As `give_up`; an image that is active already is deactivated, and only administrators reactivate it."""
    give_up(image_id, location_id, reason)
    with transaction.atomic():
        image = locked(image_id)
        if image is None or image.status not in WORKING or not _lies_at(image, location_id):
            return
        values = {"fields": {**image.fields, REFUSED: reason}}
        changes = {"reason": Change(new=reason)}
        actor = system_actor("hashing of locations")
        if image.status == ACTIVE:
            writing.move(
                image,
                "deactivate",
                kind=IMAGES,
                actor=actor,
                event="deactivate",
                values=values,
                changes=changes,
            )
        else:
            image.fields = values["fields"]
            writing.update(
                image,
                kind=IMAGES,
                actor=actor,
                event="deactivate",
                columns=("fields",),
                changes=changes,
            )


def _lies_at(image: Artifact, location_id: int) -> bool:
    return Location.objects.filter(pk=location_id, blob__artifact=image, status=ACTIVE).exists()
