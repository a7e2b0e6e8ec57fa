"""The declared sorts of artifact lists, each with the expression that its indexes hold.

Sort keys are never null: a missing text sorts as "", a missing number as 0. `created_at` and `id` break ties, in
the direction of the whole, so one index serves both directions.
"""

from collections.abc import Mapping
from types import MappingProxyType

from django.db.models import F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

TIES = ("created_at", "id")

KEYS: Mapping[str, Combinable] = MappingProxyType(
    {
        "name": Coalesce(F("name"), Value("")),
        "status": F("status"),
        "container_format": Coalesce(F("container_format"), Value("")),
        "disk_format": Coalesce(F("disk_format"), Value("")),
        "size": Coalesce(F("size"), Value(0)),
        "id": F("id"),
        "created_at": F("created_at"),
        "updated_at": F("updated_at"),
    }
)


def columns(key: str) -> tuple[str, ...]:
    """The sort key and what breaks its ties, without repeats: `created_at` → (created_at, id)."""
    if key == "id":
        return ("id",)
    return (key, *(tie for tie in TIES if tie != key))
