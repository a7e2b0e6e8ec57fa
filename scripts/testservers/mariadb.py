"""MariaDB 10.11: root needs no password, and only loopback can reach it."""

import subprocess
from pathlib import Path

from . import ports
from .service import Service

SERVER = Path("/usr/sbin/mariadbd")
TABLES = Path("/usr/share/mysql")

SETTINGS = {
    "bind-address": "127.0.0.1",
    "socket": "",  # none: its path may be too long in a deep folder
    "skip-name-resolve": "ON",
    "character-set-server": "utf8mb4",  # as Debian has it; these do not read Debian's files
    "default-time-zone": "+00:00",
    "innodb-buffer-pool-size": "64M",
    "innodb-log-file-size": "16M",
    "innodb-use-native-aio": "OFF",  # a container may forbid io_uring
    "key-buffer-size": "1M",
    "aria-pagecache-buffer-size": "8M",
    "performance-schema": "OFF",
}
# The page cache outlives the processes: even a killed server keeps its data.
FAST = {
    "innodb-flush-method": "nosync",
    "innodb-flush-log-at-trx-commit": "2",
    "innodb-doublewrite": "OFF",
    "sync-frm": "OFF",
}
# What mariadb-install-db does, which needs another package.
BOOTSTRAP = """\
{ printf 'use mysql;\\nset @auth_root_socket = null;\\n'; cat "$1"/mysql_system_tables.sql \\
  "$1"/mysql_performance_tables.sql "$1"/mysql_system_tables_data.sql; } | { shift; "$@"; }
"""
GREETING = b"\x00\x0a"  # the first packet, in protocol 10; refusals are other packets


class MariaDB(Service):
    """One server with the user `root` and no password."""

    name = "mariadb"
    variable = "VITRINE_TEST_MARIADB_URL"

    @property
    def url(self) -> str:
        return f"mysql://root@127.0.0.1:{self.port}"

    def missing_packages(self) -> list[str]:
        """The server alone: `mariadb-server` adds what starts it with the machine, and its data."""
        return [] if SERVER.exists() else ["mariadb-server-core"]

    def prepare(self) -> None:
        self.make_data(self._tables)

    def _tables(self, part: Path) -> "subprocess.CompletedProcess[str]":
        for folder in (part, part / "mysql"):
            folder.mkdir()
            self.account.own(folder)
        server = [*self._server(part), "--bootstrap"]
        command = ["bash", "-o", "pipefail", "-c", BOOTSTRAP, "bootstrap", str(TABLES), *server]
        return self.account.run(command, self.home)

    def command(self) -> list[str]:
        return [*self._server(self.data), f"--port={self.port}"]

    def _server(self, data: Path) -> list[str]:
        settings = SETTINGS | ({} if self.state.durable else FAST)
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(SERVER), "--no-defaults", f"--datadir={data}", *options]

    def healthy(self) -> bool:
        return ports.exchange(self.port, b"", 5)[3:] == GREETING
