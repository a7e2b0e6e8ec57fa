"""Many rows into PostgreSQL tables: COPY, with indexes built afterwards."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql


@dataclass(frozen=True, slots=True)
class Target:
    """A table and the columns that rows are given for, in order."""

    table: str
    columns: tuple[str, ...]


def copy(connection: psycopg.Connection, target: Target, rows: Iterable[Sequence[Any]]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(target.table), sql.SQL(", ").join(map(sql.Identifier, target.columns))
    )
    with connection.cursor().copy(statement) as stream:
        for row in rows:
            stream.write_row(row)


def in_batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def empty(connection: psycopg.Connection, tables: Sequence[str]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, tables))
    connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))


@contextmanager
def bulk(connection: psycopg.Connection, tables: Sequence[str]) -> Iterator[None]:
    """One transaction without the tables' plain indexes and foreign key checks; both are back at its end."""
    definitions = connection.execute(
        "SELECT x.indexrelid::regclass::text, pg_get_indexdef(x.indexrelid) FROM pg_index x"
        " WHERE x.indrelid = ANY(%s::regclass[])"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = x.indexrelid)",
        [list(tables)],
    ).fetchall()
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for name, _ in definitions:
            connection.execute(f"DROP INDEX {name}")
        yield
        connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for _, definition in definitions:
            connection.execute(definition)


def settle(connection: psycopg.Connection, tables: Sequence[str]) -> None:
    """What autovacuum would do in time: statistics and visibility, so that plans are those of a settled table."""
    for table in tables:
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
