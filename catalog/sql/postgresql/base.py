"""Django's backend for PostgreSQL, sparing what a request by key would pay for beside its answer: a question before
each request whether the server is there, and a plan for statements that were planned before.
"""

import select
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.utils import CursorWrapper
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.errors import FeatureNotSupported
from psycopg.pq import TransactionStatus
from typing_extensions import override

PREPARED = "prepared"
_COMPOSED: Any = DatabaseOperations.compose_sql
_SERVER_BINDING: Any = base.ServerBindingCursor  # the stubs leave out what its parents take
TRUSTED = 10.0
"""Seconds after which the server is asked, however the socket looks: a host that vanished does not close it."""


class _MomentLoader(Loader):
    """Reads `2026-01-02 03:04:05.678+00`. Django's takes many times as long: it extends psycopg's reader in Python."""

    timezone = UTC

    @override
    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(bytes(data).decode())


class _PreparedCursor(_SERVER_BINDING):  # type: ignore[misc]  # the stubs, see above
    def execute(self, query: Any, params: Any = None) -> Any:
        """A plan whose columns have other types since is refused for good: all are made anew, once."""
        try:
            return super().execute(query, params)
        except FeatureNotSupported:
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                raise  # a rollback forgets the plans
            self.connection.execute("DEALLOCATE ALL")
            return super().execute(query, params)


class _Operations(DatabaseOperations):
    @override
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """For logs and tests; the driver forgets what it asked by a plan's name."""
        if not isinstance(cursor, base.ServerBindingCursor):
            return str(super().last_executed_query(cursor, sql, params))
        found: str = _COMPOSED(self, sql, params)
        return found


class DatabaseWrapper(base.DatabaseWrapper):
    """Needs `prepare_threshold` among the options to prepare statements; without it they are planned each time."""

    ops_class = _Operations
    _cursor: Callable[[str | None], CursorWrapper]
    health_check_enabled: bool
    health_check_done: bool
    _asked_at = 0.0

    @override
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        made = super().get_new_connection(conn_params)
        if self.timezone is UTC:
            made.adapters.register_loader("timestamptz", _MomentLoader)
        return made

    @override
    def create_cursor(self, name: str | None = None) -> Any:
        if name is PREPARED:
            return _PreparedCursor(self.connection)
        return super().create_cursor(name)

    def prepared_cursor(self) -> CursorWrapper:
        """A cursor whose statements the server plans once for this connection."""
        wanted = "prepare_threshold" in self.settings_dict["OPTIONS"]
        return self._cursor(PREPARED if wanted else None)

    @override
    def close_if_health_check_failed(self) -> None:
        if self.health_check_enabled and not self.health_check_done and self._silent():
            self.health_check_done = True
        super().close_if_health_check_failed()

    @override
    def is_usable(self) -> bool:
        self._asked_at = time.monotonic()
        return bool(super().is_usable())

    def _silent(self) -> bool:
        """Whether the server answered lately and has sent nothing since: one that ends a connection says so."""
        if self.connection is None or self.connection.closed:
            return False
        if time.monotonic() - self._asked_at > TRUSTED:
            return False
        socket = select.poll()
        socket.register(self.connection.fileno(), select.POLLIN)
        return not socket.poll(0)
