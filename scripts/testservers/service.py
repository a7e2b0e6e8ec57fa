"""What all servers have in common: a folder, ports that stay, one process, and its health."""

import json
import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

from . import ports
from .errors import ServiceError, StartFailed
from .folders import locked, write_whole
from .processes import Account, Process
from .report import START, say, show_end


@dataclass
class State:
    """What is remembered between commands, in the server's `state.json`."""

    ports: dict[str, int] = field(default_factory=dict)
    process: Process | None = None
    expected: bool = False  # started and not stopped since; stays true when the server is killed
    durable: bool = False

    @classmethod
    def read(cls, path: Path) -> "State":
        if not path.exists():
            return cls()
        values = json.loads(path.read_text())
        values["process"] = Process(**values["process"]) if values["process"] else None
        return cls(**values)

    def write(self, path: Path) -> None:
        write_whole(path, json.dumps(asdict(self), indent=1))


class Service(ABC):
    """One server in one folder; a server's module says only how it differs."""

    name: ClassVar[str]
    variable: ClassVar[str]
    port_names: ClassVar[tuple[str, ...]] = ("main",)
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, root: Path) -> None:
        self.folder = root / self.name
        self.home = self.folder / "home"  # the only part that the server's account may write
        self.log = self.folder / "server.log"
        self.account = Account.for_servers()
        self.timeout = float(os.environ.get("VITRINE_SERVICES_TIMEOUT", "300"))
        self.state = State.read(self._state_file)

    # What a server says about itself

    @property
    @abstractmethod
    def url(self) -> str:
        """The address given to tests."""

    @abstractmethod
    def missing_packages(self) -> list[str]:
        """The Debian packages still to install."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command that runs the server in the foreground."""

    @abstractmethod
    def healthy(self) -> bool:
        """Whether the server answers as it should."""

    def fetch(self) -> None:  # noqa: B027 - few servers need it
        """Get what Debian's packages do not give."""

    def prepare(self) -> None:  # noqa: B027 - as above
        """Write configuration before each start, and data before the first."""

    @property
    def data(self) -> Path:
        """Where a server that keeps data has it."""
        return self.home / "data"

    def make_data(self, fill: Callable[[Path], "subprocess.CompletedProcess[str]"]) -> None:
        """Fill the data folder before the first start; one that was interrupted starts over. StartFailed."""
        if self.data.exists():
            return
        part = self.home / "data.part"  # renamed when complete
        shutil.rmtree(part, ignore_errors=True)
        done = fill(part)
        with self.log.open("a") as log:
            log.write(done.stdout)
        if done.returncode:
            raise StartFailed("its data could not be made")
        part.rename(self.data)

    def environment(self) -> dict[str, str]:
        """Variables for the server."""
        return {}

    def launch(self) -> Process:
        """Start the server's process, not waiting until it is healthy."""
        child = self.account.spawn(self.command(), self.home, self.log, self.environment())
        process = Process.find(child.pid)
        if process is None:
            raise StartFailed("it ended at once")
        return process

    def clean_up(self) -> None:  # noqa: B027 - as above
        """End helper processes after a stop."""

    def logs(self) -> list[Path]:
        """Logs worth showing when the server fails, the most telling one last."""
        return [self.log]

    # What the commands do

    @property
    def port(self) -> int:
        return self.state.ports["main"]

    def running(self) -> bool:
        return self.state.process is not None and self.state.process.alive()

    def start(self, *, durable: bool = False) -> None:
        """Bring the server up unless it runs; return when it is healthy."""
        begun = time.monotonic()
        with self._changing():
            self.state.expected = False  # until it is known to be healthy
            if self.running():
                how = "already runs"
                if durable and not self.state.durable:
                    say(self.name, "runs without --durable; `stop` it first to change that")
            else:
                how = "started"
                self.state.durable = durable or self.state.durable
                self._run()
            self._await_health()
            self.state.expected = True
        say(self.name, f"{how} on 127.0.0.1:{self.port} ({time.monotonic() - begun:.1f} s)")

    def stop(self, *, purge: bool = False) -> None:
        """End the server in an orderly way, and with `purge` forget its data and ports."""
        with self._changing():
            self.state.expected = False
            self.end()
            self.clean_up()
            if purge:
                shutil.rmtree(self.home, ignore_errors=True)
                self.log.unlink(missing_ok=True)
                self.state = State()
        if purge:
            shutil.rmtree(self.folder, ignore_errors=True)
        say(self.name, "stopped, data removed" if purge else "stopped")

    def kill(self) -> None:
        """SIGKILL the server and what it forked; it stays expected, on its port."""
        with self._changing():
            if not self.running() or not (process := self.state.process):
                raise ServiceError("does not run")
            process.kill_tree()
        say(self.name, f"killed pid {process.pid}")

    # How

    @property
    def _state_file(self) -> Path:
        return self.folder / "state.json"

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the server's lock, on fresh state, and write the state however it ends."""
        self.folder.mkdir(exist_ok=True)
        with locked(self.folder / ".lock"):
            self.state = State.read(self._state_file)
            try:
                yield
            finally:
                self.state.write(self._state_file)

    def _run(self) -> None:
        self.state.process = None
        self._claim_ports()
        self.home.mkdir(exist_ok=True)
        self.account.own(self.home)
        self.account.require_access(self.home)
        with self.log.open("a") as log:
            log.write(f"{START} {time.strftime('%F %T')} start on port {self.port}\n")
        self.prepare()
        self.remember(self.launch())

    def _claim_ports(self) -> None:
        """Choose ports at the first start; later see that the one promised to tests is free."""
        if not self.state.ports:
            chosen = ports.choose(len(self.port_names))
            self.state.ports = dict(zip(self.port_names, chosen, strict=True))
        elif not ports.is_free(self.port):
            advice = f"`stop {self.name} --purge` allows another"
            raise ServiceError(f"port {self.port} was taken by another program; {advice}")

    def _await_health(self) -> None:
        deadline = time.monotonic() + self.timeout
        while not self.healthy():
            if not self.running():
                raise StartFailed("it ended before it was healthy")
            if time.monotonic() > deadline:
                self.end()
                raise StartFailed(f"not healthy after {self.timeout:.0f} s")
            time.sleep(0.1)

    def end(self) -> None:
        """Stop the process, or more than one where a launcher came first."""
        while self.running() and (process := self.state.process):
            process.signal(self.stop_signal)
            if not process.wait_gone(30):
                say(self.name, "does not stop; killing it")
                process.kill_tree()
        self.state.process = None

    def remember(self, process: Process | None) -> None:
        """Write down the process at once: should this program be interrupted, it must be found."""
        self.state.process = process
        self.state.write(self._state_file)

    def show_logs(self) -> None:
        for log in self.logs():
            show_end(self.name, log)
