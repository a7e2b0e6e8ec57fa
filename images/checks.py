"""What would make images unsafe or wrong is refused at start-up."""

from typing import Any

from django.core import checks

from catalog.conf import section
from catalog.policy import enforcer, registered
from images import protections, schemas
from images.conf import ImagesConfig
from images.limits import sources
from images.policies import ImageAction
from images.schemafile import SchemaFileWrong


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


def check_property_protections(**_: Any) -> list[checks.CheckMessage]:
    """A protection file that cannot be read, or names a policy rule that nobody wrote, refuses the start."""
    config = section(ImagesConfig)
    if config.property_protection_file is None:
        return []
    try:
        found = protections.read(
            config.property_protection_file, config.property_protection_rule_format
        )
    except protections.ProtectionFileWrong as error:
        return [checks.Error(f"property protections: {error}", id="images.E002")]
    if found.format == "roles":
        return []
    unknown = sorted(protections.rule_names(found) - set(enforcer().rules))
    return [
        checks.Error(
            f"property protections: {config.property_protection_file} names the policy rule {name!r},"
            " which neither the service nor the policy file has",
            hint="Write the rule into the file that VITRINE_POLICY_FILE names.",
            id="images.E003",
        )
        for name in unknown
    ]


def check_image_schema(**_: Any) -> list[checks.CheckMessage]:
    """A schema file that cannot be used refuses the start."""
    try:
        schemas.custom(section(ImagesConfig))
    except SchemaFileWrong as error:
        return [checks.Error(f"image schema: {error}", id="images.E004")]
    return []


def check_limits(**_: Any) -> list[checks.CheckMessage]:
    """A source of limits that no app provides would refuse every upload at its time."""
    if sources.chosen() in sources.known():
        return []
    return [
        checks.Error(
            f"VITRINE_IMAGES_LIMITS={sources.chosen()}: this service cannot ask there",
            hint=f"Possible are {', '.join(sorted(sources.known()))}.",
            id="images.E005",
        )
    ]


def register() -> None:
    checks.register(check_get_image)
    checks.register(check_property_protections)
    checks.register(check_image_schema)
    checks.register(check_limits)
