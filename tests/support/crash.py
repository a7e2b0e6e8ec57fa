"""The whole service with short leases, whose processes a test kills: at a failpoint, or at any moment."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from tests.support.service import ROOT, Service, configured

BRIEF = {
    "VITRINE_ARTIFACTS_RESTORE_GRACE": "0",  # the checker expects what is deleted to be gone
    "VITRINE_ARTIFACTS_UPLOAD_LEASE": "3",
    "VITRINE_DELIVERY_LEASE": "2",
    "VITRINE_IDENTITY_TOKEN_LIFETIME": "86400",  # clients sign in once, and many kills take their time
    "VITRINE_JOB_LEASE": "2",
    "VITRINE_NOTIFICATIONS_DRIVER": "log",
    "VITRINE_NOTIFICATIONS_LEASE": "2",
    "VITRINE_SEARCH_RELAY_POLL": "0.5",
    "VITRINE_SHUTDOWN_GRACE": "5",
    "VITRINE_WEB_WORKERS": "2",
    "VITRINE_LOG_FORMAT": "text",
}
"""Short leases: what they end is taken back soon."""


class Victim:
    """A service's processes, by the names the supervisor gives them: `web-1`, `web-2`, `worker`, `relay`."""

    def __init__(self, service: Service, points: Path) -> None:
        self.service, self._points = service, points

    def start(self) -> None:
        self._points.mkdir()
        self.service.start()

    def processes(self) -> dict[str, int]:
        """The running children and their process ids."""
        try:
            noted = json.loads((self.service.folder / "run" / "serve.json").read_text())
        except FileNotFoundError:
            return {}
        supervisor = noted.pop("supervisor")
        return {name: pid for name, pid in noted.items() if _parent(pid) == supervisor}

    def name_of(self, pid: int) -> str:
        """What a child is called; empty when it has ended already."""
        return next((name for name, one in self.processes().items() if one == pid), "")

    def kill(self, name: str) -> int | None:
        """SIGKILL a child; its process id, or None when it is not running at the moment."""
        pid = self.processes().get(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return pid

    def kill_all(self) -> None:
        """SIGKILL the supervisor and every child, and wait until none is there."""
        assert self.service.process is not None
        children = self.processes().values()
        self.service.process.kill()
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.service.process.wait(60)
        end = time.monotonic() + 60
        while any(map(_parent, children)):
            assert time.monotonic() < end, "a killed process lives on"
            time.sleep(0.05)

    def arm(self, point: str, action: str = "kill") -> None:
        """Let the next process that passes the point be killed there, or do another action of a failpoint."""
        for earlier in self._fired(point):
            earlier.unlink()
        new = self._points / f".{point}"
        new.write_text(action, encoding="ascii")
        new.rename(self._points / point)

    def disarm(self, point: str) -> None:
        (self._points / point).unlink(missing_ok=True)

    def fired(self, point: str) -> list[int]:
        """The processes that passed the point since it was armed: none, or one."""
        return [int(path.suffix[1:]) for path in self._fired(point)]

    def _fired(self, point: str) -> list[Path]:
        return list(self._points.glob(f"{point}.*[0-9]"))

    def until(self, what: Callable[[], Any], seconds: float, wish: str) -> None:
        """Wait until `what` is true; AssertionError with the log's end when it does not come true."""
        end = time.monotonic() + seconds
        while not what():
            assert self.service.process is not None
            assert self.service.process.poll() is None, f"the service ended\n{self.tail()}"
            assert time.monotonic() < end, f"not {wish} within {seconds:g} s\n{self.tail()}"
            time.sleep(0.05)

    def tail(self, lines: int = 80) -> str:
        """The end of the log."""
        text = self.service.log.read_text(errors="replace") if self.service.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


@contextmanager
def victim(
    folder: Path, profile: str = "embedded", *, code: Path = ROOT, **settings: str
) -> Iterator[Victim]:
    """A service that is ready; at the end it is stopped, and killed where it does not stop.

    `code`: where its program lies.
    """
    points = folder / "points"
    folder.mkdir(parents=True, exist_ok=True)
    own = BRIEF | {"VITRINE_FAILPOINTS_ONCE": str(points)} | settings
    with configured(folder, profile, **own) as service:
        service.code = code
        found = Victim(service, points)
        found.start()
        yield found


@contextmanager
def beside(first: Victim, folder: Path, **settings: str) -> Iterator[Victim]:
    """Another machine of the same service: processes and a data folder of its own, the same database and stores."""
    folder.mkdir(parents=True)
    known = first.service
    (folder / "blobs").symlink_to(known.folder / "blobs")
    port = free_port()
    own = {
        "VITRINE_DATA_DIR": str(folder),
        "VITRINE_PORT": str(port),
        "VITRINE_SECRET_KEY": (known.folder / "secret_key").read_text(),
        "VITRINE_FAILPOINTS_ONCE": str(folder / "points"),
        "HOME": str(folder),
    }
    found = Victim(Service(folder, port, known.environment | own | settings), folder / "points")
    found.service.code = known.code
    try:
        found.start()
        yield found
    finally:
        if found.service.process is not None and found.service.process.poll() is None:
            found.service.stop()


def _parent(pid: int) -> int:
    """The parent of a living process; 0 when there is none."""
    try:
        state, parent = (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split(maxsplit=2)[:2]
        )
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if state == "Z" else int(parent)
