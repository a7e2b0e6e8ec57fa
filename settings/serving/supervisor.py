"""Keeping processes alive: children are forked from one loaded parent, watched, restarted and stopped in order.

Forking after everything is imported makes a start fast (one import for all) and the memory shared. Each child has a
session of its own, so a terminal's Ctrl-C reaches only the supervisor, which then asks each child to finish. Every
child holds the reading end of a pipe that only the supervisor can write to: when the supervisor is gone, however it
went, the pipe ends and the child stops itself.
"""

import contextlib
import gc
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from catalog.conf import ConfigurationError

log = logging.getLogger("vitrine.serve")

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
SETTLED = 10.0
WRONG_CONFIGURATION = 2
ECHO = 1.0
"""`make`, `timeout` and service managers signal a whole group and its members: the second within these seconds is
the first one again. A later one says that there is no time to finish."""


@dataclass(slots=True)
class Child:
    """A process to keep: `run` is called in it, and what it returns is its exit code."""

    name: str
    run: Callable[[], int]
    listens: bool = False
    pid: int = 0
    started: float = 0.0
    start_at: float = 0.0
    delay: float = FIRST_DELAY


class Supervisor:
    """Runs the children until a signal; they may take `grace` seconds to finish, and within `echo` seconds a further
    signal says nothing new.
    """

    def __init__(
        self,
        children: Iterable[Child],
        *,
        grace: float,
        register: Path,
        listening: socket.socket | None,
        echo: float = ECHO,
    ) -> None:
        self._children = list(children)
        self._grace = grace
        self._register = register
        self._listening = listening
        self._echo = echo
        self._signals: list[float] = []
        self._lifeline = os.pipe()
        self._woken, self._waking = socket.socketpair()

    def run(self, tick: Callable[[], None]) -> int:
        """Start all, call `tick` about four times a second, stop all; the exit code for the whole."""
        self._listen_to_signals()
        gc.collect()
        gc.freeze()  # or the children's collectors would write to every page they share with this process
        code = 0
        try:
            while not self._signals and not code:
                self._start_due()
                self._wait(0.25)
                code = self._reap()
                tick()
        finally:
            stopped = self._stop()
        return code or stopped

    def _listen_to_signals(self) -> None:
        self._woken.setblocking(False)
        self._waking.setblocking(False)
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)
        for number in STOPPING:
            signal.signal(number, lambda *_: self._signals.append(time.monotonic()))
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _wait(self, seconds: float) -> None:
        select.select([self._woken], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)

    def _start_due(self) -> None:
        moment = time.monotonic()
        for child in self._children:
            if not child.pid and child.start_at <= moment:
                self._fork(child)
                self._write_register()

    def _fork(self, child: Child) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        child.started = time.monotonic()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # none may reach the child as the parent
        child.pid = os.fork()
        if child.pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
            return
        code = 1
        try:
            self._become(child)
            code = child.run()
        except ConfigurationError as error:
            code = WRONG_CONFIGURATION
            for problem in error.problems:
                sys.stderr.write(f"vitrine: {problem}\n")
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:
            log.exception("%s failed", child.name)
        finally:
            with contextlib.suppress(BaseException):
                logging.shutdown()
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _become(self, child: Child) -> None:
        signal.set_wakeup_fd(-1)
        for number in (*STOPPING, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        os.setsid()
        os.close(self._lifeline[1])
        if self._listening is not None and not child.listens:
            self._listening.close()
        threading.current_thread().name = child.name
        threading.Thread(target=self._outlive, name="lifeline", daemon=True).start()

    def _outlive(self) -> None:
        """In a child: wait for the supervisor's end, then finish, then be gone."""
        os.read(self._lifeline[0], 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(self._grace)
        os.kill(os.getpid(), signal.SIGKILL)

    def _reap(self) -> int:
        """Note who ended and when to start it again; not 0 when a child found its configuration wrong."""
        for child in self._children:
            if not child.pid:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if not pid:
                continue
            child.pid = 0
            code = os.waitstatus_to_exitcode(status)
            if self._signals:
                continue
            if code == WRONG_CONFIGURATION:
                return code
            moment = time.monotonic()
            if moment - child.started >= SETTLED:
                child.delay = FIRST_DELAY
            child.start_at = moment + child.delay
            log.error(
                "%s ended with %d; it starts again in %g s",
                child.name,
                code,
                child.delay,
                extra={"child": child.name, "exit_code": code},
            )
            child.delay = min(child.delay * 2, LONGEST_DELAY)
        return 0

    def _stop(self) -> int:
        """Ask every child to finish, wait, and kill what does not; 1 when something had to be killed."""
        if self._listening is not None:
            self._listening.close()
        self._signal_all(signal.SIGTERM)
        end = time.monotonic() + self._grace
        while any(c.pid for c in self._children) and time.monotonic() < end:
            if self._hurried():
                log.warning("stopping at once")
                break
            self._wait(0.1)
            self._forget_ended()
        killed = [c.name for c in self._children if c.pid]
        for child in self._children:
            if child.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
        self._register.unlink(missing_ok=True)
        if killed:
            log.error("killed: %s", ", ".join(killed))
        return 1 if killed else 0

    def _hurried(self) -> bool:
        times = self._signals
        return len(times) > 1 and times[-1] - times[0] >= self._echo

    def _signal_all(self, number: int) -> None:
        for child in self._children:
            if child.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, number)

    def _forget_ended(self) -> None:
        for child in self._children:
            if child.pid and os.waitpid(child.pid, os.WNOHANG)[0]:
                child.pid = 0

    def _write_register(self) -> None:
        """Who runs under which process id, for people and for tests."""
        running = {"supervisor": os.getpid()} | {c.name: c.pid for c in self._children if c.pid}
        new = self._register.with_suffix(".new")
        try:
            new.write_bytes(orjson.dumps(running, option=orjson.OPT_INDENT_2))
            new.replace(self._register)
        except OSError as error:  # nobody's work depends on it, and a full disk is not for ever
            log.warning("cannot write %s: %s", self._register, error.strerror)
