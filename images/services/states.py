"""Deactivating, reactivating and deleting images."""

from django.db import transaction

from artifacts.models import Artifact
from artifacts.selectors import locked
from artifacts.services import deletion, restoring, writing
from artifacts.types import absent
from catalog.actors import Actor
from catalog.errors import Forbidden
from images.artifact_type import IMAGES
from images.lifecycle import ACTIVE, DEACTIVATED
from images.limits import enforcing
from images.policies import ImageAction, ImagePolicy
from images.services.locations.registering import REFUSED


def deactivate(image_id: str, *, actor: Actor, revision: int | None = None) -> None:
    """Keep the data from everybody but administrators; nothing happens when it is so already.

    NotFound, Forbidden; PreconditionFailed when its revision is another one.
    """
    _switch(image_id, ImageAction.DEACTIVATE, DEACTIVATED, actor=actor, revision=revision)


def reactivate(image_id: str, *, actor: Actor, revision: int | None = None) -> None:
    """Give the data back; nothing happens when the image is active already. Raises as `deactivate`."""
    _switch(image_id, ImageAction.REACTIVATE, ACTIVE, actor=actor, revision=revision)


def delete_image(
    image_id: str, *, actor: Actor, revision: int | None = None, purge: bool = False
) -> None:
    """Delete the image, for good when `purge` is set; restorable otherwise.

    NotFound, Forbidden, Protected; PreconditionFailed when its revision is another one.
    """
    deletion.delete(image_id, kind=IMAGES, actor=actor, revision=revision, purge=purge)


def purge_image(image_id: str, *, actor: Actor) -> None:
    """Let go of a deleted image now, with its bytes. NotFound, Forbidden."""
    restoring.purge(image_id, kind=IMAGES, actor=actor)


def restore_image(image_id: str, *, actor: Actor) -> Artifact:
    """A deleted image as it was. NotFound, Forbidden, NotDeleted, PastRestoring; LimitExceeded when it held no bytes
    and so was not counted, and the project has as many images as it may.
    """
    with transaction.atomic():
        image = restoring.restore(image_id, kind=IMAGES, actor=actor)
        if image.size is None:
            enforcing.require_restored(actor, image)
    return image


def _switch(
    image_id: str, action: ImageAction, target: str, *, actor: Actor, revision: int | None
) -> None:
    with transaction.atomic():
        image = locked(image_id)
        if image is None:
            raise absent(IMAGES.name, image_id)
        ImagePolicy(actor).require(action, image)
        writing.require_revision(image, revision)
        if image.status == target:
            return
        if not IMAGES.machine.allows(action.value, image.status):
            raise Forbidden(
                f"an image that is {image.status} cannot be {target}", status=image.status
            )
        if action is ImageAction.REACTIVATE and image.fields.get(REFUSED) and not actor.is_admin:
            raise Forbidden(
                f"only an administrator may reactivate it: {image.fields[REFUSED]}", id=image_id
            )
        writing.move(image, action.value, kind=IMAGES, actor=actor, event=action.value)
