"""Django's backend for SQLite, whose writers queue.

SQLite has one writer at a time. Its own waiters sleep longer and longer between two looks, up to a tenth of a second,
so that one who just came passes those who have waited. Here, those of a process wait for one another without a sleep,
and only the first of them looks, often, whether another process is done.
"""

import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

LOOK = 0.001
"""Seconds between two looks at a lock that another process holds."""

READS = (
    "SELECT",
    "PRAGMA",
    "EXPLAIN",
    "WITH",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
)


class WriterQueue:
    """Whoever came first has the next turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, seconds: float) -> bool:
        """Whether the turn came within the time."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=seconds):
            return True
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
        return True  # it came in the last moment

    def leave(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


_queues: dict[str, WriterQueue] = {}
"""By database. A process that is forked has nobody in its queues."""

os.register_at_fork(after_in_child=_queues.clear)


_WRAPPER: Any = base.DatabaseWrapper  # the stubs leave out what begins and ends transactions


class DatabaseWrapper(_WRAPPER):  # type: ignore[misc]
    """Waits for `timeout` seconds of the options, as SQLite does, and fails as it does then."""

    _turn: WriterQueue | None = None
    """Held by the connection while its transaction lasts, or its statement outside of one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._queueing)

    def _queueing(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """A statement that writes outside of a transaction waits for its turn as well."""
        if self._turn is not None or self.in_atomic_block or sql.lstrip().upper().startswith(READS):
            return execute(sql, params, many, context)
        self._enter_queue()
        try:
            return execute(sql, params, many, context)
        finally:
            self._leave_queue()

    def _start_transaction_under_autocommit(self) -> None:
        self._leave_queue()
        end = time.monotonic() + self._patience
        self._enter_queue()
        try:
            self._begin(end)
        except BaseException:
            self._leave_queue()
            raise

    def _begin(self, end: float) -> None:
        """Look until another process is done."""
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            while True:
                try:
                    super()._start_transaction_under_autocommit()
                except OperationalError as error:
                    if not _is_busy(error) or time.monotonic() > end:
                        raise
                    time.sleep(LOOK)
                else:
                    return
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {int(self._patience * 1000)}")

    @property
    def _patience(self) -> float:
        options: dict[str, Any] = self.settings_dict["OPTIONS"]
        return float(options.get("timeout", 5.0))

    def _enter_queue(self) -> None:
        queue = _queues.setdefault(str(self.settings_dict["NAME"]), WriterQueue())
        if not queue.take(self._patience):
            raise OperationalError("database is locked")
        self._turn = queue

    def _leave_queue(self) -> None:
        if self._turn is not None:
            queue, self._turn = self._turn, None
            queue.leave()

    def _commit(self) -> None:
        super()._commit()
        self._leave_queue()  # a commit that failed is followed by a rollback, and that by a close

    def _rollback(self) -> None:
        super()._rollback()
        self._leave_queue()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._leave_queue()


def _is_busy(error: OperationalError) -> bool:
    code = getattr(error.__cause__, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY
