"""Comparing what lies in JSON columns: free properties (JSONB containment and its GIN index on PostgreSQL, JSON1 on
SQLite) and the declared fields that have no column.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson
from django.db.models import BigIntegerField, BooleanField, F, Func, Q, TextField
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.sql.compiler import SQLCompiler
from typing_extensions import override


class _PropertyEquals(Func):
    """Whether the key has exactly this text; the key may hold any character."""

    conditional = True
    output_field = BooleanField()

    def __init__(self, key: str, value: str) -> None:
        self._key, self._value = key, value
        super().__init__(F("properties"))

    def as_postgresql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = compiler.compile(self.source_expressions[0])
        wanted = orjson.dumps({self._key: self._value}).decode()
        return f"{column} @> %s::jsonb", [*parameters, wanted]

    @override
    def as_sqlite(
        self, compiler: SQLCompiler, connection: Any, **extra_context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        column, parameters = compiler.compile(self.source_expressions[0])
        sql = f"EXISTS (SELECT 1 FROM json_each({column}) AS p WHERE p.key = %s AND p.value = %s)"  # noqa: S608 - a column's name
        return sql, (*parameters, self._key, self._value)


def property_equals(key: str, value: str) -> Q:
    """Rows whose free property `key` is `value`."""
    return Q(_PropertyEquals(key, value))


DIGESTS: Mapping[str, str] = MappingProxyType(
    {"checksum": "artifact_checksum", "os_hash_value": "artifact_hash"}
)
"""Declared fields of which few rows share a value, each with the index over the listed rows."""


class FieldText(Func):
    """A declared field's text. The name stands in the SQL itself, where indexes on the expression have it: SQLite
    uses none for an expression that a parameter is part of. Migrations name this class.
    """

    output_field = TextField()

    def __init__(self, name: str) -> None:
        if not name.isidentifier():
            raise ValueError(f"{name!r} is no name of a declared field")
        self.name = name
        super().__init__(F("fields"))

    def as_postgresql(self, compiler: SQLCompiler, connection: Any) -> Any:
        return self.as_sql(compiler, connection, template=f"(%(expressions)s ->> '{self.name}')")

    @override
    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **extra_context: Any) -> Any:
        template = f"json_extract(%(expressions)s, '$.{self.name}')"
        return self.as_sql(compiler, connection, template=template)


def field_text(name: str) -> FieldText:
    """A declared field's text; null when it is not set."""
    return FieldText(name)


def field_number(name: str) -> Combinable:
    """A declared field's whole number; null when it is not set."""
    return Cast(KeyTextTransform(name, "fields"), BigIntegerField())
