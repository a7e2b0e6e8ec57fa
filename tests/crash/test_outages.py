"""The database is away for longer than a lease while bytes come: the upload goes on, and is there in the end."""

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.crash.stage import Stage
from tests.crash.test_pauses import finish, upload
from tests.support.crash import victim
from tests.support.line import Line, line_to

pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]
AWAY = 10.0
"""Seconds; a lease is 3."""
CONTENT = os.urandom(400_000)
PAUSE = 4.0
"""Seconds before each quarter of the bytes."""


@pytest.fixture
def behind_a_line(tmp_path: Path) -> Iterator[tuple[Stage, Line]]:
    """The service with its database on a PostgreSQL that can go away."""
    from tests.crash.conftest import staged

    server, name = os.environ["VITRINE_TEST_POSTGRES_URL"], f"crash_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]  # one of ours
    try:
        own = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        with (
            line_to(own) as (line, address),
            victim(tmp_path, VITRINE_DATABASE_URL=address) as found,
        ):
            yield staged(found), line
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]  # one of ours


def uploading(stage: Stage, meanwhile: Callable[[], object]) -> int:
    """The status of an upload whose bytes come slowly; `meanwhile` begins when some have."""
    other = threading.Timer(PAUSE * 1.5, meanwhile)
    other.start()
    try:
        return upload(stage, CONTENT, pause=PAUSE)
    finally:
        other.join()


@pytest.mark.postgresql
@pytest.mark.parametrize("how", [Line.cut, Line.freeze], ids=["cut", "still"])
def test_a_database_that_cannot_be_reached(
    behind_a_line: tuple[Stage, Line], how: Callable[[Line], None]
) -> None:
    stage, line = behind_a_line

    def away() -> None:
        how(line)
        time.sleep(AWAY)
        line.mend()

    assert uploading(stage, away) == 204
    finish(stage)


@pytest.mark.parametrize("stage", ["embedded"], indirect=True)
def test_a_database_that_is_locked(stage: Stage) -> None:
    def away() -> None:
        file = stage.victim.service.folder / "vitrine.sqlite3"
        with sqlite3.connect(file, timeout=60, isolation_level=None) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(AWAY)
            connection.execute("ROLLBACK")

    assert uploading(stage, away) == 204
    finish(stage)
