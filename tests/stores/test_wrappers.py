"""Stores around a store."""

import hashlib
from pathlib import Path

import pytest

from stores import (
    BlobExists,
    BlobNotFound,
    BlobStore,
    FileStore,
    Hashing,
    InvalidKey,
    Limited,
    MemoryStore,
    Prefixed,
    SizeLimitExceeded,
    UnknownAlgorithm,
    Wrapper,
    WriterClosed,
)
from stores.conformance import BlobStoreConformance


class TestWrapper(BlobStoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        return Wrapper(FileStore(tmp_path / "store", fsync=False))


class TestLimited(BlobStoreConformance):
    @pytest.fixture
    def store(self) -> BlobStore:
        return Limited(MemoryStore(), max_size=1 << 30)


class TestHashing(BlobStoreConformance):
    @pytest.fixture
    def store(self) -> BlobStore:
        return Hashing(MemoryStore(), ["md5", "sha512"])


class TestAllAtOnce(BlobStoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        inner = FileStore(tmp_path / "store", fsync=False)
        inner.put("t", b"not ours")
        return Hashing(Limited(Prefixed(inner, "t"), max_size=1 << 30), ["sha256"])


class TestPrefixed(BlobStoreConformance):
    @pytest.fixture
    def store(self) -> BlobStore:
        inner = MemoryStore()
        inner.put("tenantry", b"not ours")
        return Prefixed(inner, "tenant")


def test_limit_is_inclusive() -> None:
    store = Limited(MemoryStore(), max_size=4)
    store.put("fits", [b"12", memoryview(b"34")])
    writer = store.begin("more")
    writer.write(b"123")
    with pytest.raises(SizeLimitExceeded) as caught:
        writer.write(b"45")
    assert caught.value.facts == {"store": "memory", "key": "more", "limit": 4}
    with pytest.raises(WriterClosed):
        writer.write(b"4")
    with pytest.raises(WriterClosed):
        writer.commit()
    assert [stat.key for stat in store.list()] == ["fits"]


def test_digests_are_those_of_the_bytes() -> None:
    with Hashing(MemoryStore(), ["md5", "sha512"]).begin("key") as writer:
        writer.write(b"ab")
        writer.write(b"c")
        writer.commit()
    assert writer.digests == {
        "md5": hashlib.md5(b"abc").hexdigest(),
        "sha512": hashlib.sha512(b"abc").hexdigest(),
    }


@pytest.mark.parametrize("algorithm", ["", "md6", "shake_128", "sha512\x00"])
def test_unknown_algorithms_are_refused_at_once(algorithm: str) -> None:
    with pytest.raises(UnknownAlgorithm):
        Hashing(MemoryStore(), [algorithm])


def test_prefix_sees_only_its_own() -> None:
    inner = MemoryStore()
    one, other = Prefixed(inner, "one"), Prefixed(inner, "other/deep")
    one.put("key", b"1")
    other.put("key", b"2")
    assert {stat.key for stat in inner.list()} == {"one/key", "other/deep/key"}
    assert [stat.key for stat in one.list()] == ["key"]
    with pytest.raises(BlobNotFound):
        one.get("deep/key")
    with pytest.raises(BlobExists) as caught:
        other.put("key", b"3")
    assert caught.value.facts["key"] == "key"


@pytest.mark.parametrize("prefix", ["", "a/", "/a", "..", "a/..", "é"])
def test_prefix_is_a_key(prefix: str) -> None:
    with pytest.raises(InvalidKey):
        Prefixed(MemoryStore(), prefix)


def test_powers_and_name_are_the_inner_ones(tmp_path: Path) -> None:
    store = Limited(Prefixed(FileStore(tmp_path), "p"), max_size=9)
    assert (store.has_local_path, store.can_copy, store.can_presign) == (True, True, False)
    store.put("key", b"x")
    assert store.local_path("key") == FileStore(tmp_path).local_path("p/key")
    store.name = "alias"
    with pytest.raises(BlobNotFound) as caught:
        store.stat("other")
    assert caught.value.facts == {"store": "alias", "key": "other"}
