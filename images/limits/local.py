"""Limits kept by this service: a default per resource, and what single projects have instead."""

from collections.abc import Mapping

from typing_extensions import override

from images.limits.resources import Resource
from images.limits.sources import UNLIMITED, LimitSource
from images.models import ProjectLimit, RegisteredLimit


class LocalLimits(LimitSource):
    """What nobody registered is not limited: switching to `local` refuses nothing by itself."""

    @override
    def limits_for(self, project_id: str) -> Mapping[Resource, int]:
        found = dict.fromkeys(Resource, UNLIMITED)
        for row in RegisteredLimit.objects.all():
            if row.resource in found:
                found[Resource(row.resource)] = row.limit
        for one in ProjectLimit.objects.filter(project_id=project_id):
            if one.resource in found:
                found[Resource(one.resource)] = one.limit
        return found
