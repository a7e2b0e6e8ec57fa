"""What the threads of the byte routes do carries the id of the request that asked for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Event

import pytest

from artifacts.api.pool_partition import PoolPartitions
from artifacts.api.threads import Threads, in_database, in_pool
from catalog import requestids
from stores import Ingest, MemoryStore


def asked(wanted: str, submit: Callable[..., Future[str]]) -> Future[str]:
    with requestids.under(wanted):
        return submit(requestids.current.get)


def test_every_block_of_an_upload_is_seen_under_its_request() -> None:
    """More blocks than fit on the way, so that threads take the next one by themselves."""
    seen: list[tuple[str, bytes]] = []

    async def upload(threads: Threads) -> None:
        def see(block: object) -> None:
            seen.append((requestids.current.get(), bytes(block)))  # type: ignore[call-overload]

        writer = MemoryStore().begin("key")
        async with Ingest(writer, ("sha256",), executor=threads, observers=(see,)) as ingest:
            for number in range(20):
                await ingest.feed(b"%d" % number)
            await ingest.finish()
            await ingest.commit()

    with Threads(2) as threads, requestids.under("req-upload"):
        asyncio.run(upload(threads))
    assert seen == [("req-upload", b"%d" % number) for number in range(20)]


def test_work_that_waits_for_its_turn_is_done_under_its_own_request() -> None:
    begun, let_go = Event(), Event()

    def first() -> None:
        begun.set()
        let_go.wait(60)

    with Threads(1) as pool:
        share = PoolPartitions(pool, each=1).of("a")
        share.submit(first)
        begun.wait(60)
        found = [asked(f"req-{number}", share.submit) for number in range(3)]
        let_go.set()
        assert [one.result(60) for one in found] == ["req-0", "req-1", "req-2"]
        assert pool.submit(requestids.current.get).result(60) == ""


@pytest.mark.django_db
def test_all_pools_of_the_byte_routes_know_the_request() -> None:
    async def ask() -> list[str]:
        return [await in_pool(requestids.current.get), await in_database(requestids.current.get)]

    with requestids.under("req-both"):
        assert asyncio.run(ask()) == ["req-both", "req-both"]
