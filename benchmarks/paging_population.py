"""A million images for the paging bound: what grows is the catalog, not what a small project sees of it.

Whatever the size: one small project has 50 images and 20 are shared with it, and 300 are public. All others are
spread over 99 projects, private, shared with somebody else, or community; some are queued and still without size
and format, some deactivated.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import timedelta

from benchmarks import population
from benchmarks.population import SeedImage

OWN, SHARED, PUBLIC = 50, 20, 300
LEAST = 2_000
"""With fewer rows the fixed parts would overlap."""

_OWNERS = population.projects("5ma11")
SMALL = _OWNERS[population.ACTOR]
USUAL = _OWNERS[population.ACTOR + 1]


def images(count: int) -> Iterator[SeedImage]:
    """`count` images, the same every time."""
    if count < LEAST:
        raise ValueError(f"at least {LEAST} rows are needed, not {count}")
    others = [owner for owner in _OWNERS if owner != SMALL]
    own, shared, public = (
        _spread(n, count, shift) for n, shift in ((OWN, 0), (SHARED, 1), (PUBLIC, 2))
    )
    for index in range(count):
        image = _settled(index, count, others)
        if index in own:
            image = dataclasses.replace(image, project=SMALL, visibility="private", member=None)
        elif index in shared:
            image = dataclasses.replace(image, visibility="shared", member=(SMALL, "accepted"))
        elif index in public:
            image = dataclasses.replace(image, visibility="public", member=None)
        yield image


def _settled(index: int, count: int, owners: Sequence[str]) -> SeedImage:
    """An image of a usual project that the small one does not see."""
    found = population.image(index, count, _OWNERS)
    owner = owners[index % len(owners)]
    member = found.member
    if member is not None and member[0] in (SMALL, owner):
        member = (owners[(index + 1) % len(owners)], member[1])
    return dataclasses.replace(
        found,
        project=owner,
        visibility="private" if found.visibility == "public" else found.visibility,
        member=member,
        status=("queued", "deactivated")[index % 50] if index % 50 < 2 else "active",
        size=None if index % 50 == 0 else found.size,
        disk_format=None if index % 50 == 0 else found.disk_format,
        updated_at=found.created_at + timedelta(seconds=index * 7919 % (count + 1)),
    )


def _spread(number: int, count: int, shift: int) -> frozenset[int]:
    return frozenset(i * (count // number) + shift for i in range(number))
