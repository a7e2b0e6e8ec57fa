"""Free loopback ports."""

import random
import socket
import urllib.request
from pathlib import Path


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: connections of an earlier run that linger must not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def choose(count: int) -> list[int]:
    """Distinct free ports below those the kernel hands out to clients.

    Asking the kernel for port 0 would give one that any outgoing connection may take while a killed
    server is down; and a random choice keeps sets of servers started at the same time apart.
    """
    ceiling = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    candidates = list(range(10240, ceiling) if ceiling > 12000 else range(49152, 65536))
    random.shuffle(candidates)
    return [port for port, _ in zip(filter(is_free, candidates), range(count), strict=False)]


def exchange(port: int, message: bytes, length: int) -> bytes:
    """The first bytes a server on the port answers to a message; nothing if it does not answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(message)
            return connection.recv(length)
    except OSError:
        return b""


def answers(url: str) -> bool:
    """Whether the address answers 200 within ten seconds."""
    # No proxy from the environment: it would be asked for our loopback address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
