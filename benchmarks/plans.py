"""What a piece of code costs PostgreSQL: its statements, run again under EXPLAIN."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Cost:
    """Summed over all statements; a buffer is a page of 8 KiB, found in memory or read."""

    statements: int
    buffers: int
    milliseconds: float


def cost_of(run: Callable[[], object]) -> Cost:
    """The cost of the SELECTs that `run` makes."""
    with _captured() as statements:
        run()
    return explain(statements)


def explain(statements: list[tuple[str, Any]]) -> Cost:
    buffers, milliseconds = 0, 0.0
    with connection.cursor() as cursor:
        for statement, parameters in statements:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
            [found] = _document(cursor.fetchone()[0])
            buffers += found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"]
            milliseconds += found["Execution Time"]
    return Cost(len(statements), buffers, milliseconds)


@contextmanager
def _captured() -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def wrapper(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if sql.lstrip("( ").upper().startswith("SELECT"):
            found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield found


def _document(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
