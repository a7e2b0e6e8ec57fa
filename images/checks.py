"""What would make images unsafe or wrong is refused at start-up."""

from typing import Any

from django.core import checks

from catalog.policy import enforcer, registered
from images.policies import ImageAction


def check_get_image(**_: Any) -> list[checks.CheckMessage]:
    """Lists apply `get_image` as SQL: an override that SQL does not know would show what it forbids."""
    rule = str(enforcer().rules[ImageAction.GET.value])
    if rule == str(registered()[ImageAction.GET.value].check):
        return []
    return [
        checks.Error(
            f"policy get_image is overridden by {rule!r}, and lists could not follow it",
            hint="Leave get_image as it is; restrict get_images, download_image or modify_image instead.",
            id="images.E001",
        )
    ]


def register() -> None:
    checks.register(check_get_image)
