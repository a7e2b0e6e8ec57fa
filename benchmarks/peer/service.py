"""Glance behind uWSGI on loopback, with its own database on the shared PostgreSQL server."""

import importlib.metadata
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

import psycopg
from typing_extensions import override

from benchmarks import databases, processes
from benchmarks.peer import seed
from benchmarks.subject import BenchmarkError, Role, Subject

HERE = Path(__file__).parent
PROJECT = "5d7f1a3e9b2c4d6f8a0b1c2d3e4f5a6b"


class Glance(Subject):
    name = "glance"

    def __init__(self, folder: Path, postgres: str, *, workers: int, threads: int) -> None:
        self._folder = folder / "glance"
        self._postgres = postgres
        self._workers, self._threads = workers, threads
        self._process: subprocess.Popen[bytes] | None = None
        self._database = databases.address(postgres, "bench_glance")
        self._project = PROJECT
        self.port = processes.free_port()

    @override
    def start(self) -> None:
        venv = Path(
            subprocess.run(
                [HERE / "install"], check=True, stdout=subprocess.PIPE, text=True
            ).stdout.strip()
        )
        self._versions = _versions(venv)
        self._write_configuration()
        databases.create(self._postgres, "bench_glance")
        settings = ["--config-file", str(self._folder / "glance-api.conf")]
        self._run([str(venv / "bin/glance-manage"), *settings, "db_sync"])
        self._run(
            [
                str(venv / "bin/glance-manage"),
                *settings,
                "db_load_metadefs",
                str(venv / "etc/glance/metadefs"),
            ]
        )
        with (self._folder / "uwsgi.log").open("wb") as log:
            self._process = subprocess.Popen(
                [venv / "bin/uwsgi", "--ini", self._folder / "uwsgi.ini"],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=os.environ | {"OS_GLANCE_CONFIG_DIR": str(self._folder)},
            )
        processes.wait_until(self._answers, self._process, "Glance")

    @override
    def stop(self) -> None:
        if self._process is not None:
            processes.end(self._process)
            self._process = None

    @override
    def root_pid(self) -> int:
        if self._process is None:
            raise BenchmarkError("Glance does not run")
        return self._process.pid

    @override
    def project(self) -> str:
        return self._project

    def adopt(self, project: str) -> None:
        """Use the other service's project id, so that both hold the same rows."""
        self._project = project

    @override
    def headers(self, role: Role) -> Mapping[str, str]:
        roles = "admin,member,reader" if role == "admin" else "member,reader"
        return {"X-Auth-Token": f"bench:{self._project}:{roles}"}

    @override
    def seed(self, count: int, owners: Sequence[str]) -> None:
        with psycopg.connect(self._database, autocommit=True) as connection:
            seed.load(connection, count, owners)

    @override
    def facts(self) -> dict[str, str]:
        return self._versions | {
            "processes": str(self._workers),
            "threads per process": str(self._threads),
        }

    def _write_configuration(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        for name in ("images", "staging", "tasks", "locks"):
            (self._folder / name).mkdir(parents=True)
        values = {
            "port": self.port,
            "folder": self._folder,
            "here": HERE,
            "processes": self._workers,
            "threads": self._threads,
            "database": self._database.replace("postgresql:", "postgresql+psycopg2:", 1),
        }
        for file in (HERE / "etc").iterdir():
            (self._folder / file.name).write_text(Template(file.read_text()).substitute(values))

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if done.returncode:
            raise BenchmarkError(f"{Path(command[0]).name} failed:\n{done.stdout[-3000:]}")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/healthcheck", timeout=5
            ) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _versions(venv: Path) -> dict[str, str]:
    site = [str(p) for p in venv.glob("lib/python3*/site-packages")]
    wanted = ("glance", "glance_store", "SQLAlchemy", "uWSGI")
    return {
        d.name: d.version for d in importlib.metadata.distributions(path=site) if d.name in wanted
    }
