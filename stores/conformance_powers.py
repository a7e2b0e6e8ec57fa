"""The part of the suite about what a store may do beyond its five verbs; see `stores.conformance`."""

from pathlib import Path

import pytest

from stores.base import BLOCK, BlobStore
from stores.errors import BlobExists, BlobNotFound, Unsupported

BIG = bytes(range(251)) * ((3 * BLOCK) // 251) + b"the end"
"""More than three blocks, of a length and a period that no block divides."""


class PowersConformance:
    """Copies, local files, addresses, health: by flag or by comfort."""

    def test_copy(self, store: BlobStore) -> None:
        """A copy is a blob of its own, whether or not the store can copy by itself."""
        store.put("from", BIG)
        stat = store.copy("from", "to")
        assert (stat.key, stat.size) == ("to", len(BIG))
        assert store.stat("to") == stat
        with pytest.raises(BlobExists):
            store.copy("from", "to")
        with pytest.raises(BlobExists):
            store.copy("from", "from")
        store.delete("from")
        assert store.get("to") == BIG

    def test_local_path(self, store: BlobStore) -> None:
        """The file holds exactly the blob; without the power it is Unsupported."""
        store.put("key", BIG)
        if store.has_local_path:
            assert Path(store.local_path("key")).read_bytes() == BIG
            with pytest.raises(BlobNotFound):
                store.local_path("other")
        else:
            with pytest.raises(Unsupported):
                store.local_path("key")

    def test_presign(self, store: BlobStore) -> None:
        """An address is given exactly when the flag says so."""
        store.put("key", b"x")
        if store.can_presign:
            assert ":" in store.presign("key", 60)
        else:
            with pytest.raises(Unsupported):
                store.presign("key", 60)

    def test_check_and_sweep(self, store: BlobStore) -> None:
        """A usable store says so, and sweeping takes neither blobs nor what is being written."""
        store.put("key", b"x")
        health = store.check()
        assert health.writable
        assert health.free is None or health.free > 0
        with store.begin("other") as writer:
            writer.write(b"y")
            store.sweep(0)
            writer.commit()
        assert (store.get("key"), store.get("other")) == (b"x", b"y")
        assert len(list(store.list())) == 2
