"""Processes that outlive this program: started as an unprivileged account, and found again."""

import os
import pwd
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import ServiceError

# Servers get this and what they ask for, never the caller's variables: a stray PGPORT, RABBITMQ_*
# or JAVA_TOOL_OPTIONS would change what they do.
CLEAN_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
}


@dataclass(frozen=True)
class Process:
    """A process told from a later one with the same pid by the time it started."""

    pid: int
    started: int

    @classmethod
    def find(cls, pid: int) -> "Process | None":
        fields = _stat(pid)
        return cls(pid, int(fields[19])) if fields else None

    def alive(self) -> bool:
        fields = _stat(self.pid)
        if not fields or int(fields[19]) != self.started:
            return False
        # A first thread that has ended keeps its ports open as long as another one is about to.
        return fields[0] not in "ZX" or int(fields[17]) > 1

    def arguments(self) -> list[str]:
        try:
            return Path(f"/proc/{self.pid}/cmdline").read_text(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return []

    def signal(self, number: signal.Signals) -> None:
        if self.alive():
            os.kill(self.pid, number)

    def wait_gone(self, seconds: float) -> bool:
        """Whether the process ended within `seconds`."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def tree(self) -> "list[Process]":
        """The process and all that descend from it, parents first."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (fields := _stat(int(entry.name))):
                children.setdefault(int(fields[1]), []).append(int(entry.name))
        found, todo = [self], [self.pid]
        while todo:
            for pid in children.get(todo.pop(), []):
                if child := Process.find(pid):
                    found.append(child)
                    todo.append(pid)
        return found

    def kill_tree(self) -> None:
        """SIGKILL the process and its descendants, and wait until they are gone."""
        doomed = self.tree() if self.alive() else []
        for process in doomed:
            process.signal(signal.SIGKILL)
        for process in doomed:
            process.wait_gone(10)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command name, which may hold spaces and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


@dataclass(frozen=True)
class Account:
    """Who servers run as: ourselves, or `nobody` for root, whom two of the servers refuse."""

    uid: int
    gid: int

    @classmethod
    def for_servers(cls) -> "Account":
        if os.geteuid() != 0:
            return cls.ours()
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    @classmethod
    def ours(cls) -> "Account":
        return cls(os.geteuid(), os.getegid())

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid)

    def require_access(self, *paths: Path) -> None:
        """Refuse paths that the account cannot read or enter, such as those under root's home."""
        for path in paths:
            probe = ["test", "-r", str(path), "-a", "-x", str(path)]
            if self.run(probe, cwd=Path("/")).returncode:
                raise ServiceError(f"uid {self.uid}, as which the server runs, cannot reach {path}")

    def run(self, command: list[str], cwd: Path) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end; its output is in the result."""
        return subprocess.run(
            command,
            check=False,
            cwd=cwd,
            env=CLEAN_ENVIRONMENT | {"HOME": str(cwd)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            user=self._user,
            group=self._group,
            extra_groups=self._groups,
        )

    def spawn(
        self,
        command: list[str],
        home: Path,
        log: Path,
        environment: dict[str, str],
        cwd: Path | None = None,
    ) -> "subprocess.Popen[bytes]":
        """Start a command in a session of its own: it survives this program and its terminal."""
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=cwd or home,
                env=CLEAN_ENVIRONMENT | {"HOME": str(home)} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user,
                group=self._group,
                extra_groups=self._groups,
            )

    # Only root may change its identity; for others these stay unset.
    @property
    def _user(self) -> int | None:
        return self.uid if os.geteuid() == 0 else None

    @property
    def _group(self) -> int | None:
        return self.gid if os.geteuid() == 0 else None

    @property
    def _groups(self) -> list[int] | None:
        return [] if os.geteuid() == 0 else None
