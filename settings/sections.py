"""Settings of the composition itself: the database, the broker, the port it listens on."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from catalog.conf import Section, setting
from typing_extensions import override


@dataclass(frozen=True, kw_only=True)
class HttpConfig(Section):
    host: str = setting("127.0.0.1", help="Address to listen on.")
    port: int = setting(9292, help="Port to listen on; all services are under it, one path prefix each.")
    web_workers: int = setting(1, help="Web processes.")
    web_threads: int = setting(8, help="Threads per web process for everything but bytes.")
    data_threads: int = setting(16, help="Threads per web process for hashing, writing and reading bytes.")
    shutdown_grace: float = setting(20.0, help="Seconds that running transfers get at a stop.")
    allowed_hosts: tuple[str, ...] = setting(("*",), help="Host names that are answered.")

    @override
    def problems(self) -> Iterable[str]:
        if not 0 < self.port < 65536:
            yield f"VITRINE_PORT must lie between 1 and 65535, not {self.port}"


@dataclass(frozen=True, kw_only=True)
class DatabaseConfig(Section):
    prefix: ClassVar[str] = "database"

    url: str = setting("", help="Database address, postgresql://… ; empty: SQLite in the data folder.", secret=True)


@dataclass(frozen=True, kw_only=True)
class BrokerConfig(Section):
    prefix: ClassVar[str] = "broker"

    url: str = setting("", help="Celery broker, amqp://… or redis://… ; empty: files in the data folder.", secret=True)


@dataclass(frozen=True, kw_only=True)
class LogConfig(Section):
    prefix: ClassVar[str] = "log"

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = setting("INFO", help="Least severe level that is logged.")
    format: Literal["json", "text"] = setting("json", help="One JSON object a line, or text for a terminal.")
    file: Path | None = setting(None, help="Log file; default: standard error.")
