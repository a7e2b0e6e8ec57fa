"""What every store must pass. A driver's tests subclass the suite and give it an empty store:

    class TestMine(BlobStoreConformance):
        @pytest.fixture
        def store(self) -> BlobStore:
            return MyStore(...)

pytest alone needs this module; the library does not import it.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from stores.base import BlobStore
from stores.conformance_powers import BIG, PowersConformance
from stores.conformance_reading import ReadingConformance, descriptors
from stores.errors import (
    BlobExists,
    BlobNotFound,
    InvalidKey,
    RangeNotSatisfiable,
    WriterClosed,
)
from stores.overriding import override

GOOD_KEYS = ("a", "A", "a/b", "a/b/c", "a.b", "a..b", "_", "-", "0" * 200, "ab/cd/ef", "a/b.c_d-e")
BAD_KEYS = (
    *("", "/", "a/", "/a", "a//b", ".", "..", "a/..", "../a", "a/../b", "a/./b", ".a", "a/.b"),
    *("a b", "a\n", "a\x00b", "a\\b", "a+b", "a%2fb", "ключ", "名", "é", "\U0001f600", "\ud800"),
    "0" * 241,
)


class BlobStoreConformance(ReadingConformance, PowersConformance):
    """The contract of `BlobStore`, each sentence of it as a test."""

    @pytest.fixture
    @override
    def store(self) -> BlobStore:
        """Return an empty store of its own for every test."""
        raise NotImplementedError

    @pytest.fixture(params=[b"", b"x", BIG], ids=["empty", "byte", "big"])
    def content(self, request: pytest.FixtureRequest) -> bytes:
        """Give contents of no, one and several blocks."""
        content: bytes = request.param
        return content

    # -- writing

    def test_what_is_put_is_got(self, store: BlobStore, content: bytes) -> None:
        """Bytes come back as they went in, and the blob is described alike from all sides."""
        before = datetime.now(UTC) - timedelta(minutes=2)
        stat = store.put("key", content)
        assert store.get("key") == content
        assert (stat.key, stat.size) == ("key", len(content))
        assert store.stat("key") == stat
        assert list(store.list()) == [stat]
        assert before < stat.modified < datetime.now(UTC) + timedelta(minutes=2)
        with store.open("key") as reader:
            assert (reader.stat, reader.length) == (stat, len(content))

    def test_blocks_of_any_kind_are_joined(self, store: BlobStore) -> None:
        """A writer takes bytes, bytearray and memoryview, empty ones too, and keeps no hold."""
        block = bytearray(b"bytearray")
        with store.begin("key") as writer:
            writer.write(b"bytes ")
            writer.write(block)
            block.clear()
            writer.write(b"")
            writer.write(memoryview(b"xx memoryview")[2:])
            writer.commit()
        assert store.get("key") == b"bytes bytearray memoryview"

    def test_many_blocks(self, store: BlobStore) -> None:
        """A blob may come in blocks of uneven sizes."""
        blocks = [BIG[at : at + 70_001] for at in range(0, len(BIG), 70_001)]
        assert store.put("key", iter(blocks)).size == len(BIG)
        assert store.get("key") == BIG

    def test_nothing_shows_before_commit(self, store: BlobStore, content: bytes) -> None:
        """Until commit there is no blob, whichever way one looks."""
        with store.begin("key") as writer:
            writer.write(content)
            self.assert_absent(store, "key")
            writer.commit()
            assert store.exists("key")

    def test_abort_leaves_nothing(self, store: BlobStore, content: bytes) -> None:
        """Abort may be repeated, and the key stays free."""
        writer = store.begin("key")
        writer.write(content)
        writer.abort()
        writer.abort()
        self.assert_absent(store, "key")
        store.put("key", b"other")
        assert store.get("key") == b"other"

    def test_leaving_the_block_aborts(self, store: BlobStore) -> None:
        """A writer that is not committed aborts on the way out, after an error as well."""
        with store.begin("key") as writer:
            writer.write(b"x")
        self.assert_absent(store, "key")
        with pytest.raises(TypeError), store.begin("key") as writer:
            writer.write("no bytes")  # type: ignore[arg-type]  # that is the point
        self.assert_absent(store, "key")

    def test_failing_source_leaves_nothing(self, store: BlobStore) -> None:
        """When the iterable given to `put` fails, nothing is stored."""
        with pytest.raises(ZeroDivisionError):
            store.put("key", (bytes([9 // (3 - n)]) for n in range(5)))
        self.assert_absent(store, "key")

    @pytest.mark.parametrize("end", ["commit", "abort"])
    def test_closed_writer_takes_nothing(self, store: BlobStore, end: str) -> None:
        """After the end, write and commit raise and change nothing; abort is allowed."""
        writer = store.begin("key")
        writer.write(b"x")
        getattr(writer, end)()
        with pytest.raises(WriterClosed):
            writer.write(b"y")
        with pytest.raises(WriterClosed):
            writer.commit()
        writer.abort()
        assert store.exists("key") is (end == "commit")
        if end == "commit":
            assert store.get("key") == b"x"

    # -- no overwriting

    def test_commit_never_overwrites(self, store: BlobStore) -> None:
        """The loser gets BlobExists, its writer is closed, and the blob stays as it was."""
        store.put("key", b"first")
        writer = store.begin("key")
        writer.write(b"second")
        with pytest.raises(BlobExists) as caught:
            writer.commit()
        self.assert_facts(caught.value, store, "key")
        with pytest.raises(WriterClosed):
            writer.commit()
        assert store.get("key") == b"first"
        assert [stat.key for stat in store.list()] == ["key"]

    def test_one_of_two_commits_wins(self, store: BlobStore) -> None:
        """Of commits at the same moment exactly one succeeds, and its bytes stay."""
        racers = 2
        for turn in range(20):
            key, start = f"race/{turn}", Barrier(racers)

            def run(racer: int, key: str = key, start: Barrier = start) -> int | None:
                with store.begin(key) as writer:
                    writer.write(b"%d" % racer)
                    start.wait(30)
                    try:
                        writer.commit()
                    except BlobExists:
                        return None
                return racer

            with ThreadPoolExecutor(racers) as pool:
                winners = [one for one in pool.map(run, range(racers)) if one is not None]
            assert len(winners) == 1
            assert store.get(key) == b"%d" % winners[0]

    # -- what is held

    @pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
    def test_no_descriptor_leaks(self, store: BlobStore) -> None:
        """Readers left midway, refused ranges and failed commits free what they held."""
        store.put("key", BIG)

        def use() -> None:
            with store.open("key") as reader:
                next(reader)
            assert len(list(store.open("key"))) > 1
            with pytest.raises(RangeNotSatisfiable):
                store.open("key", len(BIG) + 1)
            with pytest.raises(BlobExists):
                store.put("key", b"")
            with store.begin("other") as writer:
                writer.write(b"x")
            next(store.list())

        use()
        before = descriptors()
        for _ in range(20):
            use()
        assert descriptors() <= before

    # -- deleting

    def test_deleted_blob_is_gone(self, store: BlobStore) -> None:
        """After delete the key is free, and deleting again raises BlobNotFound."""
        store.put("key", b"x")
        store.delete("key")
        self.assert_absent(store, "key")
        store.put("key", b"y")
        assert store.get("key") == b"y"

    def test_open_reader_outlives_its_blob(self, store: BlobStore) -> None:
        """A reader that began may finish; what it gives is never a mixture."""
        store.put("key", BIG)
        with store.open("key") as reader:
            first = next(reader)
            store.delete("key")
            store.put("key", bytes(len(BIG)))
            assert first + b"".join(reader) == BIG

    def test_one_of_two_deletes_wins(self, store: BlobStore) -> None:
        """Of deletes at the same moment exactly one succeeds."""
        for turn in range(20):
            store.put("key", b"%d" % turn)
            with ThreadPoolExecutor(2) as pool:
                done = list(pool.map(_delete, [store, store], ["key", "key"]))
            assert sorted(done) == [False, True]

    # -- listing

    def test_list_by_prefix(self, store: BlobStore) -> None:
        """A prefix is the beginning of a string, not a folder."""
        keys = {"a", "a/b", "a/c", "ab", "b/a", "b"}
        for key in keys:
            store.put(key, key.encode())
        for prefix in ("", "a", "a/", "a/b", "b", "c", "a/b/", "a/bc", "ключ", "\ud800", "..", "/"):
            found = [stat.key for stat in store.list(prefix)]
            assert sorted(found) == sorted(key for key in keys if key.startswith(prefix))
        assert {stat.key: stat.size for stat in store.list()} == {key: len(key) for key in keys}

    def test_list_while_deleting(self, store: BlobStore) -> None:
        """What goes during a listing does not break it."""
        for number in range(30):
            store.put(f"key/{number}", b"")
        for stat in store.list("key/"):
            store.delete(stat.key)
        assert list(store.list()) == []

    # -- keys and errors

    @pytest.mark.parametrize("key", GOOD_KEYS)
    def test_good_keys(self, store: BlobStore, key: str) -> None:
        """Every key of the alphabet names a blob; `a` and `a/b` may both exist."""
        store.put("a/b/x", b"")
        assert store.put(key, key.encode()).key == key
        assert store.get(key) == key.encode()
        assert [stat.key for stat in store.list(key) if stat.key == key] == [key]
        store.delete(key)

    @pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
    def test_bad_keys(self, store: BlobStore, key: str) -> None:
        """Everything else is InvalidKey at every door, before anything happens."""
        store.put("a", b"")
        for door in self.doors(store):
            with pytest.raises(InvalidKey):
                door(key)
        with pytest.raises(InvalidKey):
            store.begin(key)
        with pytest.raises(InvalidKey):
            store.copy("a", key)
        assert [stat.key for stat in store.list()] == ["a"]

    def test_absent_blob(self, store: BlobStore) -> None:
        """BlobNotFound says which store and which key."""
        for door in self.doors(store):
            with pytest.raises(BlobNotFound) as caught:
                door("not/there")
            self.assert_facts(caught.value, store, "not/there")

    def test_errors_survive_pickling(self, store: BlobStore) -> None:
        """An error may cross processes with its facts, and names its store by alias."""
        store.name = "alias"
        with pytest.raises(BlobNotFound) as caught:
            store.stat("key")
        again = copy(caught.value)  # by the same protocol
        assert str(again) == str(caught.value)
        assert again.facts["store"] == "alias"

    # -- what the tests share

    def doors(self, store: BlobStore) -> list[Callable[[str], object]]:
        """Return the methods that need a blob to be there."""
        return [store.open, store.stat, store.delete, store.get, lambda key: store.copy(key, "to")]

    def assert_absent(self, store: BlobStore, key: str) -> None:
        """Look for the blob at every door."""
        assert not store.exists(key)
        assert list(store.list()) == []
        for door in self.doors(store):
            with pytest.raises(BlobNotFound):
                door(key)


def _delete(store: BlobStore, key: str) -> bool:
    """Delete, and say whether this call did it."""
    try:
        store.delete(key)
    except BlobNotFound:
        return False
    return True
