"""Named places where a crash test may end the process, to prove that nothing is lost there.

``VITRINE_FAILPOINTS="upload.before_activate=kill:1;relay.after_write=raise:2"`` arms points: `kill` ends the process
like SIGKILL, `stop` halts it until SIGCONT, `raise` throws, `sleep` waits five seconds; the number says at which
passage (default 1). An unarmed point costs one dictionary look-up. Points are declared, so a test can walk through
all of them.

A process that is started again after it died inherits the variable and dies again. Where that is not wanted,
``VITRINE_FAILPOINTS_ONCE`` names a folder: a file there that is named after a point and holds an action arms the point
for a single passage, in whichever process comes first. That process renames it to ``<point>.<process id>`` and acts.
"""

import os
import signal
import time
from pathlib import Path
from threading import Lock

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
ACTIONS = frozenset({*SIGNALS, "raise", "sleep"})

_declared: dict[str, str] = {}
_armed: dict[str, tuple[str, int]] = {}
_lock = Lock()
_once: Path | None = None


class FailpointReached(Exception):
    """An armed `raise` point was passed."""


def declare(name: str, meaning: str) -> str:
    """Declare a point; the names are unique."""
    if name in _declared:
        raise ValueError(f"failpoint {name} is declared twice")
    _declared[name] = meaning
    return name


def declared() -> dict[str, str]:
    return dict(_declared)


def arm(specification: str) -> None:
    """Arm points from `name=action[:passage]` parts joined by `;`; an empty text disarms all."""
    armed: dict[str, tuple[str, int]] = {}
    for part in filter(None, (p.strip() for p in specification.split(";"))):
        name, _, rest = part.partition("=")
        action, _, passage = rest.partition(":")
        armed[name] = (_known(name, action), int(passage or 1))
    with _lock:
        _armed.clear()
        _armed.update(armed)


def arm_once(folder: Path | None) -> None:
    """Look for points armed by files of this folder from now on; None: do not."""
    global _once  # noqa: PLW0603 - the process has one set of failpoints
    _once = folder


def reach(name: str) -> None:
    """Pass the point `name`: nothing happens unless it is armed."""
    if _once is not None:
        _act(name, _taken(name, _once))
    if name not in _armed:
        return
    with _lock:
        action, passages = _armed[name]
        if passages > 1:
            _armed[name] = (action, passages - 1)
            return
        del _armed[name]
    _act(name, action)


def _taken(name: str, folder: Path) -> str:
    """The action of the point's file; empty when there is none, or when somebody else came first."""
    file = folder / name
    try:
        action = file.read_text(encoding="ascii").strip()
        file.rename(folder / f"{name}.{os.getpid()}")
    except FileNotFoundError:
        return ""
    return _known(name, action)


def _known(name: str, action: str) -> str:
    if action not in ACTIONS:
        raise ValueError(f"failpoint {name}: unknown action {action!r}")
    return action


def _act(name: str, action: str) -> None:
    if action in SIGNALS:
        os.kill(os.getpid(), SIGNALS[action])
    elif action == "raise":
        raise FailpointReached(name)
    elif action == "sleep":
        time.sleep(5)


arm(os.environ.get("VITRINE_FAILPOINTS", ""))
arm_once(Path(_folder) if (_folder := os.environ.get("VITRINE_FAILPOINTS_ONCE")) else None)
