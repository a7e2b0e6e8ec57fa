"""Databases on the one PostgreSQL server that both services use."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


def address(server: str, name: str) -> str:
    """The server's address with another database in it."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def create(server: str, name: str) -> None:
    """An empty database, in the place of one that was left."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def settings(server: str) -> dict[str, str]:
    """What of the server's configuration bears on speed."""
    names = [
        "server_version",
        "shared_buffers",
        "work_mem",
        "fsync",
        "synchronous_commit",
        "max_connections",
    ]
    with psycopg.connect(server, autocommit=True) as connection:
        return {name: str(connection.execute(f"SHOW {name}").fetchone()[0]) for name in names}  # type: ignore[index]
