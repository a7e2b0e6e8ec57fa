"""Limits kept by this service: a default per resource, and what single projects have instead."""

from collections.abc import Mapping

from typing_extensions import override

from catalog.conf import section
from images.conf import ImagesConfig
from images.limits.resources import Resource
from images.limits.sources import UNLIMITED, LimitSource
from images.models import ProjectLimit, RegisteredLimit


def set_here(project_id: str, resource: str) -> int | None:
    """What operators set for the project, or else for all; None when they set nothing."""
    own = ProjectLimit.objects.filter(project_id=project_id, resource=resource)
    for rows in (own, RegisteredLimit.objects.filter(resource=resource)):
        found: int | None = rows.values_list("limit", flat=True).first()
        if found is not None:
            return found
    return None


class LocalLimits(LimitSource):
    """What nobody registered is not limited, but for the number of images, which the settings limit: switching to
    `local` refuses nothing by itself.
    """

    @override
    def limits_for(self, project_id: str) -> Mapping[Resource, int]:
        found = dict.fromkeys(Resource, UNLIMITED)
        found[Resource.COUNT_TOTAL] = section(ImagesConfig).count_limit or UNLIMITED
        for row in RegisteredLimit.objects.all():
            if row.resource in found:
                found[Resource(row.resource)] = row.limit
        for one in ProjectLimit.objects.filter(project_id=project_id):
            if one.resource in found:
                found[Resource(one.resource)] = one.limit
        return found
