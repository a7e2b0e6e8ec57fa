"""Deactivating, reactivating and deleting images."""

from django.db import transaction

from artifacts.selectors import locked
from artifacts.services import deletion, writing
from catalog.actors import Actor
from catalog.errors import Forbidden, NotFound
from images.handler import IMAGES
from images.lifecycle import ACTIVE, DEACTIVATED
from images.policies import ImageAction, ImagePolicy


def deactivate(image_id: str, *, actor: Actor) -> None:
    """Keep the data from everybody but administrators; nothing happens when it is so already."""
    _switch(image_id, ImageAction.DEACTIVATE, DEACTIVATED, actor=actor)


def reactivate(image_id: str, *, actor: Actor) -> None:
    """Give the data back; nothing happens when the image is active already."""
    _switch(image_id, ImageAction.REACTIVATE, ACTIVE, actor=actor)


def delete_image(image_id: str, *, actor: Actor, revision: int | None = None) -> None:
    """Delete the image. NotFound, Forbidden, Protected; PreconditionFailed when its revision is another one."""
    deletion.delete(image_id, kind=IMAGES, actor=actor, revision=revision)


def _switch(image_id: str, action: ImageAction, target: str, *, actor: Actor) -> None:
    with transaction.atomic():
        image = locked(image_id)
        if image is None:
            raise NotFound(f"no image found with ID {image_id}", id=image_id)
        ImagePolicy(actor).require(action, image)
        if image.status == target:
            return
        if not IMAGES.machine.allows(action.value, image.status):
            raise Forbidden(
                f"an image that is {image.status} cannot be {target}", status=image.status
            )
        writing.move(image, action.value, kind=IMAGES, actor=actor, event=action.value)
