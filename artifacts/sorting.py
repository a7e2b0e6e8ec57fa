"""The declared sorts of artifact lists, each with the expression that its indexes hold.

Sort keys are never null: a missing text sorts as "", a missing number as 0. `created_at` and `id` break ties, in
the direction of the whole, so one index serves both directions.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.db.models import F, Value
from django.db.models.expressions import Expression
from django.db.models.functions import Coalesce
from django.db.models.sql.compiler import SQLCompiler
from typing_extensions import override

TIES = ("created_at", "id")


class Constant(Value):
    """A value that stands in the SQL itself: SQLite uses no index on an expression that a parameter is part of."""

    @override
    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if isinstance(self.value, int):
            return str(self.value), ()
        text = str(self.value).replace("'", "''").replace("%", "%%")
        return f"'{text}'", ()

    @property
    @override
    def identity(self) -> Any:
        """Equal to Django's own value, as migrations have it: what stands in an index is the same."""
        return Value(self.value).identity


EMPTY, ZERO = Constant(""), Constant(0)

KEYS: Mapping[str, Expression | F] = MappingProxyType(
    {
        "name": Coalesce(F("name"), EMPTY),
        "status": F("status"),
        "container_format": Coalesce(F("container_format"), EMPTY),
        "disk_format": Coalesce(F("disk_format"), EMPTY),
        "size": Coalesce(F("size"), ZERO),
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
