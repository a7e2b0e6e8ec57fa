"""Ports of loopback for servers that a test starts."""

import socket
from pathlib import Path
from random import SystemRandom


def free_port() -> int:
    """A port of loopback on which nobody listens, and which no other test gets as long as this process runs.

    It is below those that the kernel gives to clients: one of those may be taken by any connection before it is used.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(10240, lowest) if lowest > 12000 else range(49152, 65536)
    return next(filter(_taken, SystemRandom().sample(ports, len(ports))))


def _taken(port: int) -> bool:
    """Whether the port was free and is ours now: a name that the kernel frees when this process ends says so."""
    with socket.socket(socket.AF_UNIX) as name, socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            name.bind(f"\0vitrine-test-port-{port}")
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        name.detach()
        return True
