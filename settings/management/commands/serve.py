"""`manage.py serve`: the whole service by one command."""

import argparse
import shlex
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from typing_extensions import override

from artifacts import configured_stores
from catalog.conf import ConfigurationError, section
from catalog.errors import CatalogError
from catalog.notifications import notices
from search.conf import SearchConfig
from settings import folders
from settings.celery import app as celery_app
from settings.composition import build
from settings.sections import BrokerConfig, HttpConfig
from settings.serving import children, credentials, preparation
from settings.serving.readiness import Readiness
from settings.serving.supervisor import Child, Supervisor

ROLES = ("web", "worker", "relay", "notifier")


class Command(BaseCommand):
    help = (
        "Run the service until Ctrl-C or SIGTERM: web processes, background work and the search relay. "
        "What is missing is made first: folders, tables, an administrator."
    )
    requires_system_checks: list[str] = []

    @override
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--no-migrate", action="store_true", help="leave the tables as they are"
        )
        parser.add_argument("--only", choices=ROLES, help="run one part, where parts run apart")

    @override
    def handle(self, *_: Any, **options: Any) -> None:
        only: str | None = options["only"]
        roles = (only,) if only else _roles()
        http = section(HttpConfig)
        preparation.keep_private()
        preparation.allow_many_files()
        run = folders.prepare(settings.DATA_DIR)
        folders.require_writable(_kept(settings.DATA_DIR))
        held = preparation.lock(run, roles)
        kept: list[Child] = []
        listening: socket.socket | None = None
        tick: Callable[[], None] = partial(self._say_once, [f"Vitrine's {only} runs."])
        if "web" in roles:
            preparation.forget_metrics(run)
            listening = preparation.listen(http)
            web = partial(children.web, build(), listening, http)
            kept += [Child(f"web-{n}", web, listens=True) for n in range(1, http.web_workers + 1)]
        if "worker" in roles:
            kept.append(Child("worker", partial(children.worker, celery_app, http)))
        if "relay" in roles:
            kept.append(Child("relay", children.relay))
        if "notifier" in roles:
            kept.append(Child("notifier", children.notifier))
        preparation.configuration()
        preparation.database(migrate=not options["no_migrate"])
        if listening is not None:
            found = _credentials()
            tick = Readiness(http, partial(self._announce, found), self._tell)
        preparation.leave_database()
        supervisor = Supervisor(
            kept,
            grace=http.shutdown_grace + 8,  # what web processes do once their time is over is short
            register=run / f"{only or 'serve'}.json",
            listening=listening,
        )
        code = supervisor.run(tick)
        del held  # the locks lasted until here
        sys.exit(code)

    def _say_once(self, lines: list[str]) -> None:
        while lines:
            self.stdout.write(lines.pop(0))
        self.stdout.flush()

    def _announce(self, found: credentials.Credentials, lacking: Mapping[str, str]) -> None:
        self._say_once(list(_welcome(found, lacking)))

    def _tell(self, sentence: str) -> None:
        self.stderr.write(f"vitrine: {sentence}")


def _credentials() -> credentials.Credentials:
    try:
        with preparation.usable():
            return credentials.prepare(settings.DATA_DIR)
    except CatalogError as error:
        raise ConfigurationError([f"VITRINE_ADMIN_PASSWORD: {error.message}"]) from None


def _kept(data_dir: Path) -> Iterator[Path]:
    """What lies in the data folder and is written all the time, as far as it is not configured to lie elsewhere."""
    if section(SearchConfig).engine == "embedded":
        yield from (data_dir / "search", data_dir / "search" / "lock")
    if not configured_stores.several():
        yield from (data_dir / "blobs", data_dir / "blobs" / ".partial")
    if not section(BrokerConfig).url:
        yield data_dir / "broker"
        yield from (data_dir / "broker" / name for name in ("queue", "control"))


def _roles() -> tuple[str, ...]:
    """All parts; nobody publishes notifications that nobody is told of."""
    return tuple(one for one in ROLES if one != "notifier" or notices.on())


def _welcome(found: credentials.Credentials, lacking: Mapping[str, str]) -> Iterable[str]:
    address = credentials.address()
    yield f"Vitrine is ready at {address}/"
    for name, reason in lacking.items():
        yield f"  without {name}: {reason}"
    yield f"  the page                  {address}/{' (sign in as admin)' if found.clouds else ''}"
    if found.password is not None:
        yield f"  administrator's password  {found.password}"
    if found.clouds is not None:
        yield f"  clouds.yaml               {found.clouds}"
        yield "Try:"
        file = shlex.quote(str(found.clouds))
        yield f"  export OS_CLIENT_CONFIG_FILE={file} OS_CLOUD={credentials.CLOUD}"
        yield "  openstack image list"
    yield "Stop with Ctrl-C."
