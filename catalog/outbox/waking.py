"""Waking the relay: a hint that saves it a poll, never the only way it learns of work.

The relay listens on a datagram socket in the data folder; a wake that nobody hears is simply lost.
"""

import contextlib
import logging
import socket
from pathlib import Path

from catalog.conf import CatalogConfig, section

log = logging.getLogger(__name__)


def address() -> Path:
    return section(CatalogConfig).data_dir.resolve() / "run" / "relay.sock"


def wake() -> None:
    """Send one datagram; no relay, or a busy one, is no error."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.sendto(b"1", str(address()))


class Listener:
    """The relay's ear; `wait` returns at a wake or after `timeout` seconds."""

    def __init__(self) -> None:
        path = address()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(str(path))
        except OSError as error:  # a folder whose path is too long for a socket's name
            log.warning("nobody can wake the relay; it polls", extra={"reason": str(error)})

    def wait(self, timeout: float) -> None:
        self._socket.settimeout(timeout)
        with contextlib.suppress(OSError):
            self._socket.recv(16)
            self._socket.setblocking(False)
            while self._socket.recv(16):
                pass

    def close(self) -> None:
        self._socket.close()
        address().unlink(missing_ok=True)
