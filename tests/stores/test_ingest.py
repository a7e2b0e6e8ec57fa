"""Bytes coming in from asyncio."""

import asyncio
import hashlib
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from stores import (
    BlobExists,
    BlobStat,
    Block,
    FileStore,
    Ingest,
    Ingested,
    MemoryStore,
    SizeMismatch,
    StoreFull,
    UnknownAlgorithm,
    Writer,
    WriterClosed,
    gather,
)
from tests.support.patience import eventually

ALGORITHMS = ("md5", "sha512")


@pytest.fixture(params=[1, 2, 16])
def pool(request: pytest.FixtureRequest) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(request.param) as pool:
        yield pool


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path)


class SlowWriter(Writer):
    """Passes on to a writer, waits at a gate, and minds who comes while it writes."""

    def __init__(self, inner: Writer) -> None:
        self.inner = inner
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.busy = False
        self.ends: list[str] = []

    def _slowly(self, act: Callable[[], object]) -> None:
        assert not self.busy
        self.busy = True
        self.entered.set()
        assert self.gate.wait(120)
        act()
        self.busy = False

    def write(self, block: Block) -> None:
        self._slowly(lambda: self.inner.write(block))

    def commit(self) -> BlobStat:
        self._slowly(lambda: None)
        self.ends.append("commit")
        return self.inner.commit()

    def abort(self) -> None:
        assert not self.busy, "aborted under a running thread"
        self.ends.append("abort")
        self.inner.abort()


async def entered(writer: SlowWriter) -> None:
    assert await asyncio.to_thread(writer.entered.wait, 60)


async def cancelled(work: Awaitable[object], writer: SlowWriter | None = None) -> None:
    """Start, let it wait (the writer has then begun, if one is given), cancel, and see that arrive at once."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0.02)
    if writer is not None:
        await entered(writer)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 60)


async def fed(ingest: Ingest, *blocks: Block) -> None:
    for block in blocks:
        await ingest.feed(block)


def test_whole_way(store: FileStore, pool: ThreadPoolExecutor) -> None:
    seen: list[bytes] = []

    async def run() -> None:
        async with Ingest(
            store.begin("key"),
            ALGORITHMS,
            executor=pool,
            observers=[lambda block: seen.append(bytes(block))],
        ) as ingest:
            for block in (b"ab", bytearray(b"cd"), b"", memoryview(b"e")):
                await ingest.feed(block)
            ingested = await ingest.finish()
            assert not store.exists("key")
            assert ingested == Ingested(
                size=5,
                digests={name: hashlib.new(name, b"abcde").hexdigest() for name in ALGORITHMS},
            )
            stat = await ingest.commit()
            assert ingest.committed == stat

    asyncio.run(run())
    assert store.get("key") == b"abcde"
    assert seen == [b"ab", b"cd", b"e"]
    assert store.sweep(0) == 0


def test_nothing_at_all(store: FileStore, pool: ThreadPoolExecutor) -> None:
    async def run() -> None:
        async with Ingest(store.begin("key"), (), executor=pool) as ingest:
            assert await ingest.finish() == Ingested(size=0, digests={})
            await ingest.commit()

    asyncio.run(run())
    assert store.get("key") == b""


def test_leaving_without_commit_aborts(store: FileStore, pool: ThreadPoolExecutor) -> None:
    async def run() -> None:
        async with Ingest(store.begin("key"), ALGORITHMS, executor=pool) as ingest:
            await ingest.feed(b"x")
            await ingest.finish()
            raise SizeMismatch("the size is not as announced", expected=2, found=1)

    with pytest.raises(SizeMismatch):
        asyncio.run(run())
    assert not store.exists("key")
    assert not list((store.root / ".partial").iterdir())


def test_few_blocks_are_in_flight(pool: ThreadPoolExecutor) -> None:
    store = MemoryStore()
    writer = SlowWriter(store.begin("key"))

    async def run() -> None:
        async with Ingest(writer, ("md5",), executor=pool, ahead=2) as ingest:
            await asyncio.wait_for(ingest.feed(b"1"), 60)
            await entered(writer)
            await asyncio.wait_for(ingest.feed(b"2"), 60)
            third = asyncio.ensure_future(ingest.feed(b"3"))
            await asyncio.sleep(0.05)
            assert not third.done()
            writer.gate.set()
            await third
            await ingest.finish()
            await ingest.commit()

    asyncio.run(run())
    assert store.get("key") == b"123"


def test_every_pass_sees_every_block_in_order(pool: ThreadPoolExecutor) -> None:
    """One pass lags behind as far as it may; none overtakes itself."""
    seen: list[list[int]] = [[], []]

    def slow(block: Block) -> None:
        time.sleep(0.001)
        seen[0].append(bytes(block)[0])

    async def run() -> None:
        observers = [slow, lambda block: seen[1].append(bytes(block)[0])]
        async with Ingest(
            MemoryStore().begin("key"), ("md5",), executor=pool, observers=observers
        ) as ingest:
            for number in range(200):
                await ingest.feed(bytes([number]))
            content = await ingest.finish()
            assert content.digests["md5"] == hashlib.md5(bytes(range(200))).hexdigest()

    asyncio.run(run())
    assert seen == [list(range(200))] * 2


def test_passes_run_side_by_side() -> None:
    """The write and the observers meet at a barrier, which in turn they never could."""
    meeting = threading.Barrier(3)

    async def run() -> None:
        with ThreadPoolExecutor(3) as pool:
            observers = [lambda _block: meeting.wait(30)] * 3
            async with Ingest(
                MemoryStore().begin("key"), (), executor=pool, observers=observers
            ) as ingest:
                await ingest.feed(b"x")
                await ingest.finish()

    asyncio.run(run())


# -- order of calls


def test_steps_in_their_order_only(store: FileStore, pool: ThreadPoolExecutor) -> None:
    async def run() -> None:
        async with Ingest(store.begin("key"), (), executor=pool) as ingest:
            with pytest.raises(WriterClosed):
                await ingest.commit()
            await ingest.feed(b"x")
            await ingest.finish()
            for step in (ingest.finish, lambda: ingest.feed(b"y")):
                with pytest.raises(WriterClosed):
                    await step()
            await ingest.commit()
            with pytest.raises(WriterClosed):
                await ingest.commit()
            await ingest.abort()
        assert store.get("key") == b"x"
        ingest = Ingest(store.begin("other"), (), executor=pool)
        await ingest.abort()
        await ingest.abort()
        with pytest.raises(WriterClosed):
            await ingest.feed(b"x")

    asyncio.run(run())


# -- failures


@pytest.mark.parametrize("ahead", [1, 4])
def test_failed_write_arrives_at_one_of_the_next_calls(
    pool: ThreadPoolExecutor, ahead: int
) -> None:
    store = MemoryStore(capacity=3)

    async def run() -> None:
        async with Ingest(store.begin("key"), ALGORITHMS, executor=pool, ahead=ahead) as ingest:
            await ingest.feed(b"1234")
            with pytest.raises(StoreFull):
                await fed(ingest, *[b"5"] * ahead)
            for step in (ingest.finish, ingest.commit):
                with pytest.raises(WriterClosed):
                    await step()

    asyncio.run(run())
    assert store.check().free == 3


def test_failed_observer_prevents_commit(store: FileStore, pool: ThreadPoolExecutor) -> None:
    def refuse(block: Block) -> None:
        raise ZeroDivisionError(bytes(block))

    async def run() -> None:
        async with Ingest(
            store.begin("key"), ALGORITHMS, executor=pool, observers=[refuse]
        ) as ingest:
            await ingest.feed(b"x")
            with pytest.raises(ZeroDivisionError):
                await ingest.finish()
            with pytest.raises(WriterClosed):
                await ingest.commit()

    asyncio.run(run())
    assert not store.exists("key")


def test_failed_commit_leaves_nothing(store: FileStore, pool: ThreadPoolExecutor) -> None:
    store.put("key", b"first")

    async def run() -> None:
        async with Ingest(store.begin("key"), (), executor=pool) as ingest:
            await ingest.feed(b"second")
            await ingest.finish()
            with pytest.raises(BlobExists):
                await ingest.commit()
            assert ingest.committed is None

    asyncio.run(run())
    assert store.get("key") == b"first"
    assert not list((store.root / ".partial").iterdir())


def test_unknown_algorithm_leaves_the_writer_alone(pool: ThreadPoolExecutor) -> None:
    store = MemoryStore()
    writer = store.begin("key")
    with pytest.raises(UnknownAlgorithm):
        Ingest(writer, ("md6",), executor=pool)
    writer.commit()


# -- cancellation


def test_cancelled_feed_aborts_after_the_threads(pool: ThreadPoolExecutor) -> None:
    """The waiting stops at once; the writer is aborted when its thread is through."""
    store = MemoryStore()
    writer = SlowWriter(store.begin("key"))

    async def run() -> None:
        ingest = Ingest(writer, ALGORITHMS, executor=pool, ahead=1)
        await ingest.feed(b"1")
        await entered(writer)
        await cancelled(ingest.feed(b"2"))
        with pytest.raises(WriterClosed):
            await ingest.feed(b"3")  # block 2 is missing
        await cancelled(ingest.abort())
        assert writer.ends == []
        aborting = asyncio.ensure_future(ingest.abort())
        await asyncio.sleep(0.02)
        assert not aborting.done()
        writer.gate.set()
        await aborting
        assert writer.ends == ["abort"]

    asyncio.run(run())
    assert not store.exists("key")


def test_loop_that_ends_under_an_ingest(pool: ThreadPoolExecutor) -> None:
    """Abort was asked for, the loop is gone: it happens in the pool all the same."""
    writer = SlowWriter(MemoryStore().begin("key"))

    async def run() -> None:
        ingest = Ingest(writer, (), executor=pool)
        await ingest.feed(b"1")
        await entered(writer)
        with suppress(TimeoutError):
            await asyncio.wait_for(ingest.abort(), 0.01)

    asyncio.run(run())
    assert writer.ends == []
    writer.gate.set()
    assert eventually(lambda: writer.ends) == ["abort"]


@pytest.mark.parametrize("succeeds", [True, False])
def test_cancelled_commit_tells_what_became_of_it(
    pool: ThreadPoolExecutor, *, succeeds: bool
) -> None:
    store = MemoryStore()
    writer = SlowWriter(store.begin("key"))

    async def run() -> None:
        ingest = Ingest(writer, (), executor=pool)
        await ingest.finish()
        await cancelled(ingest.commit(), writer)
        if not succeeds:
            store.put("key", b"other")
        aborting = asyncio.ensure_future(ingest.abort())
        await asyncio.sleep(0.02)
        assert not aborting.done()
        writer.gate.set()
        await aborting
        assert (ingest.committed is not None) is succeeds

    asyncio.run(run())
    assert store.get("key") == (b"" if succeeds else b"other")


def test_pool_that_was_shut_down(store: FileStore) -> None:
    async def run() -> None:
        pool = ThreadPoolExecutor(1)
        pool.submit(time.sleep, 0.05)
        ingest = Ingest(store.begin("key"), ALGORITHMS, executor=pool)
        await ingest.feed(b"1")
        pool.shutdown(wait=False, cancel_futures=True)
        await ingest.abort()
        late = Ingest(store.begin("key"), ALGORITHMS, executor=pool)
        with pytest.raises(RuntimeError):
            await late.feed(b"1")
        with pytest.raises(WriterClosed):
            await late.finish()
        await late.abort()

    asyncio.run(run())
    assert not store.exists("key")
    assert not list((store.root / ".partial").iterdir())


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_descriptor_leaks(store: FileStore, pool: ThreadPoolExecutor) -> None:
    if sys.platform != "linux":
        pytest.skip("descriptors are counted in /proc")

    async def upload(key: str) -> None:
        async with Ingest(store.begin(key), ALGORITHMS, executor=pool) as ingest:
            while True:
                await ingest.feed(bytes(1 << 16))

    async def run() -> tuple[int, int]:
        await asyncio.to_thread(int)
        before = descriptors()
        for turn in range(20):
            with suppress(TimeoutError):
                await asyncio.wait_for(upload(f"key/{turn}"), 0.005)
        return before, descriptors()

    before, after = asyncio.run(run())
    assert after <= before
    assert not list((store.root / ".partial").iterdir())


# -- gathering


@pytest.mark.parametrize(
    ("chunks", "blocks"),
    [
        ([], []),
        ([b""], []),
        ([b"a"], [b"a"]),
        ([b"a", b"b", b"c", b"d", b"e"], [b"abc", b"de"]),
        ([b"abc", b"", b"def"], [b"abc", b"def"]),
        ([b"ab", b"cdefghi", b""], [b"abcdefghi"]),
    ],
)
def test_gather(chunks: list[bytes], blocks: list[bytes]) -> None:
    async def source() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def run() -> list[bytes]:
        return [block async for block in gather(source(), 3)]

    assert asyncio.run(run()) == blocks
