"""`scripts/services` as a caller sees it, with the quickest of its servers."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

SCRIPT = Path(__file__).parents[2] / "scripts/services"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own folder: the account that runs the servers could not enter it."""
    base = Path(tempfile.mkdtemp(prefix="vitrine-services-test-"))
    base.chmod(0o755)
    yield base / "servers"
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    def call(command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        line = [str(SCRIPT), command, "--dir", str(folder), *arguments]
        return subprocess.run(line, capture_output=True, text=True, timeout=280, check=False)

    yield call
    call("stop", "--purge")


def addresses(folder: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())


def ping(url: str) -> bytes:
    host, port = url.removeprefix("redis://").removesuffix("/0").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"PING\r\n")
        return connection.recv(100)


@pytest.mark.redis
def test_a_killed_server_comes_back_where_it_was(run: Run, folder: Path) -> None:
    first = run("start", "redis")
    assert first.stdout == f"{folder}/env\n", first.stderr
    url = addresses(folder)["VITRINE_TEST_REDIS_URL"]
    assert ping(url) == b"+PONG\r\n"

    assert "already runs" in run("start", "redis").stderr
    assert run("status").returncode == 0

    assert run("kill", "redis").returncode == 0
    assert run("status").returncode == 3
    assert "VITRINE_TEST_REDIS_URL" in run("env").stdout
    with pytest.raises(ConnectionRefusedError):
        ping(url)

    assert run("start", "redis").returncode == 0
    assert addresses(folder)["VITRINE_TEST_REDIS_URL"] == url
    assert ping(url) == b"+PONG\r\n"


@pytest.mark.redis
def test_a_stopped_server_leaves_the_env_file_and_purged_it_leaves_nothing(
    run: Run, folder: Path
) -> None:
    run("start", "redis")
    assert run("stop", "redis").returncode == 0
    assert "VITRINE_TEST_REDIS_URL" not in addresses(folder)
    assert run("stop", "--purge").returncode == 0
    assert not folder.exists()


@pytest.mark.redis
@pytest.mark.postgresql
def test_a_server_that_fails_is_named_and_the_others_stay(run: Run, folder: Path) -> None:
    run("start", "redis")
    port = int(addresses(folder)["VITRINE_TEST_REDIS_URL"].rpartition(":")[2].removesuffix("/0"))
    run("stop", "redis")
    with socket.create_server(("127.0.0.1", port)):
        started = run("start", "redis", "postgres")
    assert started.returncode == 1
    assert f"redis: FAILED: port {port} was taken" in started.stderr
    assert set(addresses(folder)) >= {"VITRINE_TEST_POSTGRES_URL"}
    assert "VITRINE_TEST_REDIS_URL" not in addresses(folder)
    assert "running" in run("status", "postgres").stdout


@pytest.mark.redis
def test_a_server_that_dies_at_once_shows_its_log(run: Run, folder: Path) -> None:
    run("start", "redis")
    run("stop", "redis")
    # Redis cannot load this, whatever the account.
    (folder / "redis/home/dump.rdb").write_bytes(b"not a dump")
    started = run("start", "redis")
    assert started.returncode == 1
    assert "redis: FAILED: it ended before it was healthy" in started.stderr
    assert "Fatal error loading the DB" in started.stderr


@pytest.mark.mariadb
def test_a_killed_database_keeps_what_was_committed(run: Run, folder: Path) -> None:
    assert run("start", "mariadb").returncode == 0

    def ask(statement: str) -> list[str]:
        url = sa.make_url(addresses(folder)["VITRINE_TEST_MARIADB_URL"])
        engine = sa.create_engine(url.set(drivername="mysql+pymysql"), poolclass=sa.NullPool)
        with engine.begin() as connection:
            done = connection.execute(sa.text(statement))
            return list(done.scalars()) if done.returns_rows else []

    ask("CREATE DATABASE kept")
    ask("CREATE TABLE kept.words (word text)")
    ask("INSERT INTO kept.words VALUES ('Größe 🐧')")
    assert run("kill", "mariadb").returncode == 0
    assert run("start", "mariadb").returncode == 0
    assert ask("SELECT word FROM kept.words") == ["Größe 🐧"]


def test_a_folder_of_something_else_is_refused(run: Run, folder: Path) -> None:
    folder.mkdir()
    (folder / "precious").touch()
    assert "holds something else" in run("start", "redis").stderr
    assert run("stop", "--purge").returncode == 1
    assert (folder / "precious").exists()


def test_an_unknown_name_is_refused_with_the_known_ones(run: Run) -> None:
    refused = run("start", "mongodb")
    assert refused.returncode == 2
    assert "postgres, redis, rabbitmq, elasticsearch" in refused.stderr
