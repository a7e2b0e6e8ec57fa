"""Model fields that compare alike on both databases."""

from typing import Any, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
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
