"""Locations of images: registered by their address, taken away, and settled once their data was read.

The data of a location belongs to others: it is read, never written or deleted. Servers are asked before a row is
locked, and nothing is asked of them on behalf of somebody who may not write the image.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from artifacts.models import Artifact, Blob, Location
from artifacts.selectors import locked
from artifacts.services import sessions, writing
from artifacts.services.objects import let_go, remove
from artifacts.services.uploads import BlobTaken
from artifacts.types import absent
from catalog.actors import Actor
from catalog.conf import section
from catalog.errors import ConcurrentChange, Forbidden, NotFound, TooLarge, at_most
from catalog.events.recording import Change
from catalog.jsonpatch import Operation, Remove
from catalog.lifecycle import IllegalTransition
from images import schemas, selectors
from images.artifact_type import IMAGES
from images.conf import ImagesConfig
from images.dataconf import ImageDataConfig
from images.lifecycle import ACTIVE, QUEUED
from images.limits import enforcing
from images.location_patching import (
    FIELD,
    STORE,
    Entry,
    InvalidLocation,
    applied,
    digests,
    given,
    is_about,
)
from images.models import SLOT
from images.policies import ImageAction, ImagePolicy
from images.services.data import FormatsMissing
from images.services.locations.probing import Probed, probe

WRITABLE = (ACTIVE, QUEUED)
AT_ONCE = 100
"""Locations that one patch may name, whatever the quota: each is compared with every other."""


def probed(
    image_id: str, operations: Sequence[Operation], *, actor: Actor
) -> dict[str, Probed] | None:
    """What lies at the new addresses of a patch; None when it is not about locations.

    Forbidden unless the site and the actor's rights allow it, IllegalTransition in a state without locations,
    InvalidLocation, TooLarge. The service looks again at all but the addresses once it holds the row.
    """
    concerned = [one for one in operations if is_about(one.path)]
    if not concerned:
        return None
    _count(concerned)
    if not section(ImagesConfig).show_multiple_locations:
        raise Forbidden("It's not allowed to change locations here: they are not shown")
    image, policy = selectors.image_for(actor, image_id), ImagePolicy(actor)
    policy.require(ImageAction.MODIFY, image)
    removes = [isinstance(one, Remove) for one in concerned]
    if any(removes):
        policy.require(ImageAction.DELETE_LOCATION, image)
    if not all(removes):
        policy.require(ImageAction.SET_LOCATION, image)
    _require_state(image, adds=not all(removes), removes=any(removes))
    for one in concerned:
        if not isinstance(one, Remove):
            schemas.validate({FIELD: given(one)})
    after = entries(image)
    for one in concerned:
        after = applied(after, one)
    new = list(dict.fromkeys(one.url for one in after if one.row is None))
    _within_quota(len(after), grows=bool(new))
    return {url: probe(url, owner=image.project_id) for url in new}


def _count(operations: Sequence[Operation]) -> None:
    """TooMany for more than an image may have, or may be left with by a quota that was larger once."""
    values = [given(one) for one in operations if not isinstance(one, Remove)]
    listed = sum(len(value) for value in values if isinstance(value, list))
    at_most(max(AT_ONCE, section(ImagesConfig).location_quota), listed, "locations")


def entries(image: Artifact) -> list[Entry]:
    """The image's locations, the oldest first."""
    rows = Location.objects.filter(blob__artifact=image, blob__slot=SLOT).order_by("id")
    return [Entry(row.url, row.metadata, row.pk) for row in rows]


def write(
    image: Artifact,
    before: Sequence[Entry],
    after: Sequence[Entry],
    found: Mapping[str, Probed],
    *,
    actor: Actor,
) -> None:
    """Make the locations of a locked image those of `after`; a queued image is active then.

    Inside the caller's transaction. FormatsMissing, InvalidLocation, DigestsRefused, TooLarge, IllegalTransition.
    """
    kept = {one.row for one in after if one.row is not None}
    gone = [one.row for one in before if one.row is not None and one.row not in kept]
    new = [one for one in after if one.row is None]
    _require_state(image, adds=bool(kept or new), removes=bool(gone))
    _within_quota(len(after), grows=bool(new))
    config = section(ImageDataConfig)
    known = digests(image.fields, image.status, after, algorithm=config.hashing_algorithm)
    size = _common_size(image, new, found, actor)
    for one in after:
        if one.row is not None:
            Location.objects.filter(pk=one.row).update(metadata=one.metadata)
    for one in new:
        store = found[one.url].store
        Location.objects.create(
            blob=slot(image, "active"),
            store=store,
            url=one.url,
            metadata={**one.metadata, STORE: store},
        )
    drop(gone)
    fields = {**image.fields, **known, "stores": stores_of(image)}
    change = Change(old=[one.url for one in before], new=[one.url for one in after])
    _save(image, {"size": size, "fields": fields}, {FIELD: change}, actor)


def _save(
    image: Artifact, values: Mapping[str, Any], changes: Mapping[str, Change], actor: Actor
) -> None:
    if image.status == QUEUED:
        writing.move(
            image,
            "locate",
            kind=IMAGES,
            actor=actor,
            event="locate",
            values=values,
            changes=changes,
        )
        sessions.end_open(image.pk)
        return
    for name, value in values.items():
        setattr(image, name, value)
    writing.update(
        image, kind=IMAGES, actor=actor, event="locate", columns=tuple(values), changes=changes
    )


def delete_from_store(image_id: str, store: str, *, actor: Actor) -> None:
    """Take an image's data out of one store; what others keep stays where it is.

    NotFound, Forbidden (by policy, or because it is the last place), IllegalTransition unless the image is active.
    """
    with transaction.atomic():
        image = locked(image_id)
        if image is None:
            raise absent(IMAGES.name, image_id)
        policy = ImagePolicy(actor)
        policy.require(ImageAction.GET_LOCATION, image)
        policy.require(ImageAction.DELETE_LOCATION, image)
        if image.status != ACTIVE:
            raise _wrong_state(image, "taken out of a store", ACTIVE)
        rows = Location.objects.filter(blob__artifact=image, blob__slot=SLOT)
        gone = list(rows.filter(store=store).values_list("pk", flat=True))
        if not gone:
            raise NotFound(f"image {image_id} is not in store {store!r}", id=image_id, store=store)
        if len(gone) == rows.count():
            raise Forbidden(
                f"{store!r} is the last store that has the image. Consider deleting the image instead.",
                id=image_id,
                store=store,
            )
        before = [one.url for one in entries(image)]
        drop(gone)
        change = Change(old=before, new=[one.url for one in entries(image)])
        fields = {**image.fields, "stores": stores_of(image)}
        _save(image, {"fields": fields}, {FIELD: change}, actor)


def drop(ids: Sequence[int]) -> None:
    """Delete locations; bytes of our own that nobody else refers to go once the transaction is through."""
    rows = Location.objects.filter(pk__in=ids)
    held = rows.filter(stored_object__isnull=False)
    objects = list(held.values_list("stored_object_id", flat=True))
    rows.delete()
    let_go(objects)
    for object_id in set(objects):
        transaction.on_commit(lambda found=object_id: remove(found))  # type: ignore[misc]  # mypy sees no type of a default


def slot(image: Artifact, status: str) -> Blob:
    """The image's data as a row, made when it has none. BlobTaken while data is on its way."""
    blob, made = Blob.objects.get_or_create(
        artifact=image, slot=SLOT, key="", defaults={"status": status}
    )
    if not made and blob.status != status:
        raise BlobTaken(f"data of {image.pk} is on its way already", id=image.pk)
    return blob


def stores_of(image: Artifact) -> list[str]:
    """The names of the stores that hold the image, each once, the oldest first."""
    rows = Location.objects.filter(blob__artifact=image, blob__slot=SLOT).order_by("id")
    return list(dict.fromkeys(rows.values_list("store", flat=True)))


def require_formats(image: Artifact) -> None:
    """FormatsMissing: an image without them gets no data."""
    if not (image.disk_format and image.container_format):
        raise FormatsMissing(
            "disk_format and container_format must be set before an image gets a location",
            id=image.pk,
        )


def _common_size(
    image: Artifact, new: Sequence[Entry], found: Mapping[str, Probed], actor: Actor
) -> int | None:
    """The size that all locations agree on, for the image is one thing."""
    if not new:
        return image.size
    if any(one.url not in found for one in new):
        raise ConcurrentChange("its locations were changed in the meantime; retry", id=image.pk)
    if image.status == QUEUED:
        require_formats(image)
    size = image.size if image.status == ACTIVE else found[new[0].url].size
    for one in new:
        if found[one.url].size != size:
            raise InvalidLocation(
                f"Invalid location: there are {found[one.url].size} bytes, the image has {size}"
            )
        enforcing.room(actor, size)
    return size


def _require_state(image: Artifact, *, adds: bool, removes: bool) -> None:
    if removes and image.status != ACTIVE:
        raise _wrong_state(image, "removed", ACTIVE)
    if adds and image.status not in WRITABLE:
        raise _wrong_state(image, "added or replaced", " or ".join(WRITABLE))


def _wrong_state(image: Artifact, what: str, states: str) -> IllegalTransition:
    return IllegalTransition(
        f"locations of an image that is {image.status} are not {what}; it must be {states}",
        state=image.status,
    )


def _within_quota(count: int, *, grows: bool) -> None:
    quota = section(ImagesConfig).location_quota
    if grows and 0 <= quota < count:
        raise TooLarge(
            f"an image has at most {quota} locations, not {count}", maximum=quota, attempted=count
        )
