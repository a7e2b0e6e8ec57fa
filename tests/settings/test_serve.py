"""`manage.py serve` as an operator runs it: a real service in a folder of its own."""

import contextlib
import http.client
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.settings.test_supervisor import alive
from tests.support.ports import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PASSWORD = "chosen: by 'the' operator"
PATIENCE = 180.0
MERE_MORTAL = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
"""Before a command: files that may not be written are not written by root either."""


def environ(folder: Path) -> dict[str, str]:
    found = {k: v for k, v in os.environ.items() if not k.startswith("VITRINE_")}
    return found | {"VITRINE_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "settings.base"}


class Service:
    """A service that was started; `until_ready` waits for its line on standard output."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.folder = folder
        self.port = int(settings.setdefault("VITRINE_PORT", str(free_port())))
        handle, name = tempfile.mkstemp(prefix="vitrine-test-", suffix=".log")
        self.log = Path(name)
        with os.fdopen(handle, "a") as errors:
            self.process = subprocess.Popen(
                [*MERE_MORTAL, sys.executable, "manage.py", "serve", *arguments],
                cwd=ROOT,
                env=environ(folder) | settings,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def until_ready(self) -> str:
        assert self.process.stdout is not None
        said = ""
        while "Stop with" not in said:
            line = self.process.stdout.readline()
            assert line, self.log.read_text()
            said += line
        return said

    def pids(self) -> dict[str, int]:
        return dict(json.loads((self.folder / "run" / "serve.json").read_text()))

    def ask(
        self, method: str, path: str, document: Any = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {k.replace("_", "-"): v for k, v in headers.items()}
        try:
            body = None if document is None else json.dumps(document)
            connection.request(method, path, body, sent | {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            with contextlib.suppress(ValueError):
                return answer.status, answer.headers, json.loads(text)
            return answer.status, answer.headers, text.decode()
        finally:
            connection.close()

    def token(self, password: str) -> str:
        user = {"name": "admin", "domain": {"name": "Default"}, "password": password}
        scope = {"project": {"name": "admin", "domain": {"name": "Default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        status, headers, said = self.ask(
            "POST", "/identity/v3/auth/tokens", {"auth": {"identity": identity, "scope": scope}}
        )
        assert status == 201, said
        return str(headers["X-Subject-Token"])

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.log.unlink(missing_ok=True)


def until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if what():
                return
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    found = Service(tmp_path_factory.mktemp("served") / "data", VITRINE_ADMIN_PASSWORD=PASSWORD)
    try:
        found.said = found.until_ready()  # type: ignore[attr-defined]
        yield found
    finally:
        assert found.stop() == 0


def refused(folder: Path, *arguments: str, **settings: str) -> str:
    """The one line that a start which cannot work says; its exit code is 2."""
    service = Service(folder, *arguments, **settings)
    try:
        code = service.process.wait(PATIENCE)
        lines = service.log.read_text().splitlines()
    finally:
        service.stop()
    assert (code, len(lines)) == (2, 1), lines
    return lines[0]


def test_ready_line_comes_when_the_service_is_ready(service: Service) -> None:
    status, _, said = service.ask("GET", "/healthz/ready")
    assert (status, said["status"]) == (200, "ok")
    assert {"database", "search", "store", "broker"} <= set(said["parts"])
    told = service.said  # type: ignore[attr-defined]
    assert f"ready at http://127.0.0.1:{service.port}/" in told
    assert f"page                  http://127.0.0.1:{service.port}/ (sign in as admin)" in told
    clouds = shlex.quote(str(service.folder / "clouds.yaml"))
    assert f"export OS_CLIENT_CONFIG_FILE={clouds} OS_CLOUD=vitrine" in told


def test_files_with_secrets_are_private(service: Service) -> None:
    for name in ("secret_key", "admin_password", "clouds.yaml"):
        assert stat.S_IMODE((service.folder / name).stat().st_mode) == 0o600, name


def test_nothing_in_the_folder_is_for_others(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    service = Service(folder)
    try:
        service.until_ready()
        found = [one for one in folder.rglob("*") if not one.is_symlink()]
    finally:
        assert service.stop() == 0
    kept = [one for one in found if one.exists()]
    assert {"vitrine.sqlite3", "search", "blobs"} <= {one.name for one in kept}
    assert [one.relative_to(folder).as_posix() for one in kept if one.stat().st_mode & 0o007] == []


def test_clouds_file_lets_clients_in(service: Service) -> None:
    cloud = yaml.safe_load((service.folder / "clouds.yaml").read_text())["clouds"]["vitrine"]
    assert cloud["auth"]["auth_url"] == f"http://127.0.0.1:{service.port}/identity/v3"
    assert cloud["auth"]["password"] == PASSWORD
    token = service.token(cloud["auth"]["password"])
    status, _, said = service.ask("GET", "/image/v2/images", X_Auth_Token=token)
    assert (status, said["images"]) == (200, [])


def test_metrics_count_requests_and_what_is_owed(service: Service) -> None:
    service.ask("GET", "/image/v2/images")
    status, _, said = service.ask("GET", "/metrics")
    assert status == 200
    assert 'vitrine_request_seconds_count{method="GET",route="image",status="401"}' in said
    assert 'vitrine_deliveries{consumer="search",state="outstanding"}' in said
    assert 'vitrine_jobs{state="queued"}' in said


def test_unknown_address_is_a_problem_for_machines_and_a_page_for_people(service: Service) -> None:
    status, _, said = service.ask("GET", "/nothing-like-this")
    assert (status, said["code"]) == (404, "not_found")
    status, headers, _ = service.ask("GET", "/nothing-like-this", Accept="text/html")
    assert (status, headers.get_content_type()) == (404, "text/html")


def test_second_start_on_the_same_folder_is_refused(service: Service) -> None:
    said = refused(service.folder, VITRINE_PORT=str(free_port()))
    assert "is in use: another serve" in said
    assert str(service.pids()["supervisor"]) in said


def test_taken_port_is_told(service: Service, tmp_path: Path) -> None:
    said = refused(tmp_path / "data", VITRINE_PORT=str(service.port))
    assert said.startswith(f"vitrine: cannot listen on 127.0.0.1 port {service.port}: ")


def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "VITRINE_DATA_DIR: cannot" in refused(tmp_path / "file" / "data")


@pytest.mark.parametrize(
    ("variable", "name", "text", "said"),
    [
        ("VITRINE_LOG_FILE", "nowhere/x.log", "", "VITRINE_LOG_FILE: cannot write"),
        ("VITRINE_POLICY_FILE", "policy.yaml", "nonsense: [", "VITRINE_POLICY_FILE: cannot read"),
        ("VITRINE_POLICY_FILE", "policy.yaml", "- a list", "VITRINE_POLICY_FILE: cannot read"),
        (
            "VITRINE_POLICY_FILE",
            "policy.yaml",
            "get_images: 'role:a or'",
            "VITRINE_POLICY_FILE: cannot read",
        ),
        (
            "VITRINE_POLICY_FILE",
            "policy.yaml",
            "get_images: member",
            "VITRINE_POLICY_FILE: cannot read",
        ),
    ],
)
def test_file_that_cannot_be_used_is_told(
    tmp_path: Path, variable: str, name: str, text: str, said: str
) -> None:
    file = tmp_path / name
    if text:
        file.write_text(text)
    assert refused(tmp_path / "data", **{variable: str(file)}).startswith(f"vitrine: {said} {file}")


def test_password_that_nobody_may_have_is_told(tmp_path: Path) -> None:
    said = refused(tmp_path / "data", VITRINE_ADMIN_PASSWORD="x" * 4097)
    assert said == "vitrine: VITRINE_ADMIN_PASSWORD: A password must have 1 to 4096 characters."


def test_database_address_of_another_kind_is_told(tmp_path: Path) -> None:
    said = refused(tmp_path / "data", VITRINE_DATABASE_URL="mongodb://user:secret@db/x")
    assert said == "vitrine: VITRINE_DATABASE_URL must begin with postgresql:// or sqlite://"


def test_store_that_cannot_be_built_is_told(tmp_path: Path) -> None:
    config = tmp_path / "vitrine.toml"
    config.write_text("[stores.backends.local]\nbackend = 'tape'\n")
    service = Service(tmp_path / "data", VITRINE_CONFIG=str(config))
    try:
        code, said = service.process.wait(PATIENCE), service.log.read_text()
    finally:
        service.stop()
    assert code == 2
    (line,) = [line for line in said.splitlines() if line.startswith("vitrine: ")]
    assert "tape" in line
    assert "Traceback" not in said


def test_missing_database_server_is_told(tmp_path: Path) -> None:
    url = f"postgresql://nobody:secret@127.0.0.1:{free_port()}/nothing"
    said = refused(tmp_path / "data", VITRINE_DATABASE_URL=url)
    assert said.startswith("vitrine: the database cannot be used: ")
    assert "secret" not in said


@pytest.mark.parametrize("end", ["", "-wal"])
def test_database_file_of_another_user_is_told(tmp_path: Path, end: str) -> None:
    file = tmp_path / f"vitrine.sqlite3{end}"
    file.touch()
    file.chmod(0o444)
    assert refused(tmp_path) == f"vitrine: the database cannot be used: {file} cannot be written"


@pytest.mark.parametrize(
    "name", ["search", "search/lock", "blobs", "blobs/.partial", "broker/queue"]
)
def test_folder_of_another_user_is_told(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(parents=True, mode=0o555)
    said = refused(tmp_path)
    assert said == f"vitrine: VITRINE_DATA_DIR: cannot write {folder}: Permission denied"


def test_folders_that_cannot_be_written_any_more_are_not_ready(tmp_path: Path) -> None:
    service = Service(tmp_path)

    def failing() -> list[str]:
        parts = service.ask("GET", "/healthz/ready")[2]["parts"]
        return [name for name, one in parts.items() if not one["ok"]]

    try:
        service.until_ready()
        for name, part in (("search", "search"), ("blobs", "store")):
            (tmp_path / name).chmod(0o555)
            until(lambda part=part: failing() == [part])  # type: ignore[misc] # a default
            (tmp_path / name).chmod(0o755)
            until(lambda: service.ask("GET", "/healthz/ready")[0] == 200)
    finally:
        assert service.stop() == 0


@pytest.mark.parametrize("part", ["web", "worker"])
def test_tables_that_nobody_made_are_told_where_none_may_be_made(tmp_path: Path, part: str) -> None:
    said = refused(tmp_path / "data", "--no-migrate", "--only", part)
    assert said.startswith("vitrine: the database's tables are older than this version; ")


def test_missing_search_engine_is_told_in_lines_and_nowhere_by_address(tmp_path: Path) -> None:
    """The service is up all the same, and says so with what it lacks."""
    port = free_port()
    service = Service(
        tmp_path / "data",
        VITRINE_SEARCH_ENGINE="elasticsearch",
        VITRINE_SEARCH_URL=f"http://127.0.0.1:{port}",
    )
    try:
        told = service.until_ready()
        status, _, said = service.ask("GET", "/healthz/ready")
        log = service.log.read_text()
    finally:
        assert service.stop() == 0
    assert "  without search: Elasticsearch " in told
    assert (status, said["status"]) == (200, "degraded")
    part = said["parts"]["search"]
    assert (part["ok"], part["required"]) == (False, False)
    assert part["reason"].startswith("Elasticsearch "), "it is away now, or was a moment ago"
    assert str(port) not in json.dumps(said) + told.replace(str(service.port), "")
    assert "Traceback" not in log


@pytest.mark.parametrize("name", ["web-1", "worker", "relay"])
def test_killed_process_comes_back(service: Service, name: str) -> None:
    killed = service.pids()[name]
    os.kill(killed, signal.SIGKILL)
    until(lambda: service.pids().get(name, killed) != killed)
    until(lambda: service.ask("GET", "/healthz/ready")[0] == 200)


def test_stop_waits_for_an_upload(tmp_path: Path) -> None:
    service = Service(tmp_path / "data", VITRINE_ADMIN_PASSWORD=PASSWORD)
    service.until_ready()
    token = service.token(PASSWORD)
    document = {"name": "slow", "disk_format": "raw", "container_format": "bare"}
    _, _, image = service.ask("POST", "/image/v2/images", document, X_Auth_Token=token)
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
        head = (
            f"PUT /image/v2/images/{image['id']}/file HTTP/1.1\r\nHost: x\r\n"
            f"X-Auth-Token: {token}\r\nContent-Type: application/octet-stream\r\n"
            "Content-Length: 8\r\n\r\n"
        )
        connection.sendall(head.encode() + b"1234")
        path = f"/image/v2/images/{image['id']}"
        until(lambda: service.ask("GET", path, X_Auth_Token=token)[2]["status"] == "saving")
        service.process.send_signal(signal.SIGINT)
        time.sleep(1)
        assert service.process.poll() is None
        connection.sendall(b"5678")
        assert connection.recv(4096).startswith(b"HTTP/1.1 204 ")
    assert service.process.wait(PATIENCE) == 0
    service.stop()


def test_stop_tells_an_upload_that_it_cuts_off_to_come_back(tmp_path: Path) -> None:
    service = Service(
        tmp_path / "data", VITRINE_ADMIN_PASSWORD=PASSWORD, VITRINE_SHUTDOWN_GRACE="1"
    )
    service.until_ready()
    token = service.token(PASSWORD)
    document = {"name": "cut", "disk_format": "raw", "container_format": "bare"}
    _, _, image = service.ask("POST", "/image/v2/images", document, X_Auth_Token=token)
    path = f"/image/v2/images/{image['id']}"
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
        head = (
            f"PUT {path}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\n"
            "Content-Type: application/octet-stream\r\nContent-Length: 8\r\n\r\n"
        )
        connection.sendall(head.encode() + b"1234")
        until(lambda: service.ask("GET", path, X_Auth_Token=token)[2]["status"] == "saving")
        service.process.send_signal(signal.SIGTERM)
        answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: " in answer.lower()
    assert service.process.wait(PATIENCE) == 0
    service.stop()
    again = Service(tmp_path / "data", VITRINE_PORT=str(service.port))
    again.until_ready()
    token = again.token(PASSWORD)
    assert again.ask("GET", path, X_Auth_Token=token)[2]["status"] == "queued"
    assert again.stop() == 0


def test_start_after_the_supervisor_was_killed(tmp_path: Path) -> None:
    first = Service(tmp_path / "data", VITRINE_SHUTDOWN_GRACE="1")
    first.until_ready()
    password = (tmp_path / "data" / "admin_password").read_text().strip()
    pids = first.pids()
    first.process.kill()
    first.process.wait()
    second = Service(tmp_path / "data", VITRINE_PORT=str(first.port))  # at once
    second.until_ready()
    assert not any(alive(pid) for pid in pids.values())
    first.stop()
    assert second.token(password)
    assert second.stop() == 0
