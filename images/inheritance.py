"""What a snapshot has of the image that it was made from, as far as its writer may know."""

from collections.abc import Mapping
from typing import Any

from catalog.actors import Actor
from catalog.errors import NotFound
from images import protections, selectors

BASE = "base_image_ref"
"""The property in which Nova names the image that an instance, and so its snapshot, was made from."""


def inherited(properties: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """The properties of the base that these properties name: those that the actor may read, if it may see the base.

    Whether a value is the base's would else tell what nobody shows the actor.
    """
    base = properties.get(BASE)
    if not base:
        return {}
    try:
        found = selectors.image_for(actor, str(base))
    except NotFound:
        return {}
    return protections.readable(actor, found.properties)
