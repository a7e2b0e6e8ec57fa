"""PostgreSQL 15, trusting every loopback connection, with C collation and UTF-8."""

import signal
from pathlib import Path

from .service import Service

BIN = Path("/usr/lib/postgresql/15/bin")

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may be too long in a deep folder
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# The page cache outlives the processes: even a killed server keeps its data.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Service):
    """One cluster with the superuser `postgres` and no password."""

    name = "postgres"
    variable = "VITRINE_TEST_POSTGRES_URL"
    stop_signal = signal.SIGINT  # disconnect clients; SIGTERM would wait for them

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def missing_packages(self) -> list[str]:
        return [] if (BIN / "postgres").exists() else ["postgresql-15"]

    def prepare(self) -> None:
        options = [
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]
        initdb = [str(BIN / "initdb"), *options]
        self.make_data(lambda part: self.account.run([*initdb, f"--pgdata={part}"], self.home))

    def command(self) -> list[str]:
        settings = SETTINGS | ({} if self.state.durable else FAST) | {"port": str(self.port)}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [str(BIN / "postgres"), "-D", str(self.data), *options]

    def healthy(self) -> bool:
        probe = [str(BIN / "pg_isready"), "--username=postgres"]
        probe += ["--host=127.0.0.1", f"--port={self.port}"]
        return self.account.run(probe, self.home).returncode == 0
