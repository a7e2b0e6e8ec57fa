"""Named places where a crash test may end the process, to prove that nothing is lost there.

``VITRINE_FAILPOINTS="upload.before_activate=kill:1;relay.after_write=raise:2"`` arms points: `kill` ends the process
like SIGKILL, `raise` throws, `sleep` waits five seconds; the number says at which passage (default 1). An unarmed
point costs one dictionary look-up. Points are declared, so a test can walk through all of them.
"""

import os
import signal
import time
from threading import Lock

_declared: dict[str, str] = {}
_armed: dict[str, tuple[str, int]] = {}
_lock = Lock()


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
        if action not in {"kill", "raise", "sleep"}:
            raise ValueError(f"failpoint {name}: unknown action {action!r}")
        armed[name] = (action, int(passage or 1))
    with _lock:
        _armed.clear()
        _armed.update(armed)


def reach(name: str) -> None:
    """Pass the point `name`: nothing happens unless it is armed."""
    if name not in _armed:
        return
    with _lock:
        action, passages = _armed[name]
        if passages > 1:
            _armed[name] = (action, passages - 1)
            return
        del _armed[name]
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "raise":
        raise FailpointReached(name)
    else:
        time.sleep(5)


arm(os.environ.get("VITRINE_FAILPOINTS", ""))
