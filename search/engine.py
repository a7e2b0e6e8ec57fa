"""The port of search: what an index can do, whichever engine keeps it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from search.deadline import UNBOUNDED, Deadline
from search.requests import Hit, SearchRequest, SearchResult
from search.schema import Schema

Key = tuple[str, str]
"""Resource type and id."""


Page = Callable[[Iterable[Hit]], Sequence[Hit]]


@dataclass(frozen=True, slots=True)
class Operation:
    """Index `body` as the object's document, or delete the document when it is None."""

    resource_type: str
    id: str
    version: int
    body: Mapping[str, Any] | None

    @property
    def key(self) -> Key:
        return self.resource_type, self.id


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an operation: taken; passed over, for a newer version is there; or refused, with `error`."""

    verdict: Verdict
    error: str = ""


@dataclass(frozen=True, slots=True)
class Generation:
    """One build of the index, by its name in the engine."""

    name: str
    schema: Schema


class Engine(ABC):
    """An index. Every method may raise EngineUnavailable; nothing is then known of what was under way, and repeating it
    is harmless: an operation counts when its version is equal to or larger than the one that is there, and a deletion
    is remembered longer than any operation may be under way.
    """

    @abstractmethod
    def ensure(self, schema: Schema) -> bool:
        """Make an empty live generation if there is none; whether one was made."""

    @abstractmethod
    def live(self) -> Generation:
        """The generation that answers; IndexMissing when there is none. Cheap: engines remember it for a moment."""

    @abstractmethod
    def change_schema(self, schema: Schema) -> None:
        """Keep `schema` (more typings, or `ready` ones) with the live generation, from the next operation on."""

    @abstractmethod
    def bulk(
        self, operations: Sequence[Operation], *, into: Generation | None = None
    ) -> list[Outcome]:
        """Do all operations, in order, each for itself: in the live generation and in one that is being built, or in
        `into` alone. What was accepted survives the loss of this process.
        """

    @abstractmethod
    def search(
        self, request: SearchRequest, deadline: Deadline = UNBOUNDED, page: Page = tuple
    ) -> SearchResult:
        """Bodies, totals and counts of what matches; QueryRefused when it cannot be asked.

        With `deadline` it is a caller's question: SearchOverdue or CallerGone when it goes on for too long. `page` gets
        the hits while they are read, and gives those of the answer; what it does not take is not read.
        """

    @abstractmethod
    def documents(self) -> int:
        """About how many documents there are; cheap."""

    @abstractmethod
    def refresh(self) -> None:
        """Make everything that was accepted visible to the next search."""

    @abstractmethod
    def versions(self, keys: Collection[Key]) -> dict[Key, int]:
        """The versions of the documents that are there, read past any delay of the search."""

    @abstractmethod
    def scan(self, generation: Generation | None = None) -> Iterator[tuple[str, str, int]]:
        """Resource type, id and version of every document."""

    @abstractmethod
    def check(self) -> str:
        """The engine and its version in a few words, when it answers and has a live generation; IndexMissing without
        one, IndexNameTaken when something else lies in its place.
        """

    @abstractmethod
    def rebuilding(self, schema: Schema) -> AbstractContextManager[Generation]:
        """Begin a new, empty generation that gets all operations from now on; leaving the block drops it unless it was
        committed. RebuildRunning when another process builds one.
        """

    @abstractmethod
    def commit_rebuild(self, generation: Generation) -> None:
        """Let the new generation answer, in one step, and drop the old one."""

    def sweep(self) -> None:  # noqa: B027 - where builds end with their process, nothing is left behind
        """Drop a build that nobody goes on with. Ask again and again: only who has watched it for a while can tell."""

    @abstractmethod
    def purge(self) -> None:
        """Forget deletions that are older than any operation may be."""

    @abstractmethod
    def drop(self) -> None:
        """Delete every generation; for tests."""
