"""Vitrine and Glance side by side, in turn, in one run: `make bench`."""

import argparse
import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import databases, infrastructure, machine, population, report
from benchmarks.client import MIB
from benchmarks.infrastructure import Servers
from benchmarks.measures import lists, memory, mixed, requests, transfers
from benchmarks.measures.scale import SMALL, Scale
from benchmarks.peer.service import Glance
from benchmarks.record import Record
from benchmarks.subject import BenchmarkError, Subject
from benchmarks.vitrine.service import Vitrine

RESULTS = Path(__file__).parent / "results"
PARTS = ("memory", "transfers", "mixed", "lists", "requests")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    _require_tools()
    scale = _scale(options)
    record = Record()
    folder = Path(tempfile.mkdtemp(prefix="vitrine-bench-", dir=options.folder))
    folder.chmod(0o755)
    begun = time.monotonic()
    try:
        with (
            infrastructure.servers(folder) as servers,
            _running(folder, servers, options) as (vitrine, glance),
        ):
            facts = {
                "machine": machine.facts(),
                "postgresql": databases.settings(servers.postgres),
                "vitrine": vitrine.facts(),
                "glance": glance.facts(),
                "scale": {k: str(v) for k, v in dataclasses.asdict(scale).items()},
            }
            print(report.facts_text(facts), flush=True)
            _measure(vitrine, glance, scale, record, options.only or PARTS)
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        if options.keep:
            print(f"benchmarks: logs are in {folder}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    text = f"{report.facts_text(facts)}\n\n{report.table(record)}\n"
    print(f"\n{report.table(record)}\n\n{time.monotonic() - begun:.0f} s in all")
    if options.save:
        stem = f"{datetime.now(UTC):%Y-%m-%d}-{options.save}"
        report.write(RESULTS, stem, text, report.document(record, facts))
        print(f"written: results/{stem}.txt and .json")
    return 0


def _measure(
    vitrine: Vitrine, glance: Glance, scale: Scale, record: Record, parts: Sequence[str]
) -> None:
    subjects: list[Subject] = [vitrine, glance]
    for part in parts:
        print(f"\n{part}", flush=True)
        if part in ("lists", "requests"):
            for count in scale.rows if part == "lists" else scale.rows[-1:]:
                _fill(subjects, count, vitrine.project())
                vitrine.renew_tokens()
                if part == "lists":
                    lists.measure(subjects, scale, record, count)
                else:
                    requests.measure(subjects, scale, record, count)
            continue
        vitrine.renew_tokens()
        {"transfers": transfers, "memory": memory, "mixed": mixed}[part].measure(
            subjects, scale, record
        )


def _fill(subjects: Sequence[Subject], count: int, project: str) -> None:
    owners = population.projects(project)
    for subject in subjects:
        begun = time.monotonic()
        subject.seed(count, owners)
        print(
            f"  {subject.name} filled with {count} images in {time.monotonic() - begun:.0f} s",
            flush=True,
        )


@contextmanager
def _running(
    folder: Path, servers: Servers, options: argparse.Namespace
) -> Iterator[tuple[Vitrine, Glance]]:
    vitrine = Vitrine(folder, servers, workers=options.workers)
    glance = Glance(
        folder, servers.postgres, workers=options.workers, threads=options.glance_threads
    )
    try:
        vitrine.start()
        glance.adopt(vitrine.project())
        glance.start()
        yield vitrine, glance
    finally:
        vitrine.stop()
        glance.stop()


def _scale(options: argparse.Namespace) -> Scale:
    scale = SMALL if options.small else Scale()
    changes = {
        "transfer": options.transfer and options.transfer * MIB,
        "memory": options.memory and options.memory * MIB,
        "rounds": options.rounds,
        "rows": options.rows and tuple(int(n) for n in options.rows.split(",")),
    }
    return dataclasses.replace(scale, **{k: v for k, v in changes.items() if v is not None})


def _require_tools() -> None:
    missing = [tool for tool in ("wrk", "cc") if shutil.which(tool) is None]
    if missing:
        sys.exit(
            f"benchmarks: {' and '.join(missing)} not found; Debian's packages wrk, build-essential, python3-dev"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument(
        "--small",
        action="store_true",
        help="everything small: whether it works, not how fast it is",
    )
    parser.add_argument(
        "--only", action="append", choices=PARTS, help="a part; may be given several times"
    )
    parser.add_argument("--save", metavar="NAME", help="write results/DATE-NAME.txt and .json")
    parser.add_argument(
        "--transfer", type=int, metavar="MIB", help="size of up- and downloads (1024)"
    )
    parser.add_argument(
        "--memory",
        type=int,
        metavar="MIB",
        help="size of the upload whose memory is watched (2048)",
    )
    parser.add_argument("--rounds", type=int, help="rounds of transfers and of wrk (5)")
    parser.add_argument(
        "--rows", metavar="N,N", help="images in the catalogs for lists (10000,100000)"
    )
    parser.add_argument("--workers", type=int, default=2, help="server processes of each (2)")
    parser.add_argument(
        "--glance-threads",
        type=int,
        default=1,
        help="threads of each Glance process (1, as devstack)",
    )
    parser.add_argument(
        "--folder", type=Path, help="where the run's own folder is made (the temporary folder)"
    )
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
