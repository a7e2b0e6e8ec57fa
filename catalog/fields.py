"""Model fields that compare alike on both databases."""

from collections.abc import Sequence
from typing import Any, TypeVar

import orjson
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from typing_extensions import override

SetType = TypeVar("SetType", contravariant=True)  # noqa: PLC0105 - as Django's stubs name them
GetType = TypeVar("GetType", covariant=True)  # noqa: PLC0105 - as Django's stubs name them


class KeyField(models.CharField[SetType, GetType]):
    """Text compared byte by byte: collation "C" on PostgreSQL, SQLite's own BINARY elsewhere."""

    @override
    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters

    @override
    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """PostgreSQL's type by its long name: for `varchar` Django would add a second index for LIKE,
        which the collation "C" does not need.
        """
        name = super().db_type(connection)
        if connection.vendor == "postgresql" and name is not None:
            return name.replace("varchar", "character varying", 1)
        return name


class JSONField(models.JSONField[SetType, GetType]):
    """JSON whose numbers come back as they went in.

    PostgreSQL writes the float 1e300 as three hundred digits, which is an integer that no JSON
    answer of ours can hold; orjson reads what does not fit 64 bits as the float it was.
    """

    @override
    def from_db_value(
        self, value: Any, expression: Expression, connection: BaseDatabaseWrapper
    ) -> Any:
        if isinstance(value, str):
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError:
                pass  # a lone surrogate, a bare string: Django knows
        return super().from_db_value(value, expression, connection)

    @override
    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """As Django's own field to migrations: the column is the same."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs
