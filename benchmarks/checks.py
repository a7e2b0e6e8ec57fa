"""What each check of an upload costs: digests, inspection, an expected digest: `python -m benchmarks.checks`.

The same bytes go into a file store, by the code that takes uploads in, with more and more asked of them. All ways take
turns, and who begins changes every round, so that a noisy machine disturbs all alike.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, report
from images.inspection import Inspection
from stores import FileStore, Ingest
from tests.support import disks

MIB = 1 << 20
MB = 1_000_000
THREADS = 16
RESULTS = Path(__file__).parent / "results"
BLOCK = os.urandom(MIB)
CONTENTS: Mapping[str, bytes] = {
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


@dataclass(frozen=True)
class Way:
    """What is asked of the bytes beside being stored."""

    name: str
    algorithms: tuple[str, ...] = ()
    inspected: bool = False


USUAL = ("md5", "sha512")
WAYS = (
    Way("stored"),
    Way("md5 and sha512", USUAL),
    Way("inspected", (), inspected=True),
    Way("md5, sha512, inspected: the usual upload", USUAL, inspected=True),
    # An expected md5 or sha512 is compared with what is computed anyway.
    Way("the usual, and an expected sha256", (*USUAL, "sha256"), inspected=True),
)


async def upload(
    store: FileStore, pool: ThreadPoolExecutor, head: bytes, mib: int, way: Way
) -> float:
    """Seconds for one upload, its digests and its commit (with fsync) included."""
    observers = [Inspection("raw")] if way.inspected else []
    began = time.perf_counter()
    ingest = Ingest(store.begin("blob"), way.algorithms, executor=pool, observers=observers)
    await ingest.feed(head)
    for _ in range(mib):
        await ingest.feed(BLOCK)
    await ingest.finish()
    await ingest.commit()
    seconds = time.perf_counter() - began
    store.delete("blob")
    return seconds


def measure(folder: Path, mib: int, rounds: int) -> dict[tuple[str, str], list[float]]:
    """MB/s by content and way, in the order in which they were taken."""
    found: dict[tuple[str, str], list[float]] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        store = FileStore(folder)
        for content, head in CONTENTS.items():
            size = (len(head) + mib * MIB) / MB
            for number in range(rounds):
                at = number % len(WAYS)
                for way in (*WAYS[at:], *WAYS[:at]):
                    os.sync()
                    seconds = asyncio.run(upload(store, pool, head, mib, way))
                    found.setdefault((content, way.name), []).append(size / seconds)
    return found


def table(found: Mapping[tuple[str, str], Sequence[float]]) -> str:
    """Minimum, median and maximum, and the part of the speed of storing alone that is left."""
    lines = [f"{'content':8} {'way':42} {'MB/s min / median / max':>26} {'of stored':>10}"]
    for (content, way), speeds in found.items():
        plain = statistics.median(found[content, WAYS[0].name])
        shown = f"{min(speeds):.0f} / {statistics.median(speeds):.0f} / {max(speeds):.0f}"
        lines.append(f"{content:8} {way:42} {shown:>26} {statistics.median(speeds) / plain:9.2f}x")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    facts = {
        "machine": machine.facts(),
        "scale": {"MiB": str(options.mib), "rounds": str(options.rounds), "threads": str(THREADS)},
    }
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-", dir=options.folder) as folder:
        found = measure(Path(folder), options.mib, options.rounds)
    text = f"{report.facts_text(facts)}\n\n{table(found)}\n"
    print(text)
    if options.save:
        stem = f"{datetime.now(UTC):%Y-%m-%d}-{options.save}"
        samples = [{"content": c, "way": w, "MB/s": values} for (c, w), values in found.items()]
        report.write(RESULTS, stem, text, {"facts": facts, "samples": samples})
        print(f"written: results/{stem}.txt and .json")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checks", description=__doc__)
    parser.add_argument("--mib", type=int, default=256, help="size of an upload (256)")
    parser.add_argument("--rounds", type=int, default=10, help="uploads of each way (10)")
    parser.add_argument("--save", metavar="NAME", help="write results/DATE-NAME.txt and .json")
    parser.add_argument("--folder", type=Path, help="where the files lie (the temporary folder)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
