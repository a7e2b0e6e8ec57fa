"""Free loopback ports."""

import random
import socket
import urllib.request
from itertools import islice
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


def candidates() -> list[int]:
    """Ports below those the kernel hands out to clients, in random order.

    Asking the kernel for port 0 would give one that any outgoing connection may take while a killed
    server is down; and a random choice keeps sets of servers started at the same time apart.
    """
    ceiling = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found = range(10240, ceiling) if ceiling > 12000 else range(49152, 65536)
    return random.SystemRandom().sample(found, len(found))  # not as tests seed it


def choose(count: int) -> list[int]:
    """Distinct free ports."""
    return list(islice(filter(is_free, candidates()), count))


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
