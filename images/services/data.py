"""An image's data: what is checked before the first byte, and what is known after the last."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from artifacts import configured_stores as store_registry
from artifacts.models import Artifact
from artifacts.services import sessions, uploads
from artifacts.services.upload_conditions import MD5, DigestMismatch, Intake, Judge
from artifacts.services.uploads import Upload
from catalog.actors import Actor
from catalog.conf import section
from catalog.errors import ConcurrentChange, Forbidden, Invalid
from catalog.events.recording import Change
from images import unsafe_image_messages
from images.artifact_type import IMAGES
from images.dataconf import ImageDataConfig
from images.inspection import Inspection
from images.lifecycle import DEACTIVATED
from images.limits import enforcing as limits
from images.models import SLOT
from images.policies import ImageAction, ImagePolicy
from images.schemas import OTHERWISE
from stores import Ingested, Observer

log = logging.getLogger(__name__)

BARE = "bare"
RESERVED = "os_glance_"
ASKED_BY = ("disk_format", "container_format", "properties")
"""What of an image decides what is asked of its bytes."""


class FormatsMissing(Invalid):
    """Data needs a disk format and a container format first."""

    code = "formats_missing"


def begin_upload(
    image: Artifact, *, actor: Actor, store: str | None, size: int | None = None
) -> Upload:
    """Everything that can be refused is refused here, before a byte is read; `size` is what the client announced."""
    room = require_upload(image, actor=actor, size=size)
    upload = uploads.begin(image, kind=IMAGES, slot=SLOT, actor=actor, store=store)
    _require_unchanged(image, upload, actor)
    return replace(upload, size_limit=min(upload.size_limit, room))


def _require_unchanged(image: Artifact, upload: Upload, actor: Actor) -> None:
    """What is asked of the bytes was read from the row as it was before; from `saving` on its formats stay."""
    now = Artifact.objects.get(pk=image.pk)
    if any(getattr(now, name) != getattr(image, name) for name in ASKED_BY):
        uploads.abandon(upload, actor=actor)
        raise ConcurrentChange("the image was changed as its upload began; retry", id=image.pk)


def require_upload(image: Artifact, *, actor: Actor, size: int | None = None) -> int:
    """How many bytes the image takes from the actor now. Forbidden, FormatsMissing, IllegalTransition, TooLarge."""
    ImagePolicy(actor).require(ImageAction.UPLOAD, image)
    if image.status == "queued" and not (image.disk_format and image.container_format):
        raise FormatsMissing(
            "disk_format and container_format must be set before data is uploaded", id=image.pk
        )
    IMAGES.machine.target("upload", image.status)
    limits.require_upload(actor, size, image_id=image.pk)
    return limits.room(actor, size)


def intake(
    image: Artifact, *, size: int | None = None, digests: Mapping[str, str] | None = None
) -> Intake:
    """What is asked of the image's bytes: the announced size and digests, those it was given before, and its format.

    MalformedDigest when what the image itself carries is none, or contradicts what is announced.
    """
    config = section(ImageDataConfig)
    expected = {**_preset(image), **(digests or {})}
    for algorithm, value in _preset(image).items():
        if expected[algorithm] != value:
            raise DigestMismatch(
                f"the image says its {algorithm} is {value}, {expected[algorithm]} was announced",
                algorithm=algorithm,
                expected=value,
                found=expected[algorithm],
            )
    observers: list[Observer] = []
    judges: list[Judge] = []
    if image.container_format == BARE:
        inspection = Inspection(
            image.disk_format or "",
            require_match=config.require_image_format_match,
            nonfatal=config.gpt_safety_checks_nonfatal,
        )
        observers.append(inspection)
        judges.append(lambda _: inspection.verdict())
    return Intake(
        size=size,
        digests=expected,
        algorithms=(MD5, config.hashing_algorithm),
        observers=tuple(observers),
        judges=tuple(judges),
    )


def _preset(image: Artifact) -> dict[str, str]:
    """The digest that the image was given before its data came."""
    algorithm, value = image.fields.get("os_hash_algo"), image.fields.get("os_hash_value")
    if not algorithm or not value:
        return {}
    if algorithm not in hashlib.algorithms_available or not hashlib.new(algorithm).digest_size:
        raise Invalid(f"the image's os_hash_algo {algorithm!r} is no hash known here", id=image.pk)
    return {algorithm: str(value).lower()}


def finish_upload(
    upload: Upload,
    content: Ingested,
    *,
    intake: Intake,
    actor: Actor,
    session_id: str | None = None,
) -> Artifact:
    """The image is active, with size, md5 and multihash of what was stored; its upload sessions are over.

    `session_id` is the one that the bytes came by, which its own service completes.
    """
    algorithm = section(ImageDataConfig).hashing_algorithm
    inspected = inspected_as(intake)

    def known(image: Artifact) -> Mapping[str, Any]:
        """In the transaction that makes the image active."""
        sessions.end_open(image.pk, but=session_id)
        fields = {
            **image.fields,
            "checksum": content.digests[MD5],
            "os_hash_algo": algorithm,
            "os_hash_value": content.digests[algorithm],
            "stores": [upload.store],
            **inspected,
        }
        return {"size": content.size, "fields": fields}

    image = uploads.finish(
        upload, content, actor=actor, values=known, changes=format_changes(inspected)
    )
    tell_of_format(image)
    return image


def inspected_as(intake: Intake) -> dict[str, Any]:
    """The fields that say what the inspection of the data found; OTHERWISE only where it is not what the image says."""
    found: dict[str, Any] = {"virtual_size": None}
    for one in intake.observers:
        if isinstance(one, Inspection):
            found["virtual_size"] = one.verdict()
            found |= {OTHERWISE: one.otherwise} if one.otherwise else {}
    return found


def format_changes(known: Mapping[str, Any]) -> dict[str, Change]:
    """What an image's history tells of data in another format than the image says."""
    return {OTHERWISE: Change(new=known[OTHERWISE])} if OTHERWISE in known else {}


def tell_of_format(image: Artifact) -> None:
    """Log it; inside a transaction, once that is through."""
    facts = {
        "image": image.pk,
        "disk_format": image.disk_format,
        "found": image.fields.get(OTHERWISE),
    }
    if facts["found"]:
        transaction.on_commit(lambda: log.warning("image data of another format", extra=facts))


def warnings(image: Artifact) -> list[str]:
    """What whoever gave the image its data should know of it."""
    found = image.fields.get(OTHERWISE)
    return [unsafe_image_messages.believed(image.disk_format or "", found)] if found else []


def require_store(name: str) -> None:
    """UnknownStore for a store that clients cannot name: there is none, or it is the service's own."""
    if name.startswith(RESERVED):
        raise store_registry.UnknownStore(f"the store {name!r} is reserved", store=name)
    store_registry.store(name)


def require_download(image: Artifact, *, actor: Actor, preferred: Sequence[str] = ()) -> None:
    """Nothing, or Forbidden: by policy, or because the image is deactivated and the caller no administrator.

    UnknownStore when a preferred store is none.
    """
    policy = ImagePolicy(actor)
    policy.require(ImageAction.DOWNLOAD, image)
    if preferred:
        policy.require(ImageAction.DOWNLOAD_FROM_STORE, image)
        for name in preferred:
            require_store(name)
    if image.status == DEACTIVATED and not actor.is_admin:
        raise Forbidden("the image is deactivated; its data cannot be downloaded", id=image.pk)
