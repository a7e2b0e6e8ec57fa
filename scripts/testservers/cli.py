"""The commands: which servers they mean, side by side, and what is printed."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from . import folders, packages
from .elasticsearch import Elasticsearch, Elasticsearch9
from .errors import ServiceError, StartFailed
from .keystone import Keystone
from .mariadb import MariaDB
from .postgres import Postgres
from .rabbitmq import RabbitMQ
from .redis import Redis
from .report import say
from .service import Service
from .tools import TOOLS, PythonTool, Tool

SERVICES: dict[str, type[Service]] = {
    kind.name: kind
    for kind in (Postgres, Redis, RabbitMQ, Elasticsearch, Elasticsearch9, Keystone, MariaDB)
}
Part = Service | Tool | PythonTool
P = TypeVar("P", Service, Part)
USUAL = [name for name in SERVICES if name != Elasticsearch9.name]
DOWN = 3


def main(usage: str | None, arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; the result is the exit code."""
    os.umask(0o022)  # what root writes, the servers' account must be able to read
    options = _parser(usage).parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ServiceError as error:
        print(f"services: {error}", file=sys.stderr)
        return 1


def _parser(usage: str | None) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        usage=argparse.SUPPRESS, description=usage, formatter_class=raw
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", help=argparse.SUPPRESS)
    for command, names in (
        (install, "*"),
        (start, "*"),
        (env, None),
        (status, "*"),
        (stop, "*"),
        (restart, "+"),
        (kill, "+"),
    ):
        name = command.__name__
        sub = commands.add_parser(name, prog=f"services {name}", description=command.__doc__)
        sub.set_defaults(command=command)
        if command is not install:
            sub.add_argument("--dir", type=Path, default=folders.default_root(), metavar="DIR")
        if names:
            sub.add_argument("names", nargs=names, type=_known, metavar="NAME")
        if command is start:
            sub.add_argument("--durable", action="store_true", help="databases with fsync")
        if command is stop:
            sub.add_argument("--purge", action="store_true", help="remove the data too")
    return parser


def _known(name: str) -> str:
    if name not in SERVICES and name not in TOOLS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join([*SERVICES, *TOOLS])}")
    return name


def install(options: argparse.Namespace) -> int:
    """Fetch what is missing."""
    names = options.names or [*USUAL, *TOOLS]
    services = [SERVICES[name](Path("/nonexistent")) for name in names if name in SERVICES]
    _install_packages(names, services)
    return _side_by_side([*services, *_tools(names)], _fetch)


def start(options: argparse.Namespace) -> int:
    """Start servers, installing what is missing, and print the path of the env file."""
    names = options.names or USUAL
    root = folders.create_root(options.dir)
    services = _services(root, names)
    _install_packages(names, services)

    def bring_up(part: Part) -> None:
        part.fetch()
        if isinstance(part, Service):
            part.start(durable=options.durable)

    code = _side_by_side([*services, *_tools(names)], bring_up)
    print(_write_env(root))
    return code


def env(options: argparse.Namespace) -> int:
    """Print the env file."""
    path = folders.open_root(options.dir) / "env"
    if not path.exists():
        raise ServiceError(f"nothing was started in {options.dir}")
    print(path.read_text(), end="")
    return 0


def status(options: argparse.Namespace) -> int:
    """Show each server that was started here."""
    root = folders.open_root(options.dir)
    down = False
    for service in _started(root, options.names):
        process = service.state.process
        if service.running() and process:
            print(f"{service.name:15} running  pid {process.pid:<8} {service.url}")
        else:
            word = "down" if service.state.expected else "stopped"
            down = down or bool(service.state.expected or options.names)
            url = service.url if service.state.ports else ""
            print(f"{service.name:15} {word:8} {'':12} {url}".rstrip())
    return DOWN if down else 0


def stop(options: argparse.Namespace) -> int:
    """Stop servers."""
    root = folders.open_root(options.dir)
    servers = _started(root, options.names)
    code = _side_by_side(servers, lambda service: service.stop(purge=options.purge))
    if options.purge and not options.names and code == 0:
        folders.remove_root(root)
    else:
        _write_env(root)
    return code


def restart(options: argparse.Namespace) -> int:
    """Stop servers and start them on the same ports."""
    root = folders.open_root(options.dir)

    def again(service: Service) -> None:
        service.stop()
        service.start()

    code = _side_by_side(_started(root, options.names), again)
    _write_env(root)
    return code


def kill(options: argparse.Namespace) -> int:
    """SIGKILL servers; the env file keeps them, since they are to come back."""
    root = folders.open_root(options.dir)
    return _side_by_side(_started(root, options.names), lambda service: service.kill())


def _services(root: Path, names: Iterable[str]) -> list[Service]:
    return [SERVICES[name](root) for name in dict.fromkeys(names) if name in SERVICES]


def _tools(names: Iterable[str]) -> list[Tool | PythonTool]:
    return [TOOLS[name] for name in dict.fromkeys(names) if name in TOOLS]


def _started(root: Path, names: Sequence[str]) -> list[Service]:
    """The servers named, or all that were ever started in the folder."""
    if tools := [name for name in names if name in TOOLS]:
        raise ServiceError(f"{tools[0]} is only installed: tests run it themselves")
    known = _services(root, names or SERVICES)
    return [service for service in known if names or service.folder.exists()]


def _install_packages(names: Sequence[str], services: Sequence[Service]) -> None:
    """One apt-get for all, since two cannot run at the same time."""
    missing = [package for service in services for package in service.missing_packages()]
    for tool in _tools(names):
        missing += tool.missing_packages()
    packages.install(list(dict.fromkeys(missing)))


def _fetch(part: Part) -> None:
    part.fetch()
    say(part.name, "is installed")


def _side_by_side(parts: Sequence[P], act: Callable[[P], None]) -> int:
    """Act on all at once; a failure is shown with the server's log and leaves the others alone."""

    def attempt(part: P) -> bool:
        try:
            act(part)
        except (ServiceError, OSError) as error:
            if isinstance(error, StartFailed) and isinstance(part, Service):
                part.show_logs()
            say(part.name, f"FAILED: {error}")
            return False
        return True

    with ThreadPoolExecutor(max_workers=len(SERVICES) + len(TOOLS)) as pool:
        return 0 if all(list(pool.map(attempt, parts))) else 1


def _write_env(root: Path) -> Path:
    """Name every server that is to be running, and every tool that is there."""
    with folders.locked(root / ".env.lock"):
        services = _services(root, SERVICES)
        values = {service.variable: service.url for service in services if service.state.expected}
        values |= {tool.variable: tool.path for tool in TOOLS.values() if tool.path}
        return folders.write_env(root, values)
