"""Vitrine on loopback: two web processes, PostgreSQL, Redis as broker, the embedded search unless told otherwise.

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
from benchmarks.subject import BenchmarkError, Role, Subject

ROOT = Path(__file__).parents[2]
PROJECT = "bench"


class Vitrine(Subject):
    name = "vitrine"
    prefix = "/image"

    def __init__(self, folder: Path, postgres: str, broker: str, *, workers: int) -> None:
        self._folder = folder / "vitrine"
        self._postgres = postgres
        self._process: subprocess.Popen[bytes] | None = None
        self._tokens: dict[Role, str] = {}
        self._project = ""
        self._password = secrets.token_urlsafe(12)
        self.port = processes.free_port()
        self._environment = _configuration(workers) | {
            "DJANGO_SETTINGS_MODULE": "settings.base",
            "VITRINE_PROFILE": "production",
            "VITRINE_DATA_DIR": str(self._folder),
            "VITRINE_PORT": str(self.port),
            "VITRINE_DATABASE_URL": databases.address(postgres, "bench_vitrine"),
            "VITRINE_BROKER_URL": broker,
            "VITRINE_ADMIN_PASSWORD": self._password,
        }

    @override
    def start(self) -> None:
        databases.create(self._postgres, "bench_vitrine")
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder.parent / "vitrine.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=os.environ | self._environment,
            )
        processes.wait_until(self._ready, self._process, "Vitrine")
        self._project = self._make_identity()

    @override
    def stop(self) -> None:
        if self._process is not None:
            processes.end(self._process)
            self._process = None

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
        for role, user in (("member", "bench"), ("admin", "admin")):
            self._tokens[role] = self._token(user, PROJECT)  # type: ignore[index]

    @override
    def seed(self, count: int, owners: Sequence[str]) -> None:
        command = [sys.executable, "-m", "benchmarks.vitrine.seed", str(count)]
        done = subprocess.run(
            command,
            check=False,
            cwd=ROOT,
            env=os.environ | self._environment,
            input="\n".join(owners),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            raise BenchmarkError(f"filling Vitrine failed:\n{done.stdout[-3000:]}")

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
        """A project, a user with `member` and `reader` there, the administrator with `admin`; the project's id."""
        token = self._token("admin", "admin")
        roles = {r["name"]: r["id"] for r in self._identity("GET", "/roles", None, token)["roles"]}
        project = str(
            self._identity("POST", "/projects", {"project": {"name": PROJECT}}, token)["project"][
                "id"
            ]
        )
        user = {"name": "bench", "password": self._password}
        user_id = self._identity("POST", "/users", {"user": user}, token)["user"]["id"]
        [admin] = self._identity("GET", "/users?name=admin", None, token)["users"]
        for who, role in ((user_id, "member"), (user_id, "reader"), (admin["id"], "admin")):
            self._identity(
                "PUT", f"/projects/{project}/users/{who}/roles/{roles[role]}", None, token
            )
        self.renew_tokens()
        return project

    def _token(self, user: str, project: str) -> str:
        domain = {"id": "default"}
        password = {"user": {"name": user, "domain": domain, "password": self._password}}
        scope = {"project": {"name": project, "domain": domain}}
        auth = {
            "auth": {"identity": {"methods": ["password"], "password": password}, "scope": scope}
        }
        with self._call("POST", "/auth/tokens", auth, None) as answer:
            return str(answer.headers["X-Subject-Token"])

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


def _configuration(workers: int) -> dict[str, str]:
    presets = {
        "VITRINE_WEB_WORKERS": str(workers),
        "VITRINE_SEARCH_ENGINE": "embedded",
        "VITRINE_SEARCH_URL": "http://127.0.0.1:9",  # the production profile asks for one; nothing speaks to it
    }
    return presets | {
        name: value for name, value in os.environ.items() if name.startswith("VITRINE_")
    }
