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
