"""`images.limits = keystone`: where the images' limits and Keystone meet, who do not know each other."""

from collections.abc import Mapping

from typing_extensions import override

from identity.keystone import limits
from images.limits.resources import Resource
from images.limits.sources import LimitSource

SERVICE = "image"


class KeystoneLimits(LimitSource):
    """Keystone's unified limits; `identity.keystone.limits` remembers them for a while."""

    @override
    def limits_for(self, project_id: str) -> Mapping[Resource, int]:
        found = limits.limits_for(project_id, SERVICE)
        return {one: found[one] for one in Resource if one in found}
