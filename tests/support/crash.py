"""The real service in a folder of its own, whose processes a test kills."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PASSWORD = "of-the-crash-tests"
BRIEF = {
    "VITRINE_ARTIFACTS_UPLOAD_LEASE": "2",
    "VITRINE_DELIVERY_LEASE": "2",
    "VITRINE_JOB_LEASE": "2",
    "VITRINE_SEARCH_RELAY_POLL": "0.5",
    "VITRINE_SHUTDOWN_GRACE": "5",
    "VITRINE_WEB_WORKERS": "2",
    "VITRINE_LOG_FORMAT": "text",
}
"""Short leases, so that a test need not wait long for what they end."""


class Service:
    """`manage.py serve` with its children; everything it keeps lies below `folder`."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "serve.log"
        self._points = folder / "points"
        self._points.mkdir(parents=True)
        self.port = _free_port()
        self.environment = (
            {k: v for k, v in os.environ.items() if not k.startswith("VITRINE_")}
            | {
                "DJANGO_SETTINGS_MODULE": os.environ.get(
                    "VITRINE_TEST_SERVICE_SETTINGS", "settings.base"
                ),
                "VITRINE_DATA_DIR": str(self.data),
                "VITRINE_PORT": str(self.port),
                "VITRINE_ADMIN_PASSWORD": PASSWORD,
                "VITRINE_FAILPOINTS_ONCE": str(self._points),
            }
            | BRIEF
            | dict(environment or {})
        )

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.until(self.ready, 90, "ready")

    def stop(self) -> None:
        """End it in order; AssertionError, after killing it, when it does not."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its children end by themselves
            self._process.wait(10)
            raise AssertionError(f"the service did not stop\n{self.tail()}") from None

    def ready(self) -> bool:
        assert self._process.poll() is None, f"the service ended\n{self.tail()}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3)
        try:
            connection.request("GET", "/healthz/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def until(self, what: Callable[[], Any], seconds: float, wish: str) -> None:
        """Wait until `what` is true; AssertionError with the log's end when it does not come true."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, f"not {wish} within {seconds} s\n{self.tail()}"
            time.sleep(0.05)

    def processes(self) -> dict[str, int]:
        """The running children by name (`web-1`, `worker`, `relay`), as the supervisor notes them."""
        try:
            noted = json.loads((self.data / "run" / "serve.json").read_text())
        except FileNotFoundError:
            return {}
        return {
            name: pid
            for name, pid in noted.items()
            if name != "supervisor" and _parent(pid) == self._process.pid
        }

    def kill(self, name: str) -> int | None:
        """SIGKILL a child; its process id, or None when it is not running at the moment."""
        pid = self.processes().get(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return pid

    def arm(self, point: str) -> None:
        """Let the next process that passes the point be killed there."""
        new = self._points / f".{point}"
        new.write_text("kill", encoding="ascii")
        new.rename(self._points / point)

    def disarm(self, point: str) -> None:
        (self._points / point).unlink(missing_ok=True)

    def fired(self, point: str) -> list[int]:
        """The processes that were killed at the point."""
        return [int(path.suffix[1:]) for path in self._points.glob(f"{point}.*")]

    def tail(self, lines: int = 60) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _parent(pid: int) -> int:
    """The parent of a living process; 0 when there is none."""
    try:
        state, parent = (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split(maxsplit=2)[:2]
        )
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if state == "Z" else int(parent)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
