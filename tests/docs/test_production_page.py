"""The page about production is executed as written: settings, tables, and the units that run the parts."""

import os
import shlex
import signal
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from configparser import RawConfigParser
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, blocks, execute, workplace
from tests.support.patience import eventually
from tests.support.service import PASSWORD, Service, configured

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

PAGE = DOCS / "how-to" / "run-in-production.md"
PARTS = ("web", "worker", "relay")


@pytest.mark.postgresql
@pytest.mark.elasticsearch
@pytest.mark.redis
def test_production_page(tmp_path: Path) -> None:
    """The page's settings make the tables, its units run the parts, and the parts work together."""
    folder = workplace(tmp_path)
    with configured(tmp_path / "var", "production-redis") as service:
        given = service.environment
        words = {
            "/etc/vitrine": str(tmp_path / "etc"),
            "postgresql://vitrine:secret@db.example/vitrine": given["VITRINE_DATABASE_URL"],
            "redis://queue.example/0": given["VITRINE_BROKER_URL"],
            "http://search.example:9200": f"{given['VITRINE_SEARCH_URL']}\n"
            f"VITRINE_SEARCH_INDEX_PREFIX={given['VITRINE_SEARCH_INDEX_PREFIX']}\n"
            f"VITRINE_ADMIN_PASSWORD={shlex.quote(PASSWORD)}",
            "VITRINE_DATA_DIR=/var/lib/vitrine": f"VITRINE_DATA_DIR={tmp_path / 'var'}",
            "VITRINE_PORT=9292": f"VITRINE_PORT={service.port}",
        }
        execute(PAGE, folder, words, leaves=["etc", "etc/env"])
        with _units(folder, tmp_path / "etc" / "env"):
            eventually(lambda: service.get("/healthz/ready")[0] == 200, seconds=240)
            _find_what_was_made(service)
            proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "vitrine.example"}
            _, _, headers = service.call("GET", "/sign-in", **proxied)
            assert "; Secure" in {k.lower(): v for k, v in headers.items()}["set-cookie"]
            _, body, _ = service.call("GET", "/image/versions", **proxied)
            assert b"https://vitrine.example/image/v2/" in body


def _find_what_was_made(service: Service) -> None:
    token, name = service.token(), f"made-{uuid.uuid4().hex}"
    assert service.call("POST", "/image/v2/images", {"name": name}, token=token)[0] == 201
    question = {"query": {"term": {"name.raw": name}}}
    status, body, _ = service.call(
        "POST", "/search/v1/search?consistency=wait", question, token=token
    )
    assert (status, name.encode() in body) == (200, True)


@contextmanager
def _units(folder: Path, env: Path) -> Iterator[None]:
    """Each part as its unit starts it; all must end well when they are asked to."""
    (unit,) = [one.text for one in blocks(PAGE) if one.kind == "ini"]
    parsed = RawConfigParser(strict=False)
    parsed.read_string(unit)
    command = parsed["Service"]["ExecStart"].removeprefix(
        parsed["Service"]["WorkingDirectory"] + "/"
    )
    started = [_started(command.replace("%i", part), folder, _read(env)) for part in PARTS]
    try:
        yield
        for one in started:
            one.send_signal(signal.SIGTERM)
        assert [one.wait(120) for one in started] == [0, 0, 0]
    finally:
        for one in started:
            with suppress(ProcessLookupError):
                one.kill()
            one.wait()


def _started(command: str, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with (folder / "units.log").open("ab") as log:
        return subprocess.Popen(
            shlex.split(command), cwd=folder, env=environment, stdout=log, stderr=log
        )


def _read(env: Path) -> dict[str, str]:
    pairs = [line.partition("=") for line in env.read_text().splitlines()]
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(env.parent),
        **{name: shlex.split(value)[0] for name, _, value in pairs},
    }
