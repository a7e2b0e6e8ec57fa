"""The base of all neighbours, and the process that one of them runs in."""

import multiprocessing
import os
import threading
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import ClassVar

from benchmarks.neighbours.member import Member, Place
from benchmarks.subject import BenchmarkError

READY_WITHIN = 300.0
GONE_WITHIN = 120.0
POLITE = 10
"""Niceness of the process: a real neighbour has a machine of its own to make requests on."""


class Neighbour(ABC):
    """Somebody with a number of connections, each of which takes one turn after another."""

    name: ClassVar[str]
    connections: ClassVar[int] = 4
    rest: ClassVar[float] = 0.1
    """Seconds between two turns of a connection: how often somebody asks is not what is measured."""
    spoils: ClassVar[frozenset[str]] = frozenset()
    """Operations of the other member that cannot work beside it, whatever the service does."""

    def prepare(self, member: Member) -> None:  # noqa: B027 - few need it
        """Make what the turns need; done before the other member is measured alone."""

    @abstractmethod
    def turn(self, member: Member, number: int) -> None:
        """What connection `number` does again and again."""

    def rise(self, member: Member) -> None:  # noqa: B027 - as above
        """End what would go on without the turns."""

    def clean(self, member: Member) -> None:  # noqa: B027 - as above
        """Take back what was made."""


class Lodger:
    """A neighbour in a process of its own, so that only the service and the processors are shared with the other."""

    def __init__(self, neighbour: Neighbour, place: Place) -> None:
        context = multiprocessing.get_context("fork")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_live, args=(neighbour, place, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._heard(READY_WITHIN, "be ready")

    @contextmanager
    def at_it(self) -> Iterator[None]:
        """The neighbour does its worst inside the block."""
        self._ours.send("begin")
        try:
            yield
        finally:
            self._ours.send("end")
        self._heard(GONE_WITHIN, "end")

    def leave(self) -> Mapping[str, int]:
        """What it was answered, once it has cleaned up behind it."""
        self._ours.send("leave")
        found = self._heard(GONE_WITHIN, "leave")
        self._process.join(GONE_WITHIN)
        return found

    def evict(self) -> None:
        """End its process, however far it is."""
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _heard(self, seconds: float, what: str) -> Mapping[str, int]:
        if not self._ours.poll(seconds):
            raise BenchmarkError(f"the neighbour did not {what} within {seconds:g} s")
        try:
            found: Mapping[str, int] | str = self._ours.recv()
        except EOFError:
            raise BenchmarkError("the neighbour's process ended") from None
        if isinstance(found, str):
            raise BenchmarkError(f"the neighbour failed:\n{found}")
        return found


def _live(neighbour: Neighbour, place: Place, told: Connection) -> None:
    os.nice(POLITE)
    member = Member(place)
    try:
        neighbour.prepare(member)
        member.answers.clear()
        told.send({})
        while told.recv() == "begin":
            _do_worst(neighbour, member, told)
            told.send({})
        found = dict(member.answers)
        neighbour.clean(member)
        told.send(found)
    except BaseException:  # noqa: BLE001 - the process ends, and its parent says why
        told.send(traceback.format_exc())
    finally:
        told.close()
        os._exit(0)


def _do_worst(neighbour: Neighbour, member: Member, told: Connection) -> None:
    """All connections take their turns until the parent says that it is over."""
    threads = [
        threading.Thread(target=_repeat, args=(neighbour, member, number), daemon=True)
        for number in range(neighbour.connections)
    ]
    for thread in threads:
        thread.start()
    told.recv()
    member.go()
    for thread in threads:
        thread.join(10)
    neighbour.rise(member)
    member.stay()


def _repeat(neighbour: Neighbour, member: Member, number: int) -> None:
    while not member.over:
        try:
            neighbour.turn(member, number)
        except OSError as error:
            member.count(type(error).__name__)
        member.pause(neighbour.rest)
