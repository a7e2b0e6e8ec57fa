"""How much of everything a run does."""

from dataclasses import dataclass

from benchmarks.client import MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    transfer: int = 1024 * MIB
    memory: int = 2048 * MIB
    chunk: int = 65536
    rounds: int = 5
    memory_rounds: int = 3
    rows: tuple[int, ...] = (10_000, 100_000)
    list_rounds: int = 5
    list_requests: int = 5
    wrk_seconds: int = 10
    wrk_threads: int = 2
    wrk_connections: int = 16


SMALL = Scale(
    transfer=64 * MIB,
    memory=128 * MIB,
    rounds=2,
    memory_rounds=1,
    rows=(1_000,),
    list_rounds=2,
    list_requests=2,
    wrk_seconds=2,
)
