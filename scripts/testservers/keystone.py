"""Keystone on SQLite, in a virtual environment of its own: its requirements never meet ours."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import ports
from .errors import ServiceError, StartFailed
from .folders import cache, locked, write_whole
from .report import say
from .service import Service

REQUIREMENTS = Path(__file__).with_name("keystone.txt")
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
# What is revoked is refused at once: tests are about the caches of who asks.
enabled = false
[identity]
password_hash_rounds = 4
"""
MANAGE = "import sys; from keystone.cmd.manage import main; sys.argv[0] = 'keystone-manage'; main()"
# One thread: SQLite then never finds another writer, and Python's lock leaves no more anyway.
SERVE = (
    "import waitress; from keystone.wsgi.api import application as found;"
    " waitress.serve(found, host='127.0.0.1', port={port}, threads=1, channel_timeout=600)"
)


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
    def environment_folder(self) -> Path:
        """Named by what makes it: another Python or other pins get another one."""
        content = str(self._base_python()).encode() + REQUIREMENTS.read_bytes()
        return cache() / f"keystone-{hashlib.sha256(content).hexdigest()[:12]}"

    @property
    def python(self) -> Path:
        return self.environment_folder / "bin/python"

    def missing_packages(self) -> list[str]:
        if self.environment_folder.is_dir():
            return []
        probe = [str(self._base_python()), "-c", "import ensurepip, venv"]
        return ["python3-venv"] if self.account.run(probe, Path("/")).returncode else []

    def fetch(self) -> None:
        """Install Keystone into the cache, unless it is there."""
        if self.environment_folder.is_dir():
            return
        cache().mkdir(parents=True, exist_ok=True)
        with locked(cache() / f".{self.environment_folder.name}.lock"):
            if self.environment_folder.is_dir():
                return
            say(self.name, "installing it with pip, which takes a minute")
            part = self.environment_folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            self._install(part)
            part.rename(self.environment_folder)

    def _install(self, folder: Path) -> None:
        """Only `python -m` is used later, so that the folder may be renamed when it is complete."""
        pip = [str(folder / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        install = ["install", "--quiet", "--no-cache-dir", "--require-hashes"]
        for command in (
            [str(self._base_python()), "-m", "venv", str(folder)],
            [*pip, *install, "--requirement", str(REQUIREMENTS)],
        ):
            done = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if done.returncode:
                raise ServiceError(f"Keystone could not be installed:\n{done.stdout[-3000:]}")

    def _base_python(self) -> Path:
        """The Python that runs this, or Debian's where the servers' account cannot reach that one."""
        mine = Path(sys.executable).resolve()
        reachable = self.account.run(["test", "-x", str(mine)], Path("/")).returncode == 0
        return mine if reachable else DEBIANS

    def prepare(self) -> None:
        self.account.require_access(self.environment_folder, self.python)
        text = CONFIGURATION.format(url=self.url.removesuffix("/v3"), home=self.home)
        write_whole(self.home / "keystone.conf", text)
        if (self.home / "ready").exists():
            return
        for leftover in (self.home / "keystone.sqlite", self.home / "keys"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        self._make_key()
        self._manage("db_sync")
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
        options = [f"--config-file={self.home}/keystone.conf", *arguments]
        done = self.account.run([str(self.python), "-c", MANAGE, *options], self.home)
        with self.log.open("a") as log:
            log.write(done.stdout)
        if done.returncode:
            raise StartFailed(f"keystone-manage {arguments[0]} failed")

    def command(self) -> list[str]:
        return [str(self.python), "-c", SERVE.format(port=self.port)]

    def environment(self) -> dict[str, str]:
        return {
            "OS_KEYSTONE_CONFIG_FILES": f"{self.home}/keystone.conf",
            "PYTHONWARNINGS": "ignore",
        }

    def healthy(self) -> bool:
        return ports.answers(self.url)
