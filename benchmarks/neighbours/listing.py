"""Neighbours whose images are as large as the service lets them be."""

import uuid
from itertools import count
from typing import Any, ClassVar

from typing_extensions import override

from benchmarks.neighbours.member import IMAGES, PATCH, Member
from benchmarks.neighbours.neighbour import Neighbour
from benchmarks.subject import BenchmarkError

SIZES = ((120, 64_000), (120, 16_000), (120, 2_000), (60, 2_000), (60, 500))
"""Properties and the length of each: the first that the service takes is used."""
PART = 50
"""Properties a request, so that a body is not too long."""


class Fat(Neighbour):
    """The base of those who have fat images."""

    images: ClassVar[int]

    @override
    def prepare(self, member: Member) -> None:
        self._size = next(filter(lambda size: self._taken(member, size), SIZES), None)
        if self._size is None:
            raise BenchmarkError("the service takes no fat image of any size")
        self._images = [self._fat(member, self._size)[0] for _ in range(self.images)]

    @override
    def clean(self, member: Member) -> None:
        for image in self._images:
            member.ask("DELETE", f"{IMAGES}/{image}")

    def _taken(self, member: Member, size: tuple[int, int]) -> bool:
        image, taken = self._fat(member, size)
        member.ask("DELETE", f"{IMAGES}/{image}")
        return taken

    def _fat(self, member: Member, size: tuple[int, int]) -> tuple[str, bool]:
        """A new image of that size, and whether all of it was taken."""
        image = member.ask("POST", IMAGES, {"name": "fat"}).json()["id"]
        changes = fattening(*size, "x")
        answers = [
            member.ask("PATCH", f"{IMAGES}/{image}", changes[at : at + PART], kind=PATCH)
            for at in range(0, len(changes), PART)
        ]
        return image, all(one.status == 200 for one in answers)


class FatLists(Fat):
    """Lists 60 images of as much metadata as is allowed, by `limit=1000`, four times at once."""

    name = "fat lists"
    images = 60

    @override
    def turn(self, member: Member, number: int) -> None:
        member.ask("GET", f"{IMAGES}?limit=1000&name=fat", number=number)


class FatWrites(Fat):
    """Writes fat images all the time, so that the relay has much to carry."""

    name = "fat writes"
    images = 16

    @override
    def turn(self, member: Member, number: int) -> None:
        turn = next(_TURNS)
        properties, length = self._size or SIZES[-1]
        changes = fattening(min(properties, PART), length, str(turn))
        image = self._images[turn % len(self._images)]
        member.ask("PATCH", f"{IMAGES}/{image}", changes, number=number, kind=PATCH)


class Histories(Fat):
    """Changes 60 long values of an image forty times, and reads a thousand of its events four times at once."""

    name = "histories"
    images = 1
    changes: ClassVar[int] = 40

    @override
    def prepare(self, member: Member) -> None:
        super().prepare(member)
        properties, length = self._size or SIZES[-1]
        for turn in range(self.changes):
            changes = fattening(min(properties, PART), length, f"{turn:02d}")
            member.ask("PATCH", f"{IMAGES}/{self._images[0]}", changes, kind=PATCH)

    @override
    def turn(self, member: Member, number: int) -> None:
        member.ask("GET", f"{IMAGES}/{self._images[0]}/events?limit=1000", number=number)


class UnindexedLists(Neighbour):
    """Lists, four times at once, what no index helps to find, and what is not there."""

    name = "unindexed lists"
    queries: ClassVar[tuple[str, ...]] = (
        "team=nothing&sort=size:asc",
        "visibility=community&team=nothing&sort=name:desc",
        "member_status=all&os_version=nothing&sort=updated_at:asc",
        "&".join(f"p{n}=nothing" for n in range(100)),
        f"name=in:{','.join(f'nothing-{n}' for n in range(500))}",
        f"id=in:{','.join(str(uuid.UUID(int=n)) for n in range(500))}",
    )

    @override
    def turn(self, member: Member, number: int) -> None:
        query = self.queries[next(_TURNS) % len(self.queries)]
        member.ask("GET", f"{IMAGES}?limit=1000&{query}", number=number)


def fattening(properties: int, length: int, filling: str) -> list[dict[str, Any]]:
    """The changes that give an image so many properties of such a length."""
    value = (filling * length)[:length]
    return [{"op": "add", "path": f"/fat_{n:03d}", "value": value} for n in range(properties)]


_TURNS = count()
