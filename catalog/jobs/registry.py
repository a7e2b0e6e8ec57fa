"""Which code does which kind of job: a class per kind, made of steps that can be repeated."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from catalog.models import Job
from catalog.registry import Registry, same_class


class Lost(Exception):
    """The lease went to somebody else: stop at once and write nothing more."""


class Progress(ABC):
    """What a step may say while it runs; both raise Lost when the job is no longer this worker's."""

    @abstractmethod
    def report(self, fraction: float) -> None:
        """Set the progress (0…1) and renew the lease; cheap to call often, written at most once a second."""

    @abstractmethod
    def check(self) -> None:
        """Renew the lease if it is due."""


class Step(ABC):
    """One repeatable piece: `run` twice leads to what `run` once leads to; so does `undo`."""

    name: ClassVar[str]

    @abstractmethod
    def run(self, job: Job, progress: Progress) -> None: ...

    def undo(self, job: Job, progress: Progress) -> None:  # noqa: B027 - most leave nothing to undo
        """Take back what `run` left, whole or in part; called in reverse order when the job fails for good.

        Perhaps by another process than `run`. What it raises leads to another attempt later.
        """


@dataclass(frozen=True, slots=True)
class Places:
    """Places of a kind in a process: others wait, and leave its threads to other kinds. `each`: for one share of it."""

    total: int
    each: int | None = None


class JobKind(ABC):
    """A kind of job: its name and its steps in order."""

    name: ClassVar[str]
    steps: ClassVar[tuple[Step, ...]]

    def places(self) -> Places | None:
        """How many of the kind a process runs side by side, as it is configured now; None: as many as come."""
        return None

    def share(self, job: Job) -> str:
        """Who the job is counted for among the places; nobody in particular unless the kind says."""
        del job
        return ""

    def concerns(self, job: Job) -> tuple[str, str] | None:
        """What the job is for, as events name it: an object type and an id. A type of which no object is shown may come
        with any text instead of the id. None: its key says it.
        """
        del job
        return None

    def failed(self, job: Job) -> None:  # noqa: B027 - optional
        """Called when the job has failed for good, after the steps are undone; again when its worker dies then."""


_kinds: Registry[JobKind] = Registry("job kind", same=same_class)


def register(kind: JobKind) -> None:
    """Make a kind known; called from `AppConfig.ready`."""
    _kinds.register(kind.name, kind)


def places_of(job: Job) -> Places | None:
    """The places of the job's kind; None: as many as come, or a kind that no code is registered for."""
    kind = _kinds.get(job.kind)
    return kind.places() if kind else None


def kinds() -> Mapping[str, JobKind]:
    return _kinds
