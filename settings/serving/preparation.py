"""What `serve` sees to before any process starts: folders, lock, port, database, tables, the first administrator.

Whatever is wrong here is told as a ConfigurationError: a sentence for people, no traceback.
"""

import contextlib
import errno
import fcntl
import logging
import os
import resource
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from django.core import checks
from django.core.management import call_command
from django.db import Error, connection, connections

from catalog.conf import ConfigurationError
from catalog.errors import first_line
from catalog.migrations_state import UNUSABLE, migrations_pending
from settings import folders
from settings.sections import HttpConfig

log = logging.getLogger("vitrine.serve")

ORPHANS_END = 60.0
"""Seconds that what a killed supervisor left is given to end."""
OLD_TABLES = "the database's tables are older than this version"
MIGRATING = 0x76697472
"""Key of the PostgreSQL advisory lock under which one node migrates while the others wait."""


def allow_many_files() -> None:
    """Raise the number of open files to what the system allows: every connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def keep_private() -> None:
    """Let nothing that is made from now on be for other users of the machine: rows hold hashes, the index all names."""
    os.umask(os.umask(0o077) | 0o007)


def lock(run: Path, roles: Iterable[str]) -> list[IO[str]]:
    """Hold each role's lock file until the process and its children end; refuse a second holder.

    Children of a supervisor that was killed end by themselves a little later: they are waited for.
    """
    held: list[IO[str]] = []
    for role in roles:
        file = (run / f"{role}.lock").open("a+", encoding="ascii")
        until = time.monotonic() + ORPHANS_END
        while not _locked(file):
            file.seek(0)
            holder = file.read().strip() or "unknown"
            if _alive(holder) or time.monotonic() > until:
                raise ConfigurationError(
                    [f"{run.parent} is in use: another serve (process {holder}) runs its {role}"]
                )
            time.sleep(0.1)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        held.append(file)
    return held


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(process: str) -> bool:
    """Whether there is such a process; without /proc nobody knows, and it may be."""
    try:
        state = Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2]
    except OSError:
        return not Path("/proc/self/stat").exists()
    return not state.lstrip().startswith("Z")


def forget_metrics(run: Path) -> None:
    """Remove the counters that processes of an earlier run left."""
    for file in (run / "metrics").glob("*.db"):
        file.unlink(missing_ok=True)


def listen(config: HttpConfig) -> socket.socket:
    """The socket that all web processes accept from."""
    where = f"{config.host} port {config.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigurationError([f"VITRINE_HOST: {config.host}: {error.strerror}"]) from None
    found = socket.socket(family, kind, protocol)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
        found.listen(2048)
    except OSError as error:
        found.close()
        other = "VITRINE_HOST" if error.errno == errno.EADDRNOTAVAIL else "VITRINE_PORT"
        raise ConfigurationError(
            [f"cannot listen on {where}: {error.strerror}; {other} chooses another"]
        ) from None
    return found


def configuration() -> None:
    """Run Django's checks: errors end the start, warnings go to the log."""
    said = [one for one in checks.run_checks() if not one.is_silenced()]
    if wrong := [f"{one.msg} ({one.id})" for one in said if one.is_serious()]:
        raise ConfigurationError(wrong)
    for one in said:
        log.warning("%s (%s)", one.msg, one.id)


def database(*, migrate: bool) -> None:
    """Reach the database and, if asked, bring its tables up to date; nothing is written when they are.

    Tables that are older than the code, and may not be changed here, end the start: every request would fail.
    """
    with usable():
        _writable()
        connection.ensure_connection()
        if migrate:
            with _alone():
                if migrations_pending():
                    call_command("migrate", interactive=False, verbosity=0)
        elif migrations_pending():
            raise ConfigurationError([f"{OLD_TABLES}; manage.py migrate brings them up to date"])


@contextlib.contextmanager
def usable() -> Iterator[None]:
    """Tell what the database refuses as a ConfigurationError."""
    try:
        yield
    except Error as error:
        raise ConfigurationError([f"{UNUSABLE}: {first_line(error)}"]) from None


def _writable() -> None:
    """Refuse SQLite's files of another user: reading would work, and so hide that nothing else does."""
    if connection.vendor == "sqlite":
        for end in ("", "-wal", "-shm"):
            file = Path(f"{connection.settings_dict['NAME']}{end}")
            if not folders.writable(file):
                raise ConfigurationError([f"{UNUSABLE}: {file} cannot be written"])


def leave_database() -> None:
    """Close connections before processes fork: none may be shared."""
    connections.close_all()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Keep other nodes from migrating the same PostgreSQL database; SQLite has the data folder's lock."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATING])
