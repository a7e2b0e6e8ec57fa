"""Equality on free properties: JSONB containment (GIN) on PostgreSQL, JSON1 on SQLite."""

from typing import Any

import orjson
from django.db.models import BooleanField, F, Func, Q
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
