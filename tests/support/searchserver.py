"""An Elasticsearch of a test's own, that may be killed without disturbing others."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.service import ROOT

VARIABLE = "VITRINE_TEST_ELASTICSEARCH_URL"


class SearchServer:
    """`scripts/services` in a folder that only this test uses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = ""

    def start(self) -> None:
        """Return once it answers, on the port it had before."""
        self._services("start")
        said = (self._folder / "env").read_text(encoding="utf-8")
        self.url = dict(line.split("=", 1) for line in said.splitlines())[VARIABLE]

    def kill(self) -> None:
        """SIGKILL."""
        self._services("kill")

    def stop(self) -> None:
        self._services("stop", "--purge")

    def _services(self, command: str, *options: str) -> None:
        done = subprocess.run(
            [
                str(ROOT / "scripts/services"),
                command,
                "elasticsearch",
                "--dir",
                str(self._folder),
                *options,
            ],
            capture_output=True,
            text=True,
            timeout=320,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def search_server() -> Iterator[SearchServer]:
    """A running server; its folder lies where the account that runs it can reach it."""
    base = Path(tempfile.mkdtemp(prefix="vitrine-crash-"))
    base.chmod(0o755)
    found = SearchServer(base / "services")
    try:
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(base, ignore_errors=True)
