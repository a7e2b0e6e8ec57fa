"""What is limited per project, with the names that Keystone's unified limits use for images."""

from enum import StrEnum

from artifacts.count_limits import ARTIFACTS, FAMILIES


class Resource(StrEnum):
    """Sizes are counted in MiB, rounded down."""

    SIZE_TOTAL = "image_size_total"
    STAGE_TOTAL = "image_stage_total"
    COUNT_TOTAL = "image_count_total"
    COUNT_UPLOADING = "image_count_uploading"

    @property
    def unit(self) -> str:
        """The unit, as a sentence says it after a number."""
        return "MiB" if self in {Resource.SIZE_TOTAL, Resource.STAGE_TOTAL} else "images"


NAMES = (*Resource, FAMILIES.resource, ARTIFACTS.resource)
"""What operators may limit here: the last two are this service's own, and Keystone is never asked for them."""
