"""What every store must pass when it is read, and all of it for one that can only be read:

    class TestMine(ReadOnlyConformance):
        @pytest.fixture
        def store(self) -> BlobStore:
            return MyStore(...)

        @pytest.fixture
        def place(self, store: BlobStore) -> Place:
            return lambda content: "the key under which the content can be read now"

`place` is given content and puts it where the store reads.
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy

import pytest

from stores.base import BLOCK, BlobStore
from stores.conformance_powers import BIG
from stores.errors import (
    BlobNotFound,
    InvalidKey,
    RangeNotSatisfiable,
    StoreError,
    StoreReadOnly,
    Unsupported,
)
from stores.overriding import override

Place = Callable[[bytes], str]
"""Makes a blob readable and returns its key."""


class ReadingConformance:
    """The reading half of the contract of `BlobStore`."""

    @pytest.fixture
    def store(self) -> BlobStore:
        """Return a store of its own for every test."""
        raise NotImplementedError

    @pytest.fixture
    def place(self, store: BlobStore) -> Place:
        """Say how blobs come into the store; each test places at most one."""
        return lambda content: store.put("key", content).key

    @pytest.mark.parametrize(
        ("start", "length"),
        [
            *((0, None), (0, 0), (0, 1), (1, None), (5, 7), (BLOCK - 1, 2), (BLOCK, BLOCK)),
            *((len(BIG) - 3, 3), (len(BIG) - 3, 99), (len(BIG), None), (len(BIG), 5), (9, 10**15)),
        ],
    )
    def test_ranges(self, store: BlobStore, place: Place, start: int, length: int | None) -> None:
        """A range is what slicing gives; it may pass the end and may begin at it."""
        key = place(BIG)
        stat = store.stat(key)
        expected = BIG[start:] if length is None else BIG[start : start + length]
        with store.open(key, start, length) as reader:
            assert reader.length == len(expected)
            assert reader.stat == stat
            blocks = list(reader)
        assert b"".join(blocks) == expected
        assert all(blocks)

    @pytest.mark.parametrize("start", [0, 7, BLOCK, len(BIG)])
    def test_at_hand_is_what_comes_next(self, store: BlobStore, place: Place, start: int) -> None:
        """What is at hand and what is not make up the range, in whatever turn they are taken."""
        with store.open(place(BIG), start) as reader:
            found = [bytes(reader.at_hand() or b""), next(reader, b"")]
            while block := reader.at_hand() or next(reader, b""):
                found.append(bytes(block))
            assert reader.at_hand() is None
        assert b"".join(found) == BIG[start:]
        assert reader.at_hand() is None

    def test_suffix_is_counted_by_the_caller(self, store: BlobStore, place: Place) -> None:
        """The last bytes are a range from the size that `stat` tells."""
        key = place(BIG)
        assert store.get(key, store.stat(key).size - 7) == b"the end"

    @pytest.mark.parametrize(("start", "length"), [(4, None), (4, 0), (-1, None), (0, -1)])
    def test_impossible_ranges(
        self, store: BlobStore, place: Place, start: int, length: int | None
    ) -> None:
        """A range that begins beyond the end, or is negative, tells the size."""
        key = place(b"abc")
        with pytest.raises(RangeNotSatisfiable) as caught:
            store.open(key, start, length)
        self.assert_facts(caught.value, store, key)
        assert caught.value.facts["size"] == 3

    def test_empty_blob_has_one_range(self, store: BlobStore, place: Place) -> None:
        """Of nothing, nothing can be read."""
        key = place(b"")
        assert store.get(key, 0, 10) == b""
        with pytest.raises(RangeNotSatisfiable):
            store.open(key, 1)

    def test_closed_reader_ends(self, store: BlobStore, place: Place) -> None:
        """A reader may be closed midway and twice, and gives nothing more."""
        reader = store.open(place(BIG))
        assert next(reader)
        reader.close()
        reader.close()
        assert list(reader) == []

    def test_readers_share_a_blob(self, store: BlobStore, place: Place) -> None:
        """Many readers at once see the same bytes, each from its own place."""
        key = place(BIG)

        def read(start: int) -> bool:
            return store.get(key, start) == BIG[start:]

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(read, range(0, BLOCK, BLOCK // 16)))

    def assert_facts(self, error: StoreError, store: BlobStore, key: str) -> None:
        """Find the store and the key in the error."""
        assert error.facts["store"] == store.name
        assert error.facts["key"] == key
        assert key in str(error)


class ReadOnlyConformance(ReadingConformance):
    """The whole contract of a store that others fill: what it cannot do it says, and does nothing."""

    @pytest.fixture
    @override
    def place(self, store: BlobStore) -> Place:
        """Say how blobs come into the store."""
        raise NotImplementedError

    @pytest.fixture
    def absent(self) -> str:
        """Return a key under which there is no blob."""
        raise NotImplementedError

    @pytest.fixture(params=["", "a b", "a\n", "ключ", "\x00"], ids=ascii)
    def bad_key(self, request: pytest.FixtureRequest) -> str:
        """Give keys that name no blob in any store."""
        key: str = request.param
        return key

    def test_it_says_that_it_is_read_only(self, store: BlobStore) -> None:
        """The flag is down, and the check says why it takes no bytes."""
        assert not store.can_write
        health = store.check()
        assert not health.writable
        assert health.reason

    def test_writing_is_refused(self, store: BlobStore, place: Place) -> None:
        """Nothing begins, is copied or deleted; the blob stays."""
        key = place(b"abc")
        doors: list[Callable[[], object]] = [
            lambda: store.begin(key),
            lambda: store.put(key, b"x"),
            lambda: store.delete(key),
            lambda: store.copy(key, key),
        ]
        for door in doors:
            with pytest.raises(StoreReadOnly) as caught:
                door()
            assert caught.value.facts["store"] == store.name
        assert store.get(key) == b"abc"
        assert store.sweep(0) == 0

    def test_listing(self, store: BlobStore, place: Place) -> None:
        """It lists what is there, or says at once that it cannot."""
        key = place(b"abc")
        try:
            found = store.list()
        except Unsupported:
            return
        assert key in {stat.key for stat in found}

    def test_absent_blob(self, store: BlobStore, absent: str) -> None:
        """BlobNotFound says which store and which key."""
        assert not store.exists(absent)
        for door in (store.open, store.stat, store.get):
            with pytest.raises(BlobNotFound) as caught:
                door(absent)
            self.assert_facts(caught.value, store, absent)

    def test_bad_keys(self, store: BlobStore, bad_key: str) -> None:
        """What names no blob is InvalidKey at every door."""
        for door in (store.open, store.stat, store.get):
            with pytest.raises(InvalidKey):
                door(bad_key)

    def test_errors_survive_pickling(self, store: BlobStore, absent: str) -> None:
        """An error may cross processes with its facts, and names its store by alias."""
        store.name = "alias"
        with pytest.raises(BlobNotFound) as caught:
            store.stat(absent)
        again = copy(caught.value)  # by the same protocol
        assert str(again) == str(caught.value)
        assert again.facts["store"] == "alias"

    @pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
    def test_no_descriptor_leaks(self, store: BlobStore, place: Place, absent: str) -> None:
        """Readers left midway, refused ranges and absent blobs free what they held."""
        key = place(BIG)

        def use() -> None:
            with store.open(key) as reader:
                next(reader)
            assert len(list(store.open(key))) > 1
            with pytest.raises(RangeNotSatisfiable):
                store.open(key, len(BIG) + 1)
            with pytest.raises(BlobNotFound):
                store.open(absent)

        use()
        before = descriptors()
        for _ in range(20):
            use()
        end = time.monotonic() + 30  # a server beside the test may be slow to hang up
        while descriptors() > before and time.monotonic() < end:
            time.sleep(0.05)
        assert descriptors() <= before


def descriptors() -> int:
    """Count the open descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names alone, nothing is opened twice
