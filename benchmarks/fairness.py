"""What a member who does the worst of a kind costs another one: `python -m benchmarks.fairness`.

For each kind of neighbour the same member is measured alone and beside it, in turn, in one run. The bound: the 95th
percentile of everything it does at most doubles; exit code 1 when broken.
"""

import argparse
import dataclasses
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import infrastructure, machine, population, processes, report
from benchmarks.bystander import Bystander, Samples
from benchmarks.neighbours import NEIGHBOURS
from benchmarks.neighbours.member import Place
from benchmarks.neighbours.neighbour import Lodger, Neighbour
from benchmarks.subject import BenchmarkError
from benchmarks.vitrine.service import Vitrine

RESULTS = Path(__file__).parent / "results"
BOUND = 2.0
CALM = 60.0
"""Seconds that the service gets to be done with what a neighbour left."""
NAME = "neighbour"


@dataclass
class Row:
    """One operation beside one neighbour."""

    neighbour: str
    operation: str
    alone: Samples = field(default_factory=Samples)
    beside: Samples = field(default_factory=Samples)

    def ratio(self, percent: int) -> float:
        return self.beside.percentile(percent) / max(self.alone.percentile(percent), 1e-9)

    @property
    def broken(self) -> bool:
        return self.ratio(95) > BOUND or self.beside.failures > 0


@dataclass
class Found:
    """Everything that was measured, and what the neighbours were told."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    answers: dict[str, dict[str, int]] = field(default_factory=dict)
    alone: list[float] = field(default_factory=list)
    """The share of the machine that the bystander alone kept busy, itself included."""
    notes: list[str] = field(default_factory=list)
    unmeasured: list[str] = field(default_factory=list)

    @property
    def broken(self) -> list[Row]:
        return [row for row in self.rows.values() if row.broken]

    def add(self, neighbour: str, phase: str, samples: Mapping[str, Samples]) -> None:
        for operation, one in samples.items():
            row = self.rows.setdefault((neighbour, operation), Row(neighbour, operation))
            kept: Samples = getattr(row, phase)
            kept.seconds += one.seconds
            kept.failures += one.failures

    def note(self, text: str) -> None:
        self.notes.append(text)
        print(f"  note: {text}", flush=True)


class Run:
    """One service, one bystander, and one neighbour after another."""

    def __init__(self, vitrine: Vitrine, bystander: Bystander, slow_port: int) -> None:
        self._vitrine, self._bystander, self._slow_port = vitrine, bystander, slow_port
        self.found = Found()

    def measure(self, kind: type[Neighbour], seconds: float, rounds: int) -> None:
        """Alone and beside, in turn; a service that does not calm down afterwards is started again."""
        print(f"\n{kind.name}: {' '.join((kind.__doc__ or '').split())}", flush=True)
        self._vitrine.renew_tokens()
        try:
            self._beside(kind, seconds, rounds)
        except BenchmarkError as error:
            self.found.unmeasured.append(kind.name)
            self.found.note(f"{kind.name}: {error}")
        if not self._quiet():
            self.found.note(
                f"{kind.name}: the service was at work {CALM:.0f} s later; started again"
            )
            self._vitrine.restart()
        self._bystander.clean()
        for row in self.found.rows.values():
            if row.neighbour == kind.name:
                print(f"  {line(row)}", flush=True)
        print(f"  it was answered: {shown(self.found.answers.get(kind.name, {}))}", flush=True)

    def _beside(self, kind: type[Neighbour], seconds: float, rounds: int) -> None:
        lodger = Lodger(kind(), self._place())
        try:
            for _ in range(rounds):
                self._round(kind, lodger, seconds)
            self.found.answers[kind.name] = dict(lodger.leave())
        finally:
            lodger.evict()

    def _round(self, kind: type[Neighbour], lodger: Lodger, seconds: float) -> None:
        if not self._quiet():
            self.found.note(f"{kind.name}: the service was still at work before it began")
        busy = processes.Busy()
        alone = self._bystander.measure(seconds)
        self.found.alone.append(busy.share())
        if failed := [name for name, one in alone.items() if one.failures]:
            self.found.note(f"{kind.name}: alone, these failed: {', '.join(failed)}")
        with lodger.at_it():
            beside = self._bystander.measure(seconds)
        for phase, samples in (("alone", alone), ("beside", beside)):
            wanted = {name: one for name, one in samples.items() if name not in kind.spoils}
            self.found.add(kind.name, phase, wanted)

    def _place(self) -> Place:
        return Place(
            self._vitrine.port,
            self._vitrine.token(NAME, NAME),
            self._vitrine.child_pid("relay"),
            self._slow_port,
        )

    def _quiet(self) -> bool:
        return processes.wait_until_quiet(processes.family(self._vitrine.root_pid()), CALM)


def line(row: Row) -> str:
    def times(samples: Samples) -> str:
        return f"{samples.percentile(50) * 1000:9.1f} {samples.percentile(95) * 1000:9.1f}"

    failed = f"{row.beside.failures} of {len(row.beside.seconds)} failed"
    return (
        f"{row.operation:10} {times(row.alone)} {times(row.beside)}"
        f" {row.ratio(50):8.2f} {row.ratio(95):8.2f} {failed if row.beside.failures else '':20}"
    ).rstrip()


def table(found: Found) -> str:
    head = (
        f"{'neighbour':24} {'':10} {'alone p50':>9} {'p95 ms':>9} {'beside p50':>9} {'p95 ms':>8}"
        f" {'p50':>8} {'p95':>8}"
    )
    lines = [head, "-" * len(head)]
    lines += [f"{row.neighbour:24} {line(row)}" for row in found.rows.values()]
    lines += [""]
    lines += [f"{name}: was answered {shown(one)}" for name, one in found.answers.items()]
    if found.alone:
        lines += ["", f"alone, it kept {statistics.median(found.alone):.0%} of the machine busy"]
    return "\n".join([*lines, *(f"note: {note}" for note in found.notes)])


def shown(answers: Mapping[str, int]) -> str:
    """The most frequent first."""
    listed = sorted(answers.items(), key=lambda one: -one[1])
    return ", ".join(f"{what}: {number}" for what, number in listed) or "nothing"


def verdict(found: Found) -> str:
    kept = len(found.rows) - len(found.broken)
    lines = [f"{kept} of {len(found.rows)} keep the bound of {BOUND:g} times"]
    for row in found.broken:
        failed = f", {row.beside.failures} failed" if row.beside.failures else ""
        lines.append(f"BROKEN: {row.neighbour}: {row.operation}: {row.ratio(95):.2f} times{failed}")
    lines += [f"NOT MEASURED: {name}" for name in found.unmeasured]
    return "\n".join(lines)


def document(found: Found, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Every sample in the order it was taken."""
    rows = [dataclasses.asdict(row) for row in found.rows.values()]
    return {"facts": facts, "rows": rows, "answers": found.answers, "notes": found.notes}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or the service would go on alone
    folder = Path(tempfile.mkdtemp(prefix="vitrine-fairness-", dir=options.folder))
    folder.chmod(0o755)
    try:
        with _running(folder, options) as (run, facts):
            print(report.facts_text(facts), flush=True)
            for name in options.only or NEIGHBOURS:
                run.measure(NEIGHBOURS[name], options.seconds, options.rounds)
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        if options.keep:
            print(f"benchmarks: logs are in {folder}", file=sys.stderr)
        return 2
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    text = f"{report.facts_text(facts)}\n\n{table(run.found)}\n\n{verdict(run.found)}\n"
    print(f"\n{text}")
    if options.save:
        stem = f"{datetime.now(UTC):%Y-%m-%d}-{options.save}"
        report.write(RESULTS, stem, text, document(run.found, facts))
        print(f"written: results/{stem}.txt and .json")
    return 1 if run.found.broken or run.found.unmeasured else 0


@contextmanager
def _running(
    folder: Path, options: argparse.Namespace
) -> Iterator[tuple[Run, dict[str, dict[str, str]]]]:
    slow, quick = processes.free_port(), processes.free_port()
    with ExitStack() as ending:
        servers = None
        if options.production:
            servers = infrastructure.running() or ending.enter_context(
                infrastructure.servers(folder, "elasticsearch")
            )
        workers = options.workers or (1 if servers is None else 2)
        configured = str(_configured(folder, [slow, quick]))
        vitrine = Vitrine(folder, servers, workers=workers, VITRINE_CONFIG=configured)
        ending.callback(vitrine.stop)
        vitrine.start()
        owners = population.projects(vitrine.project())
        owners[population.ACTOR + 1] = vitrine.enrol(NAME)
        vitrine.seed(options.rows, owners)
        vitrine.index()
        bystander = Bystander(vitrine, quick)
        ending.callback(bystander.leave)
        bystander.settle()
        scale = {k: str(getattr(options, k)) for k in ("rows", "seconds", "rounds")}
        yield (
            Run(vitrine, bystander, slow),
            {"machine": machine.facts(), "vitrine": vitrine.facts(), "scale": scale},
        )


def _configured(folder: Path, ports: Sequence[int]) -> Path:
    """The file of settings: bytes lie in files, and may be read from two web servers of this machine."""
    path = folder / "vitrine.toml"
    path.write_text(
        f"""
[stores]
default = "local"
backends.local.backend = "file"
backends.local.options = {{ root = "{folder}/vitrine/blobs" }}
backends.web.backend = "http"
backends.web.options = {{ private_networks = ["127.0.0.0/8"], allowed_ports = {list(ports)} }}
""",
        encoding="utf-8",
    )
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=NEIGHBOURS,
        help="a neighbour; may be given several times",
    )
    parser.add_argument(
        "--production",
        action="store_true",
        help="with PostgreSQL, Redis and Elasticsearch: those of the environment, or its own",
    )
    parser.add_argument("--rows", type=int, default=10_000, help="images in the catalog (10000)")
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="of each measurement, alone and beside (20)"
    )
    parser.add_argument("--rounds", type=int, default=2, help="of both (2)")
    parser.add_argument("--workers", type=int, help="web processes (as the profile has them)")
    parser.add_argument("--save", metavar="NAME", help="write results/DATE-NAME.txt and .json")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    parser.add_argument(
        "--folder", type=Path, help="where the run's own folder is made (the temporary folder)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
