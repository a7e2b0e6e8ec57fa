"""The servers behind a service: PostgreSQL with fsync, Redis and what else is named, in a folder of the run's own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVICES = Path(__file__).parents[1] / "scripts" / "services"
VARIABLES = (
    "VITRINE_TEST_POSTGRES_URL",
    "VITRINE_TEST_REDIS_URL",
    "VITRINE_TEST_ELASTICSEARCH_URL",
)


@dataclass(frozen=True, slots=True)
class Servers:
    postgres: str
    redis: str
    elasticsearch: str = ""


@contextmanager
def servers(folder: Path, *others: str) -> Iterator[Servers]:
    """Started for the block, stopped and removed after it; `others` may name `elasticsearch`."""
    where = ["--dir", str(folder / "servers")]
    try:
        printed = _services("start", *where, "--durable", "postgres", "redis", *others)
        lines = Path(printed.split()[-1]).read_text().splitlines()
        found = dict(line.split("=", 1) for line in lines)
        yield Servers(*(found.get(name, "") for name in VARIABLES))
    finally:
        _services("stop", *where, "--purge")


def running() -> Servers | None:
    """Those that the environment names as `scripts/services env` does; None unless all three are there."""
    addresses = [os.environ.get(name, "") for name in VARIABLES]
    return Servers(*addresses) if all(addresses) else None


def _services(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(SERVICES), *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout
