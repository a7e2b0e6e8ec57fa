"""Settings of the composition itself: the database, the broker, the port it listens on."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from typing_extensions import override

from catalog.conf import LONG, MOST_THREADS, SOON, Section, setting, variable
from settings import origins

MOST_QUEUE = 1_000_000
DATABASES = ("postgresql", "postgres", "sqlite")
BROKERS = ("amqp", "amqps", "redis", "rediss", "sentinel", "memory")


@dataclass(frozen=True, kw_only=True)
class HttpConfig(Section):
    host: str = setting("127.0.0.1", help="Address to listen on.")
    port: int = setting(
        9292, help="Port to listen on; all services are under it, one path prefix each."
    )
    web_workers: int = setting(1, help="Web processes.")
    web_threads: int = setting(8, help="Threads per web process for everything but bytes.")
    web_queue: int = setting(
        256, help="Requests that may wait for a thread; more are answered 503."
    )
    web_waits: int = setting(
        64,
        help="Requests per web process that may wait for the search index (consistency=wait), half of them from one"
        " address; more are answered 503.",
    )
    body_seconds: float = setting(30.0, help="Seconds that a JSON body may take to arrive.")
    worker_threads: int = setting(4, help="Jobs that a worker process runs side by side.")
    shutdown_grace: float = setting(20.0, help="Seconds that running transfers get at a stop.")
    allowed_hosts: tuple[str, ...] = setting(("*",), help="Host names that are answered.")
    cors_origins: tuple[str, ...] = setting(
        (),
        help="Origins (https://host:port, or * for all) whose pages may call the services from a browser; none by"
        " default.",
    )

    @override
    def problems(self) -> Iterable[str]:
        yield from self.outside(1, 65535, "port")
        yield from self.outside(1, MOST_THREADS, "web_workers", "web_threads", "worker_threads")
        yield from self.outside(0, MOST_QUEUE, "web_queue", "web_waits")
        yield from self.outside(SOON, LONG, "body_seconds")
        yield from self.outside(0, LONG, "shutdown_grace")
        yield from origins.problems(variable(type(self), "cors_origins"), self.cors_origins)


@dataclass(frozen=True, kw_only=True)
class AccessConfig(Section):
    secret_key: str | None = setting(
        None,
        help="Key that sessions are signed with, the same on all nodes; default: one is made and kept.",
        secret=True,
    )
    admin_password: str | None = setting(
        None,
        help="Password that the first start gives to admin; default: one is made.",
        secret=True,
    )


@dataclass(frozen=True, kw_only=True)
class DatabaseConfig(Section):
    prefix: ClassVar[str] = "database"

    url: str = setting(
        "", help="Database address, postgresql://… ; empty: SQLite in the data folder.", secret=True
    )
    prepared: bool = setting(
        True,
        help="Let PostgreSQL keep cursors, and the plans of the statements asked most. Not through a"
        " pooler that shares connections between transactions.",
    )

    @override
    def problems(self) -> Iterable[str]:
        if self.url and self.url.partition("://")[0] not in DATABASES:
            yield "VITRINE_DATABASE_URL must begin with postgresql:// or sqlite://"


@dataclass(frozen=True, kw_only=True)
class BrokerConfig(Section):
    prefix: ClassVar[str] = "broker"

    url: str = setting(
        "",
        help="Celery broker, amqp://… or redis://… ; empty: files in the data folder.",
        secret=True,
    )

    @override
    def problems(self) -> Iterable[str]:
        if self.url and self.url.partition("://")[0] not in BROKERS:
            known = ", ".join(f"{one}://" for one in BROKERS)
            yield f"VITRINE_BROKER_URL must begin with one of {known}"


@dataclass(frozen=True, kw_only=True)
class LogConfig(Section):
    prefix: ClassVar[str] = "log"

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = setting(
        "INFO", help="Least severe level that is logged."
    )
    format: Literal["json", "text"] = setting(
        "json", help="One JSON object a line, or text for a terminal."
    )
    file: Path | None = setting(None, help="Log file; default: standard error.")
