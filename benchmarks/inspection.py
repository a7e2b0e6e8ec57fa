"""What inspecting formats costs an upload: `python -m benchmarks.inspection [MIB] [ROUNDS]`.

The same bytes go into a file store with and without an inspector, in turn, so that a noisy machine disturbs both alike.
Prints the median of each and their ratio, by kind of content.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from images.formats import Inspection
from stores import FileStore, Ingest
from tests.support import disks

MIB = 1 << 20
BLOCK = os.urandom(MIB)
KINDS = {
    "raw": BLOCK,
    "qcow2": disks.smallest_qcow2(1 << 30).ljust(MIB, b"\0"),
    "vmdk": disks.sparse_vmdk(
        disks.vmdk_descriptor('RW 2048 SPARSE "disk.vmdk"', "monolithicSparse")
    ),
    # Its metadata never comes: the inspector looks to the end.
    "vhdx": b"vhdxfile".ljust(196608, b"\0")
    + bytes.fromhex("72656769000000000100000000000000")
    + bytes.fromhex("06a27c8b90479a4bb8fe575f050f886e")
    + (1 << 50).to_bytes(8, "little")
    + bytes(8 + MIB),
}


async def upload(
    store: FileStore, pool: ThreadPoolExecutor, head: bytes, mib: int, *, inspected: bool
) -> float:
    """Seconds for one upload, its digests and its commit included."""
    observers = [Inspection("raw")] if inspected else []
    began = time.perf_counter()
    ingest = Ingest(store.begin("blob"), ("md5", "sha512"), executor=pool, observers=observers)
    await ingest.feed(head)
    for _ in range(mib):
        await ingest.feed(BLOCK)
    await ingest.finish()
    await ingest.commit()
    seconds = time.perf_counter() - began
    store.delete("blob")
    return seconds


def main(mib: int = 256, rounds: int = 9) -> None:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(16) as pool:
        store = FileStore(Path(folder))
        print(f"{mib} MiB, median of {rounds} rounds, MB/s")
        for kind, head in KINDS.items():
            taken: dict[bool, list[float]] = {False: [], True: []}
            for turn in range(rounds * 2):
                inspected = (turn + turn // 2) % 2 == 1
                taken[inspected].append(
                    asyncio.run(upload(store, pool, head, mib, inspected=inspected))
                )
            plain, seen = (statistics.median(taken[one]) for one in (False, True))
            size = mib * MIB / 1e6
            print(
                f"{kind:6} plain {size / plain:6.0f}  inspected {size / seen:6.0f}  ratio {plain / seen:.3f}"
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
