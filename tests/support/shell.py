"""The stock `openstack` client: each command in a process of its own, which has the client's modules already.

Loading them takes longer than most commands; so one process loads them and forks for each command. What runs is what
the installed program runs: `openstackclient.shell.main`, with the arguments, the environment, the folder and the streams
of a call.
"""

import atexit
import importlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

SECONDS = 240
_PLUGINS = ("openstack.common", "openstack.identity.v3", "openstack.image.v2")
_PROGRAM = """\
#!{python} -IS
import json, os, socket, sys

with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as forking:
    forking.connect({path!r})
    call = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
    socket.send_fds(forking, [json.dumps(call).encode()], [0, 1, 2])
    sys.exit(int(forking.recv(16) or b"1"))
"""


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Run a command; its exit code, standard output and error text."""
    with (
        Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as forking,
    ):
        forking.settimeout(SECONDS)
        forking.connect(_forking(os.getpid()).path)
        call = {
            "arguments": [*arguments],
            "environment": dict(environment),
            "folder": str(Path.cwd()),
        }
        streams = [one.fileno() for one in (nothing, out, err)]
        socket.send_fds(forking, [json.dumps(call).encode()], streams)
        code = int(forking.recv(16) or b"1")
        out.seek(0)
        err.seek(0)
        return code, out.read().decode(), err.read().decode()


def install(folder: Path) -> None:
    """Put a program `openstack` into the folder, for scripts that find it by PATH."""
    program = folder / "openstack"
    text = _PROGRAM.format(python=sys.executable, path=_forking(os.getpid()).path)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)


class _Forking:
    """The process that forks; it ends with the tests, however they end."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="openstack-")
        self.path = f"{self._folder.name}/socket"
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
        atexit.register(self._end)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with self._process:
            self._folder.cleanup()


@lru_cache(maxsize=1)
def _forking(_pid: int) -> _Forking:
    return _Forking()


def _become(call: Mapping[str, Any], streams: Sequence[int]) -> None:
    """Be the process of a command."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(call["environment"])
    os.chdir(call["folder"])
    importlib.reload(sys.modules["openstack.config.loader"])  # it asked for folder and HOME
    sys.argv = ["openstack", *call["arguments"]]


def _answer(asked: socket.socket) -> None:
    """Run the command that is asked for, and answer its exit code."""
    from openstackclient.shell import main

    message, streams, _, _ = socket.recv_fds(asked, 1 << 20, 3)
    _become(json.loads(message), streams)
    code: object = 1
    try:
        code = main()
    except SystemExit as error:
        code = error.code
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        asked.send(str(code if isinstance(code, int) else int(code is not None)).encode())
        os._exit(0)


def _load() -> None:
    """Load and remember whatever a command needs."""
    import openstack.connection  # noqa: F401 (the SDK waits until it is asked)
    from openstackclient.shell import main

    for group in _PLUGINS:
        for one in entry_points(group=group):
            one.load()
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), suppress(SystemExit):
        main(["help", "image", "list"])
    logging.getLogger().handlers.clear()  # each command brings its own


def _serve(path: str) -> None:
    """Fork for each call, until standard input ends; only this process needs the client's modules."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            asked, _ = listener.accept()
            with asked:
                if os.fork() == 0:
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    listener.close()
                    _answer(asked)


if __name__ == "__main__":
    _serve(sys.argv[1])
