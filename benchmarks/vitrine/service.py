"""Vitrine on loopback: on PostgreSQL and Redis, with the embedded search unless Elasticsearch is there; or, without
servers, in the embedded profile.

Any `VITRINE_*` variable of the caller's environment is passed on and wins, but for those that name places.
"""

import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

from benchmarks import databases, processes
from benchmarks.infrastructure import Servers
from benchmarks.subject import BenchmarkError, Role, Subject

ROOT = Path(__file__).parents[2]
PROJECT = "bench"
DATABASE = "bench_vitrine"


class Vitrine(Subject):
    name = "vitrine"
    prefix = "/image"

    def __init__(
        self, folder: Path, servers: Servers | None, *, workers: int, **settings: str
    ) -> None:
        """`servers` None: the embedded profile; `settings` are further variables, which no others override."""
        self._folder = folder / "vitrine"
        self._servers = servers
        self._process: subprocess.Popen[bytes] | None = None
        self._tokens: dict[Role, str] = {}
        self._project = ""
        self._password = secrets.token_urlsafe(12)
        self.port = processes.free_port()
        self._environment = (
            _configuration(workers, servers)
            | {
                "DJANGO_SETTINGS_MODULE": "settings.base",
                "VITRINE_DATA_DIR": str(self._folder),
                "VITRINE_PORT": str(self.port),
                "VITRINE_ADMIN_PASSWORD": self._password,
            }
            | _places(servers)
            | settings
        )

    @override
    def start(self) -> None:
        if self._servers is not None:
            databases.create(self._servers.postgres, DATABASE)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._launch()
        self._project = self._make_identity()

    def _launch(self) -> None:
        with (self._folder.parent / "vitrine.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=os.environ | self._environment,
            )
        processes.wait_until(self._ready, self._process, "Vitrine")

    @override
    def stop(self) -> None:
        if self._process is not None:
            processes.end(self._process)
            self._process = None

    def restart(self) -> None:
        """Stop it, by force where it does not stop in time, and start it on the same data."""
        self.stop()
        self._launch()

    @override
    def root_pid(self) -> int:
        if self._process is None:
            raise BenchmarkError("Vitrine does not run")
        return self._process.pid

    @override
    def project(self) -> str:
        return self._project

    @override
    def headers(self, role: Role) -> Mapping[str, str]:
        return {"X-Auth-Token": self._tokens[role]}

    def renew_tokens(self) -> None:
        """Fresh tokens for both roles; a token outlives any single measure."""
        for role, user in (("member", PROJECT), ("admin", "admin")):
            self._tokens[role] = self.token(user, PROJECT)  # type: ignore[index]

    @override
    def seed(self, count: int, owners: Sequence[str]) -> None:
        self._run("-m", "benchmarks.vitrine.seed", str(count), sent="\n".join(owners))

    def index(self) -> None:
        """Build the search index of what `seed` left."""
        self._run("manage.py", "rebuild_index")

    def _run(self, *arguments: str, sent: str = "") -> None:
        done = subprocess.run(
            [sys.executable, *arguments],
            check=False,
            cwd=ROOT,
            env=os.environ | self._environment,
            input=sent,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            raise BenchmarkError(f"{' '.join(arguments)} failed:\n{done.stdout[-3000:]}")

    @override
    def facts(self) -> dict[str, str]:
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            check=False,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.strip()
        shown = ("VITRINE_PROFILE", "VITRINE_WEB_WORKERS", "VITRINE_SEARCH_ENGINE")
        return {"commit": commit} | {name: self._environment[name] for name in shown}

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/healthz/ready", timeout=5
            ) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _make_identity(self) -> str:
        """The measured client's project, in which the administrator has `admin` as well; the project's id."""
        project = self.enrol(PROJECT)
        token = self.token("admin", "admin")
        [admin] = self._identity("GET", "/users?name=admin", None, token)["users"]
        self._grant(token, project, admin["id"], "admin")
        self.renew_tokens()
        return project

    def enrol(self, name: str) -> str:
        """A new project, and a user of the same name with `member` and `reader` there; the project's id."""
        token = self.token("admin", "admin")
        document = {"project": {"name": name}}
        project = self._identity("POST", "/projects", document, token)["project"]["id"]
        user = {"name": name, "password": self._password}
        user_id = self._identity("POST", "/users", {"user": user}, token)["user"]["id"]
        self._grant(token, project, user_id, "member", "reader")
        return str(project)

    def _grant(self, token: str, project: str, user: str, *roles: str) -> None:
        ids = {r["name"]: r["id"] for r in self._identity("GET", "/roles", None, token)["roles"]}
        for role in roles:
            self._identity(
                "PUT", f"/projects/{project}/users/{user}/roles/{ids[role]}", None, token
            )

    def token(self, user: str, project: str) -> str:
        """A token of the administrator, or of somebody who was enrolled."""
        with self._call("POST", "/auth/tokens", self.signing_in(user, project), None) as answer:
            return str(answer.headers["X-Subject-Token"])

    def signing_in(self, user: str, project: str) -> dict[str, Any]:
        """What such a user sends to sign in."""
        domain = {"id": "default"}
        password = {"user": {"name": user, "domain": domain, "password": self._password}}
        scope = {"project": {"name": project, "domain": domain}}
        return {
            "auth": {"identity": {"methods": ["password"], "password": password}, "scope": scope}
        }

    def child_pid(self, name: str) -> int:
        """The process that the supervisor calls so: `web-1`, `worker`, `relay`."""
        return int(json.loads((self._folder / "run" / "serve.json").read_text())[name])

    def _identity(self, method: str, path: str, document: Any, token: str) -> Any:
        with self._call(method, path, document, token) as answer:
            return json.loads(answer.read() or b"null")

    def _call(self, method: str, path: str, document: Any, token: str | None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/identity/v3{path}",
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={
                "Content-Type": "application/json",
                **({"X-Auth-Token": token} if token else {}),
            },
        )
        try:
            return urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            raise BenchmarkError(
                f"Vitrine: {method} {path} answered {error.code}: {error.read()[:300]!r}"
            ) from None


def _configuration(workers: int, servers: Servers | None) -> dict[str, str]:
    presets = {
        "VITRINE_WEB_WORKERS": str(workers),
        "VITRINE_SEARCH_ENGINE": "embedded",
        "VITRINE_IMAGES_COUNT_LIMIT": "0",  # the population has them all in one project
    }
    if servers is not None:
        # The production profile asks for one; without an Elasticsearch nothing speaks to it.
        presets["VITRINE_SEARCH_URL"] = servers.elasticsearch or "http://127.0.0.1:9"
        if servers.elasticsearch:
            presets["VITRINE_SEARCH_ENGINE"] = "elasticsearch"
    return presets | {
        name: value for name, value in os.environ.items() if name.startswith("VITRINE_")
    }


def _places(servers: Servers | None) -> dict[str, str]:
    if servers is None:
        return {"VITRINE_PROFILE": "embedded"}
    return {
        "VITRINE_PROFILE": "production",
        "VITRINE_DATABASE_URL": databases.address(servers.postgres, DATABASE),
        "VITRINE_BROKER_URL": servers.redis,
    }
