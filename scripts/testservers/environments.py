"""Python programs in virtual environments of their own, so that their requirements never meet ours."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import ServiceError
from .folders import cache, locked
from .report import say


@dataclass(frozen=True)
class Environment:
    """What `<name>.txt` beside this file pins, installed in the cache by `base`."""

    name: str
    base: Path = Path(sys.executable)

    @property
    def requirements(self) -> Path:
        return Path(__file__).with_name(f"{self.name}.txt")

    @property
    def folder(self) -> Path:
        """Named by what makes it: another Python or other pins get another one."""
        content = str(self.base).encode() + self.requirements.read_bytes()
        return cache() / f"{self.name}-{hashlib.sha256(content).hexdigest()[:12]}"

    @property
    def python(self) -> Path:
        """To be run with `-m` or `-c`: the folder was renamed, and its scripts do not know."""
        return self.folder / "bin/python"

    def install(self) -> None:
        """Make the environment, unless it is there."""
        if self.folder.is_dir():
            return
        cache().mkdir(parents=True, exist_ok=True)
        with locked(cache() / f".{self.folder.name}.lock"):
            if self.folder.is_dir():
                return
            say(self.name, "installing it with pip, which takes a minute")
            part = self.folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            self._make(part)
            part.rename(self.folder)

    def _make(self, folder: Path) -> None:
        pip = [str(folder / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        install = ["install", "--quiet", "--no-cache-dir", "--require-hashes"]
        for command in (
            [str(self.base), "-m", "venv", str(folder)],
            [*pip, *install, "--requirement", str(self.requirements)],
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
                raise ServiceError(f"{self.name} could not be installed:\n{done.stdout[-3000:]}")
