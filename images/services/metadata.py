"""Creating images and changing what is known of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction

from artifacts.models import Artifact
from artifacts.services import metadata_size, validity, writing
from catalog.actors import Actor
from catalog.conf import section
from catalog.errors import Duplicate, Forbidden, NotFound, TooLarge
from catalog.events.recording import Change
from catalog.jsonpatch import Operation
from catalog.schemas import whole
from images import inheritance, patching, protections, schemas, selectors
from images.artifact_type import IMAGES
from images.conf import ImagesConfig
from images.lifecycle import QUEUED
from images.limits import enforcing
from images.models import TYPE, Image
from images.patching import Draft, apply, check, check_writable
from images.policies import ImageAction, ImagePolicy
from images.protections import PropertyAction
from images.services.locations import changing
from images.services.locations.probing import Probed

KEPT = "(protected)"
FORMATS_OPEN = frozenset({QUEUED, "importing"})
COLUMN = {
    "name": "name",
    "visibility": "visibility",
    "protected": "protected",
    "os_hidden": "hidden",
    "owner": "project_id",
    "container_format": "container_format",
    "disk_format": "disk_format",
    "min_ram": "min_ram",
    "min_disk": "min_disk",
}


def create_image(document: Mapping[str, Any], *, actor: Actor) -> Image:
    """A queued image from the fields a client sent.

    InvalidImage, InvalidName, Forbidden, Duplicate, TooLarge, PropertyRejected; nothing is stored then.
    """
    _count(document)
    for name in document:
        if name != "id":
            check_writable(name)
    if "locations" in document:
        raise Forbidden("attribute 'locations' is reserved", property="locations")
    schemas.validate(document, whole=True)
    image = _new(document, actor)
    tags = list(dict.fromkeys(document.get("tags", ())))
    policy = ImagePolicy(actor)
    policy.require(ImageAction.ADD, image)
    policy.require_visibility(image, image.visibility)
    enforcing.require_elsewhere(actor)
    for name in image.properties:
        protections.require(actor, PropertyAction.CREATE, name)
    _within_quota(Draft({}, image.properties, tags), Draft({}, {}, []))
    try:
        with transaction.atomic():
            enforcing.require_here(actor)
            _judge(image, None, actor)
            writing.insert(image, kind=IMAGES, tags=tags, actor=actor)
            image.known_tags = sorted(tags)
    except IntegrityError:
        raise Duplicate(
            f"an image with ID {image.spelt_id} exists already, or existed once", id=image.spelt_id
        ) from None
    return image


def _count(document: Mapping[str, Any]) -> None:
    """TooLarge for more than an image may have, before any of it is looked at."""
    config = section(ImagesConfig)
    free = document.keys() - schemas.BASE
    if 0 <= config.property_quota < len(free):
        internal = sum(name.startswith(schemas.RESERVED_PREFIX) for name in free)
        _at_most(config.property_quota, len(free) - internal, "properties")
    patching.count_listed([document.get("tags")])
    properties = {name: document[name] for name in free}
    metadata_size.require_within_limit(metadata_size.bytes_of(properties, document.get("tags")))


def patch_image(
    image_id: str,
    operations: Sequence[Operation],
    *,
    actor: Actor,
    add_must_be_new: bool = False,
    revision: int | None = None,
) -> Image:
    """Apply a patch whole or not at all; returns the image as it is now.

    PreconditionFailed when `revision` is given and the image has another one by now.
    """
    check(operations)
    probed = changing.probed(image_id, operations, actor=actor)

    def change(draft: Draft) -> None:
        apply(draft, operations, actor=actor, add_must_be_new=add_must_be_new)

    return _change(image_id, change, actor=actor, revision=revision, probed=probed)


def set_tag(
    image_id: str, tag: str, *, actor: Actor, present: bool, revision: int | None = None
) -> None:
    """Add or take away one tag; NotFound when the one to take away is not there. PreconditionFailed, as above."""
    schemas.validate({"tags": [tag]})

    def change(draft: Draft) -> None:
        if not present and tag not in draft.tags:
            raise NotFound(f"image {image_id} has no tag {tag!r}", id=image_id, tag=tag)
        draft.tags = [t for t in draft.tags if t != tag] + ([tag] if present else [])

    _change(image_id, change, actor=actor, revision=revision)


def _new(document: Mapping[str, Any], actor: Actor) -> Image:
    owner = document.get("owner", actor.project_id)
    if owner != actor.project_id and not actor.is_admin:
        raise Forbidden(f"you may not create images owned by {owner!r}", owner=owner)
    values = {COLUMN[k]: whole(v) for k, v in document.items() if k in COLUMN}
    properties = {k: "" if v is None else v for k, v in document.items() if k not in schemas.BASE}
    image = Image(
        **{"visibility": "shared", **values, "project_id": owner},
        type=TYPE,
        status=QUEUED,
        properties=properties,
    )
    if "id" in document:
        image.give_id(document["id"])
    return image


def _change(
    image_id: str,
    change: Callable[[Draft], None],
    *,
    actor: Actor,
    revision: int | None,
    probed: Mapping[str, Probed] | None = None,
) -> Image:
    with transaction.atomic():
        image = selectors.held_image(actor, image_id)
        policy = ImagePolicy(actor)
        policy.require(ImageAction.MODIFY, image)
        writing.require_revision(image, revision)
        before = _draft(image, located=probed is not None)
        draft = before.copy()
        change(draft)
        _settle(before, draft)
        if (draft.base, draft.properties, draft.tags) != (
            before.base,
            before.properties,
            before.tags,
        ):
            _write(image, before, draft, policy)
        if draft.locations != before.locations:
            _within_quota(draft, before)
            changing.write(image, before.locations, draft.locations, probed or {}, actor=actor)
        image.known_tags = sorted(draft.tags)
    return image


def _settle(before: Draft, draft: Draft) -> None:
    """Tags and locations have no order of their own: a draft that differs in it alone differs in nothing."""
    if set(draft.tags) == set(before.tags):
        draft.tags = before.tags
    if len(draft.locations) == len(before.locations) and all(
        one in before.locations for one in draft.locations
    ):
        draft.locations = before.locations


def _write(image: Artifact, before: Draft, draft: Draft, policy: ImagePolicy) -> None:
    """The row and its tags, as the draft says."""
    changed = {k for k, v in draft.base.items() if before.base[k] != v}
    _check(image, before, draft, changed, policy)
    _lay(image, draft)
    columns = [COLUMN[name] for name in COLUMN if name in changed]
    moved = validity.changed_keys(before.properties, draft.properties)
    if moved or "owner" in changed:
        _judge(image, None if "owner" in changed else moved, policy.actor)
        columns += ["properties", "violations", "checked_epoch"]
    writing.replace_tags(image, before.tags, draft.tags)
    writing.update(
        image,
        kind=IMAGES,
        actor=policy.actor,
        event="update",
        columns=columns,
        changes=_changes(before, draft),
    )


def _judge(image: Artifact, changed: Collection[str] | None, actor: Actor) -> None:
    inherited = inheritance.inherited(image.properties, actor)
    validity.judge(image, kind=IMAGES, changed=changed, inherited=inherited)


def _draft(image: Artifact, *, located: bool) -> Draft:
    return Draft(
        {wire: getattr(image, column) for wire, column in COLUMN.items()},
        dict(image.properties),
        selectors.tags_of(image.pk),
        changing.entries(image) if located else [],
    )


def _check(
    image: Artifact, before: Draft, draft: Draft, changed: set[str], policy: ImagePolicy
) -> None:
    if "visibility" in changed:
        policy.require_visibility(image, draft.base["visibility"])
    if changed & {"disk_format", "container_format"} and image.status not in FORMATS_OPEN:
        raise Forbidden(
            f"the formats of an image that is {image.status} do not change", status=image.status
        )
    _within_quota(draft, before)


def _lay(image: Artifact, draft: Draft) -> None:
    for wire, column in COLUMN.items():
        setattr(image, column, draft.base[wire])
    image.properties = draft.properties


def _changes(before: Draft, draft: Draft) -> dict[str, Change]:
    found = {
        k: Change(old=before.base[k], new=v) for k, v in draft.base.items() if before.base[k] != v
    }
    for key in sorted(validity.changed_keys(before.properties, draft.properties)):
        found[f"properties/{key}"] = _property_change(
            key, before.properties.get(key), draft.properties.get(key)
        )
    if before.tags != draft.tags:
        found["tags"] = Change(old=before.tags, new=draft.tags)
    return found


def _property_change(key: str, old: str | None, new: str | None) -> Change:
    """History and notifications reach people whom a protection keeps the value from."""
    if protections.open_to_all(key):
        return Change(old=old, new=new)
    return Change(old=old and KEPT, new=new and KEPT)


def _within_quota(after: Draft, before: Draft) -> None:
    """TooLarge for one too many. What is over a quota already may shrink, and change in other ways."""
    config = section(ImagesConfig)
    counted = sum(1 for key in after.properties if not key.startswith(schemas.RESERVED_PREFIX))
    if after.properties.keys() - before.properties.keys():
        _at_most(config.property_quota, counted, "properties")
    if set(after.tags) - set(before.tags):
        _at_most(config.tag_quota, len(after.tags), "tags")
    metadata_size.require_within_limit(_weight(after), used=_weight(before))


def _weight(draft: Draft) -> int:
    return metadata_size.bytes_of(
        draft.properties, draft.tags, [entry.metadata for entry in draft.locations]
    )


def _at_most(quota: int, count: int, what: str) -> None:
    if 0 <= quota < count:
        raise TooLarge(
            f"an image has at most {quota} {what}, not {count}",
            resource=what,
            maximum=quota,
            attempted=count,
        )
