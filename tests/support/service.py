"""The whole service as its users start it: `manage.py serve` in a folder of its own, in either profile."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.support import shell
from tests.support.keystone import OwnKeystone, clouds, own_keystone, prepare
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
PASSWORD = "a password for tests only"
PROFILES = ("embedded", "production-redis", "production-rabbitmq")
NEEDS = {
    "embedded": (),
    "keystone": ("VITRINE_TEST_KEYSTONE_URL",),
    "production-redis": (
        "VITRINE_TEST_POSTGRES_URL",
        "VITRINE_TEST_ELASTICSEARCH_URL",
        "VITRINE_TEST_REDIS_URL",
    ),
    "production-rabbitmq": (
        "VITRINE_TEST_POSTGRES_URL",
        "VITRINE_TEST_ELASTICSEARCH_URL",
        "VITRINE_TEST_RABBITMQ_URL",
    ),
}


def missing(profile: str) -> list[str]:
    """The variables of servers that the profile needs and that are not there."""
    return [name for name in NEEDS[profile] if not os.environ.get(name)]


@dataclass
class Service:
    """A running service; `environment` is what its commands need to speak of the same data."""

    folder: Path
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None)
    code: Path = ROOT
    keystone: OwnKeystone | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "service.log"

    def start(self, *, ready_within: float = 180) -> float:
        """Start it and wait until it is ready; how many seconds that took."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=self.code,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while True:
            if self.process.poll() is not None or time.monotonic() - began > ready_within:
                raise AssertionError(f"the service did not start:\n{self.log.read_text()[-6000:]}")
            if self.get("/healthz/ready")[0] == 200:
                return time.monotonic() - began
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it; its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(120)

    def get(self, path: str, token: str = "", **headers: str) -> tuple[int, bytes]:
        return self.call("GET", path, token=token, **headers)[:2]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        content_type: str = "application/json",
        **headers: str,
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers; status 0 when nobody answers."""
        data = (
            body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        )
        sent = {"Accept": "application/json", "Content-Type": content_type, **headers}
        if token:
            sent["X-Auth-Token"] = token
        url = path if path.startswith("http") else f"{self.url}{path}"
        request = urllib.request.Request(url, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read(), dict(error.headers)
        except OSError:
            return 0, b"", {}

    def token(self, user: str = "admin", password: str = PASSWORD, project: str = "admin") -> str:
        """A token by password."""
        domain = {"id": "default"}
        body = {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"name": user, "domain": domain, "password": password}},
                },
                "scope": {"project": {"name": project, "domain": domain}},
            }
        }
        identity = self.keystone.url if self.keystone else "/identity/v3"
        status, answer, headers = self.call("POST", f"{identity}/auth/tokens", body)
        assert status == 201, answer
        return {k.lower(): v for k, v in headers.items()}["x-subject-token"]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command beside the service."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.code,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def openstack(self, *arguments: str, cloud: str = "vitrine", expect: int = 0) -> str:
        """Run the stock client; its standard output, or with another expected code its error text."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "OS_CLIENT_CONFIG_FILE": str(self.folder / "clouds.yaml"),
        }
        code, out, err = shell.run(["--os-cloud", cloud, *arguments], environment)
        assert code == expect, f"openstack {' '.join(arguments)}: {code}\n{out}\n{err}"
        return out if expect == 0 else err


@contextmanager
def configured(folder: Path, profile: str = "embedded", **settings: str) -> Iterator[Service]:
    """A service that is not started yet; at the end it is stopped and its database dropped."""
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("VITRINE_", "DJANGO_"))}
    environment |= {
        "VITRINE_DATA_DIR": str(folder),
        "VITRINE_PORT": str(port),
        "VITRINE_ADMIN_PASSWORD": PASSWORD,
        "VITRINE_SEARCH_WAIT_LIMIT": "50",  # who waits for the index finds what is there, however slowly
        "HOME": str(folder),
    }
    name = f"e2e_{uuid.uuid4().hex[:12]}"
    with ExitStack() as ending:
        if profile.startswith("production"):
            environment |= _production(profile, name)
            ending.callback(_drop, name)
        service = Service(folder, port, environment | settings)
        if profile == "keystone":
            service.keystone = ending.enter_context(own_keystone())
            _at_keystone(service, service.keystone.url)
        ending.callback(_end, service)
        yield service


def _end(service: Service) -> None:
    if service.process is not None and service.process.poll() is None:
        service.stop()


def _at_keystone(service: Service, url: str) -> None:
    """Embedded but for who knows the users."""
    service.environment |= prepare(url, service.url, PASSWORD)
    text = json.dumps(clouds(url, PASSWORD))  # which is YAML too
    (service.folder / "clouds.yaml").write_text(text)


def _production(profile: str, name: str) -> dict[str, str]:
    postgres = os.environ["VITRINE_TEST_POSTGRES_URL"]
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    broker = os.environ[NEEDS[profile][2]]
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return {
        "VITRINE_PROFILE": "production",
        "VITRINE_DATABASE_URL": f"{postgres.rsplit('/', 1)[0]}/{name}",
        "VITRINE_BROKER_URL": f"{broker.rsplit('/', 1)[0]}/{3 + worker % 13}"
        if profile == "production-redis"
        else broker,
        # Services that share a broker take each other's hints: who lost one is told again before long.
        "VITRINE_JOB_LEASE": "10",
        "VITRINE_SEARCH_URL": os.environ["VITRINE_TEST_ELASTICSEARCH_URL"],
        "VITRINE_SEARCH_INDEX_PREFIX": name,
    }


def _drop(name: str) -> None:
    with psycopg.connect(os.environ["VITRINE_TEST_POSTGRES_URL"], autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
    server = os.environ["VITRINE_TEST_ELASTICSEARCH_URL"]
    with urllib.request.urlopen(f"{server}/{name}*?expand_wildcards=all", timeout=30) as answer:
        indexes = list(json.load(answer))
    for index in indexes:  # it deletes no pattern, only names
        request = urllib.request.Request(f"{server}/{index}", method="DELETE")
        urllib.request.urlopen(request, timeout=30).close()
