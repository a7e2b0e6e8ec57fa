"""What was measured: every sample, and what is made of them."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmarks import processes
from benchmarks.subject import Subject

Better = Literal["more", "less"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the table."""

    name: str
    unit: str
    better: Better


@dataclass
class Record:
    """Samples by measure and service, in the order they were taken."""

    samples: dict[Measure, dict[str, list[float]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, measure: Measure, subject: Subject, value: float) -> None:
        self.samples.setdefault(measure, {}).setdefault(subject.name, []).append(value)
        print(f"  {measure.name:70} {subject.name:8} {value:12.3f} {measure.unit}", flush=True)

    def note(self, text: str) -> None:
        self.notes.append(text)
        print(f"  note: {text}", flush=True)


def in_turn(
    subjects: Sequence[Subject], rounds: int, record: Record
) -> Iterator[tuple[int, Subject]]:
    """Each service once a round, when neither has work left over; who begins changes every round."""
    for number in range(rounds):
        for subject in subjects if number % 2 == 0 else reversed(subjects):
            for other in subjects:
                if not processes.wait_until_quiet(processes.family(other.root_pid())):
                    record.note(f"{other.name} was still at work when {subject.name} was measured")
            yield number, subject


@dataclass(frozen=True, slots=True)
class Spread:
    minimum: float
    median: float
    maximum: float


def spread(samples: Sequence[float]) -> Spread:
    return Spread(min(samples), statistics.median(samples), max(samples))


def advantage(measure: Measure, ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """How many times better ours is, by the medians; None when a median is zero."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    if mine <= 0 or other <= 0:
        return None
    return mine / other if measure.better == "more" else other / mine
