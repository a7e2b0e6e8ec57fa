"""Blobs in memory."""

import pytest

from stores import BlobStore, MemoryStore, StoreFull, WriterClosed
from stores.conformance import BlobStoreConformance


class TestMemoryStore(BlobStoreConformance):
    @pytest.fixture
    def store(self) -> BlobStore:
        return MemoryStore()


class TestMemoryStoreWithCapacity(BlobStoreConformance):
    @pytest.fixture
    def store(self) -> BlobStore:
        return MemoryStore(capacity=1 << 30)


def test_capacity_counts_blobs_and_writers() -> None:
    store = MemoryStore(capacity=10)
    store.put("a", b"12345")
    with store.begin("b") as writer:
        writer.write(b"123")
        assert store.check().free == 2
        with pytest.raises(StoreFull) as caught:
            writer.write(b"123")
        assert caught.value.facts == {"store": "memory", "key": "b"}
        with pytest.raises(WriterClosed):
            writer.commit()
    assert store.check().free == 5
    store.delete("a")
    store.put("c", b"1234567890")
    assert not store.check().writable
