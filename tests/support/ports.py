"""Ports of loopback for servers that a test starts."""

import socket

from testservers.ports import candidates, is_free


def free_port() -> int:
    """A port of loopback on which nobody listens, and which no other test gets as long as this process runs."""
    return next(port for port in candidates() if is_free(port) and _reserved(port))


def _reserved(port: int) -> bool:
    """Whether the port is ours now: a name that the kernel frees when this process ends says so."""
    with socket.socket(socket.AF_UNIX) as name:
        try:
            name.bind(f"\0vitrine-test-port-{port}")
        except OSError:
            return False
        name.detach()
        return True
