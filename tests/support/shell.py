"""The stock `openstack` client: each command in a process of its own, which has the client's modules already.

Loading them takes longer than most commands; so one process loads them and forks for each command. What runs is what
the installed program runs: `openstackclient.shell.main`, with the arguments, the environment and the streams of a call.
"""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

SECONDS = 240


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Run a command; its exit code, standard output and error text."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        code = _forking(os.getpid()).ask(
            {
                "arguments": list(arguments),
                "environment": dict(environment),
                "out": str(out),
                "err": str(err),
                "folder": str(Path.cwd()),
            }
        )
        return code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")


class _Forking:
    """The process that forks; it ends with the tests."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), "LC_ALL": "C.UTF-8"},
            text=True,
            start_new_session=True,
        )
        atexit.register(self.end)

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with self._process:
            atexit.unregister(self.end)

    def ask(self, call: Mapping[str, Any]) -> int:
        """The command's exit code. Whatever interrupts this ends the process: its answer would be the next one's."""
        into, answers = _pipe(self._process.stdin), _pipe(self._process.stdout)
        try:
            into.write(json.dumps(call) + "\n")
            into.flush()
            if not select.select([answers], [], [], SECONDS)[0]:
                raise TimeoutError(f"openstack {call['arguments']} takes more than {SECONDS} s")
            return int(answers.readline())
        except BaseException:
            _forking.cache_clear()
            self.end()
            raise


def _pipe(found: IO[str] | None) -> IO[str]:
    assert found is not None
    return found


@lru_cache(maxsize=1)
def _forking(_pid: int) -> _Forking:
    return _Forking()


def _become(call: Mapping[str, Any]) -> None:
    """Be the process of a command."""
    for number, path in ((0, os.devnull), (1, call["out"]), (2, call["err"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(call["environment"])
    os.chdir(call["folder"])
    sys.argv = ["openstack", *call["arguments"]]


def _serve() -> None:
    """Fork for each call; only this process needs the client's modules."""
    from openstackclient.shell import main

    while line := sys.stdin.readline():
        call = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(call)
            sys.exit(main())
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
