"""Redis without persistence: after a crash it comes back empty."""

from pathlib import Path

from . import ports
from .service import Service

SERVER = Path("/usr/bin/redis-server")


class Redis(Service):
    """One Redis with its default sixteen databases."""

    name = "redis"
    variable = "VITRINE_TEST_REDIS_URL"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def missing_packages(self) -> list[str]:
        return [] if SERVER.exists() else ["redis-server"]

    def command(self) -> list[str]:
        listen = ["--bind", "127.0.0.1", "--port", str(self.port)]
        return [str(SERVER), *listen, "--dir", str(self.home), "--save", "", "--appendonly", "no"]

    def healthy(self) -> bool:
        return ports.exchange(self.port, b"PING\r\n", 7) == b"+PONG\r\n"
