"""Keystone on SQLite, in a virtual environment of its own: its requirements never meet ours."""

import base64
import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from . import ports
from .environments import Environment
from .errors import StartFailed
from .folders import cache, locked, write_whole
from .processes import Account
from .service import Service

DEBIANS = Path("/usr/bin/python3")
PASSWORD = "vitrine-tests"  # of the user `admin`

CONFIGURATION = """\
[DEFAULT]
public_endpoint = {url}
use_stderr = true
[database]
connection = sqlite:///{home}/keystone.sqlite
sqlite_synchronous = false
[fernet_tokens]
key_repository = {home}/keys
[fernet_receipts]
key_repository = {home}/keys
[credential]
key_repository = {home}/keys
[cache]
# One process: what is revoked is forgotten at once, and an answer takes a third of the time.
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
"""
MANAGE = "import sys; from keystone.cmd.manage import main; sys.argv[0] = 'keystone-manage'; main()"
SERVE = """
import sqlalchemy
import waitress

@sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
def as_other_databases_do(connection, _):
    connection.execute("PRAGMA foreign_keys = ON")

from keystone.wsgi.api import application

# One thread: SQLite then never finds another writer, and Python's lock leaves no more anyway.
waitress.serve(application, host="127.0.0.1", port={port}, threads=1, channel_timeout=600)
"""


class Keystone(Service):
    """One Keystone with the domain Default, the usual roles, and `admin` on the project `admin`.

    Tests register the services that they start, each in a region of its own.
    """

    name = "keystone"
    variable = "VITRINE_TEST_KEYSTONE_URL"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v3"

    @property
    def program(self) -> Environment:
        return Environment("keystone", self._base_python())

    @property
    def tables(self) -> Path:
        folder = self.program.folder
        return folder.with_name(f"{folder.name}.sqlite")

    @property
    def python(self) -> Path:
        return self.program.python

    def missing_packages(self) -> list[str]:
        if self.program.folder.is_dir():
            return []
        probe = [str(self._base_python()), "-c", "import ensurepip, venv"]
        return ["python3-venv"] if self.account.run(probe, Path("/")).returncode else []

    def fetch(self) -> None:
        """Install Keystone into the cache, and an empty database beside it, unless they are there.

        The migrations take longer than all the rest of a first start.
        """
        self.program.install()
        if self.tables.exists():
            return
        with locked(cache() / f".{self.tables.name}.lock"), TemporaryDirectory() as folder:
            configuration = Path(folder) / "keystone.conf"
            configuration.write_text(f"[database]\nconnection = sqlite:///{folder}/tables\n")
            self._manage_as(Account.ours(), configuration, "db_sync")
            part = self.tables.with_suffix(".part")
            shutil.copy(f"{folder}/tables", part)
            part.chmod(0o644)
            part.rename(self.tables)

    def _base_python(self) -> Path:
        """The Python that runs this, or Debian's where the servers' account cannot reach that one."""
        mine = Path(sys.executable).resolve()
        reachable = self.account.run(["test", "-x", str(mine)], Path("/")).returncode == 0
        return mine if reachable else DEBIANS

    def prepare(self) -> None:
        self.account.require_access(self.program.folder, self.python)
        text = CONFIGURATION.format(url=self.url.removesuffix("/v3"), home=self.home)
        write_whole(self.home / "keystone.conf", text)
        if (self.home / "ready").exists():
            return
        for leftover in (self.home / "keystone.sqlite", self.home / "keys"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        shutil.copy(self.tables, self.home / "keystone.sqlite")
        self.account.own(self.home / "keystone.sqlite")
        self._make_key()
        address = [
            f"--bootstrap-{interface}-url={self.url}" for interface in ("public", "internal")
        ]
        secret = f"--bootstrap-password={PASSWORD}"
        self._manage("bootstrap", secret, "--bootstrap-region-id=RegionOne", *address)
        (self.home / "ready").touch()

    def _make_key(self) -> None:
        """What `keystone-manage fernet_setup` makes, without the seconds it takes to start."""
        keys = self.home / "keys"
        keys.mkdir(mode=0o700)
        for name in ("0", "1"):
            (keys / name).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
            (keys / name).chmod(0o600)
            self.account.own(keys / name)
        self.account.own(keys)

    def _manage(self, *arguments: str) -> None:
        output = self._manage_as(self.account, self.home / "keystone.conf", *arguments)
        with self.log.open("a") as log:
            log.write(output)

    def _manage_as(self, account: Account, configuration: Path, *arguments: str) -> str:
        options = [f"--config-file={configuration}", *arguments]
        done = account.run([str(self.python), "-c", MANAGE, *options], configuration.parent)
        if done.returncode:
            raise StartFailed(f"keystone-manage {arguments[0]} failed:\n{done.stdout[-3000:]}")
        return done.stdout

    def command(self) -> list[str]:
        return [str(self.python), "-c", SERVE.format(port=self.port)]

    def environment(self) -> dict[str, str]:
        return {
            "OS_KEYSTONE_CONFIG_FILES": f"{self.home}/keystone.conf",
            "PYTHONWARNINGS": "ignore",
        }

    def healthy(self) -> bool:
        return ports.answers(self.url)
