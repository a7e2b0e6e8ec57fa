"""Commands in a folder, and on a database, where nothing was made yet: what to do, and no traceback."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
import pytest

from tests.support.service import ROOT

NEEDING_TABLES = (
    ("set_limit", "image_count_total", "1"),
    ("bootstrap_identity",),
    ("load_metadefs", "--path", "metadefs"),
    ("export_metadefs", "--path", "metadefs"),
    ("unload_metadefs",),
    ("rebuild_index",),
    ("verify_index",),
    ("relay",),
    ("notifier",),
    ("changepassword", "admin"),
)


def manage(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "VITRINE_DATA_DIR": str(folder / "data"), **settings}
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that it said."""
    assert done.returncode != 0, done
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "metadefs").mkdir()
    namespace = tmp_path / "metadefs" / "one.json"
    namespace.write_text('{"namespace": "One", "properties": {}}')
    return tmp_path


@pytest.mark.parametrize("command", NEEDING_TABLES, ids=lambda one: one[0])
def test_commands_say_what_comes_first(folder: Path, command: tuple[str, ...]) -> None:
    said = told(manage(folder, *command))
    assert said.startswith("vitrine: the database has no tables")
    assert "manage.py migrate" in said


@pytest.mark.postgresql
def test_they_say_it_of_postgresql_too(folder: Path) -> None:
    server, name = os.environ["VITRINE_TEST_POSTGRES_URL"], f"empty_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        try:
            url = f"{server.rsplit('/', 1)[0]}/{name}"
            done = manage(folder, "set_limit", "image_count_total", "1", VITRINE_DATABASE_URL=url)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]
    assert told(done).startswith("vitrine: the database has no tables")


def test_a_database_that_is_away_is_told_by_commands(folder: Path) -> None:
    url = "postgresql://nobody:secret@127.0.0.1:9/nothing"
    said = told(manage(folder, "set_limit", "image_count_total", "1", VITRINE_DATABASE_URL=url))
    assert said.startswith("vitrine: the database cannot be used: ")
    assert "secret" not in said


def test_what_django_cannot_do_without_a_setting_is_told(folder: Path) -> None:
    assert told(manage(folder, "collectstatic", "--no-input")).startswith("vitrine: ")


def test_a_misspelt_variable_ends_every_command(folder: Path) -> None:
    for command in ("serve", "migrate", "check"):
        done = manage(folder, command, VITRINE_DATABSE_URL="postgresql://db/vitrine")
        assert told(done) == (
            "vitrine: VITRINE_DATABSE_URL is no setting; did you mean VITRINE_DATABASE_URL?"
        )
    assert not (folder / "data").exists()


def test_a_port_of_many_digits_is_told(folder: Path) -> None:
    assert told(manage(folder, "check", VITRINE_PORT="9" * 400)).startswith(
        "vitrine: VITRINE_PORT must lie between 1 and 65535"
    )
