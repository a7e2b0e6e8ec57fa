"""The servers behind both services: one PostgreSQL with fsync, and a Redis, in a folder of the run's own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVICES = Path(__file__).parents[1] / "scripts" / "services"


@dataclass(frozen=True, slots=True)
class Servers:
    postgres: str
    redis: str


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Started for the block, stopped and removed after it."""
    where = ["--dir", str(folder / "servers")]
    try:
        printed = _services("start", *where, "--durable", "postgres", "redis")
        lines = Path(printed.split()[-1]).read_text().splitlines()
        found = dict(line.split("=", 1) for line in lines)
        yield Servers(found["VITRINE_TEST_POSTGRES_URL"], found["VITRINE_TEST_REDIS_URL"])
    finally:
        _services("stop", *where, "--purge")


def _services(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(SERVICES), *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout
