"""A supervisor with toy children, run as a program by `test_supervisor`: `supervised.py FOLDER GRACE ECHO CHILD…`."""

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from settings.serving.supervisor import Child, Supervisor

FOLDER = Path(sys.argv[1])


def note(text: str) -> None:
    with (FOLDER / "notes").open("a") as file:
        file.write(text + "\n")


def steady() -> int:
    """Finishes as soon as it is asked to."""
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    note(f"steady {os.getpid()} {os.getsid(0)}")
    while not stop:
        time.sleep(0.02)
    note("steady ended")
    return 0


def slow() -> int:
    """Takes a moment to finish once it is asked."""
    steady()
    time.sleep(0.3)
    note("slow ended")
    return 0


def deaf() -> int:
    """Does not hear."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note(f"deaf {os.getpid()}")
    while True:
        time.sleep(1)


def broken() -> int:
    note("broken")
    raise RuntimeError("cannot start")


def misconfigured() -> int:
    return 2


CHILDREN = {f.__name__: f for f in (steady, slow, deaf, broken, misconfigured)}

supervisor = Supervisor(
    [Child(name, partial(CHILDREN[name])) for name in sys.argv[4:]],
    grace=float(sys.argv[2]),
    register=FOLDER / "serve.json",
    listening=None,
    echo=float(sys.argv[3]),
)
sys.exit(supervisor.run(lambda: None))
