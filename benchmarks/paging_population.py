"""A million images for the paging bound: what grows is the catalog, not what is shared with a project of it.

Whatever the size: one small project has 50 images, 20 are shared with it and 20 with a usual project, and 300
are public. All others are spread over 99 projects (the usual one among them): private, community, or shared with
one of very many projects that own nothing. Some are queued and still without size and format, some deactivated.
"""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from benchmarks import population
from benchmarks.population import SeedImage

SLOTS = ("public",) * 30 + ("shared small",) * 2 + ("shared usual",) * 2 + ("own",) * 5
FIXED = 10 * len(SLOTS)
LEAST = 5 * FIXED

_OWNERS = population.projects("5ma11")
SMALL = _OWNERS[population.ACTOR]
USUAL = _OWNERS[population.ACTOR + 1]
_OTHERS = [owner for owner in _OWNERS if owner not in (SMALL, USUAL)]


def images(count: int) -> Iterator[SeedImage]:
    """`count` images, the same every time."""
    if count < LEAST:
        raise ValueError(f"at least {LEAST} rows are needed, not {count}")
    step = count // FIXED
    for index in range(count):
        number, rest = divmod(index, step)
        if rest == 0 and number < FIXED:
            yield _fixed(index, count, SLOTS[number % len(SLOTS)])
        else:
            owner = USUAL if index % 100 == 99 else _OTHERS[index % len(_OTHERS)]
            yield _settled(index, count, owner)


def _fixed(index: int, count: int, slot: str) -> SeedImage:
    """One of the images that are there in a catalog of any size."""
    found = dataclasses.replace(_settled(index, count, _OTHERS[index % len(_OTHERS)]), member=None)
    if slot == "public":
        return dataclasses.replace(found, visibility="public")
    if slot == "own":
        return dataclasses.replace(found, visibility="private", project=SMALL)
    member = (SMALL if slot == "shared small" else USUAL, "accepted")
    return dataclasses.replace(found, visibility="shared", member=member)


def _settled(index: int, count: int, owner: str) -> SeedImage:
    """An image that neither the small nor the usual project sees, unless it is the usual one's own."""
    found = population.image(index, count, _OWNERS)
    queued = index % 50 == 11
    return dataclasses.replace(
        found,
        project=owner,
        visibility="private" if found.visibility == "public" else found.visibility,
        member=(population.project(f"consumer-{index}"), "accepted") if found.member else None,
        status="queued" if queued else "deactivated" if index % 50 == 12 else "active",
        size=None if queued else found.size,
        disk_format=None if queued else found.disk_format,
        updated_at=found.created_at + timedelta(seconds=index * 7919 % (count + 1)),
    )
