"""Time, in one place: aware UTC, microseconds in the database, seconds and `Z` on most wires.

Two clocks are told apart. `now` is the process's own: for what people read. What one machine writes and another one
compares (leases, due times, grace times) is written and compared inside the statement, by the clock of the database:
`database_now`, or `spelled` where SQL is written by hand.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Expression
from django.db.models.sql.compiler import SQLCompiler
from typing_extensions import override

_SECONDS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS
_Spelled = tuple[str, tuple[Any, ...]]


def now() -> datetime:
    return datetime.now(UTC)


def iso_seconds(moment: datetime) -> str:
    """`2026-01-02T03:04:05Z`, as the Images and Metadefs dialects write times; of a moment in UTC."""
    return orjson.dumps(moment, option=_SECONDS)[1:-1].decode()


def database_now(seconds: float = 0.0) -> Expression:
    """The moment at which the statement reaches the database, by the database's clock, and so many seconds later.

    For `filter`, `update`, `create` and `annotate`; not for `catalog.sql.prepared.Prepared`, which keeps SQL. SQLite
    runs inside the process and has its clock.
    """
    return _DatabaseNow(seconds)


def spelled(seconds: float = 0.0) -> _Spelled:
    """`database_now` as SQL with its parameters."""
    return _spelled(connection, seconds)


def database_time() -> datetime:
    """The database's clock now, for ages and waits that are told to somebody; asks the database."""
    if connection.vendor != "postgresql":
        return now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


class _DatabaseNow(Expression):
    def __init__(self, seconds: float) -> None:
        super().__init__(DateTimeField())
        self._seconds = seconds

    @override
    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> _Spelled:
        return _spelled(connection, self._seconds)


def _spelled(connection: Any, seconds: float) -> _Spelled:
    """Of PostgreSQL the moment of the statement, not of the transaction, which may be long ago; it is the same for all
    rows of the statement, so that indexes can be asked by it.
    """
    if connection.vendor != "postgresql":
        moment = now() + timedelta(seconds=seconds)
        return "%s", (connection.ops.adapt_datetimefield_value(moment),)
    if not seconds:
        return "statement_timestamp()", ()
    return "(statement_timestamp() + make_interval(secs => %s))", (float(seconds),)
