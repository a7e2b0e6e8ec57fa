"""Consumers claim deliveries under a lease, acknowledge what they took in, and give back what failed.

Projects take turns, so that the deliveries of one do not wait for all of another one's.
"""

import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from catalog.clock import database_now
from catalog.errors import recorded
from catalog.models import Delivery

PARK_AFTER = 8
AGAIN_SECONDS = 0.5
PROJECTS = 8
"""How many projects share a batch."""
PRESENT = 5.0
"""Seconds for which a project that was served counts as one that others must leave room for."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery as it was claimed; acknowledging it later needs the same generation."""

    id: int
    topic: str
    object_id: str
    generation: int
    attempts: int
    project_id: str = ""


@dataclass(slots=True)
class Turns:
    """Whose turn it is: projects come in the order of their ids, after the one that had its turn last.

    Consumers begin anywhere, so that several do not serve the same projects. Those that a consumer calls `heavy` share
    with nobody, so that nobody waits for their part as well as for his own, and have so many deliveries of a batch. Who
    rests is passed over.
    """

    last: str = field(default_factory=lambda: uuid4().hex)
    heavy: dict[str, int] = field(default_factory=dict)
    _served: dict[str, float] = field(default_factory=dict)
    _rests: dict[str, float] = field(default_factory=dict)
    """When each rest ends."""

    def rest(self, project: str, seconds: float) -> None:
        """Leave the project out for so long, unless it has been alone of late."""
        moment = time.monotonic()
        if any(moment - then < PRESENT for one, then in self._served.items() if one != project):
            self._rests[project] = moment + seconds

    def pause(self) -> float | None:
        """Seconds until a rest ends; None when nobody rests."""
        ends = self._resting().values()
        return min(ends) - time.monotonic() if ends else None

    def _resting(self) -> dict[str, float]:
        moment = time.monotonic()
        self._rests = {one: end for one, end in self._rests.items() if end > moment}
        return self._rests

    def served(self, projects: Iterable[str]) -> None:
        """Note who was served just now."""
        moment = time.monotonic()
        self._served = {one: at for one, at in self._served.items() if moment - at < PRESENT}
        self._served.update(dict.fromkeys(projects, moment))

    def shared(self, waiting: Iterable[str], most: int) -> Iterator[list[str]]:
        """Who shares a batch, of those that wait in turn."""
        together: list[str] = []
        resting = self._resting()
        for one in waiting:
            if one in resting:
                continue
            if one not in self.heavy:
                together.append(one)
            if together and (one in self.heavy or len(together) == most):
                yield together
                together = []
            if one in self.heavy:
                yield [one]
        if together:
            yield together


def claim(
    consumer: str, *, owner: str, lease: float, limit: int, turns: Turns | None = None
) -> list[Claim]:
    """Take up to `limit` due deliveries for `lease` seconds; rows another consumer holds are passed over.

    They are of the next projects in turn: the oldest of each, in equal parts as far as they go. None at all means that
    none is due, whosever it be, but for those who rest.
    """
    turns = turns or Turns()
    with transaction.atomic():
        waiting = _in_turn(consumer, turns.last)
        for projects in turns.shared(waiting, min(PROJECTS, limit)):
            turns.last = projects[-1]
            most = min(limit, turns.heavy.get(projects[0], limit))
            if rows := _shared(consumer, projects, owner, lease, most):
                turns.served(row.project_id for row in rows)
                return [
                    Claim(r.pk, r.topic, r.object_id, r.generation, r.attempts, r.project_id)
                    for r in rows
                ]
    return []


def acknowledge(claims: Iterable[Claim], *, owner: str) -> None:
    """Delete what was taken in; a row written again meanwhile stays, is free at once, and as old as that write."""
    by_generation: dict[int, list[int]] = {}
    for one in claims:
        by_generation.setdefault(one.generation, []).append(one.id)
    with transaction.atomic():
        for generation, ids in by_generation.items():
            Delivery.objects.filter(pk__in=ids, generation=generation, lease_owner=owner).delete()
            Delivery.objects.filter(pk__in=ids, lease_owner=owner).update(
                lease_until=None, lease_owner="", created_at=F("due_at")
            )


def release(consumer: str, *, owner: str, claims: Collection[Claim] | None = None) -> None:
    """Free what the owner holds and did not work at, as if it had not claimed it: these claims, or whatever it is."""
    held = Delivery.objects.filter(consumer=consumer, lease_owner=owner)
    if claims is not None:
        held = held.filter(pk__in=[one.id for one in claims])
    held.update(lease_until=None, lease_owner="")


def give_back(claims: Collection[Claim], *, owner: str, error: str, poison: bool) -> None:
    """Return deliveries that failed: later and later, and parked in the end, when the fault is their own (`poison`).

    A fault of who takes them (`poison=False`) is not counted, and they are due again in a moment: it is for the
    consumer to pause until all is well again.
    """
    for one in claims:
        attempts = one.attempts + (1 if poison else 0)
        delay = min(0.5 * 2 ** min(attempts, 10), 60.0) if poison else AGAIN_SECONDS
        Delivery.objects.filter(pk=one.id, lease_owner=owner, generation=one.generation).update(
            attempts=F("attempts") + (1 if poison else 0),
            error=recorded(error),
            parked=poison and attempts >= PARK_AFTER,
            due_at=database_now(delay),
        )
    Delivery.objects.filter(pk__in=[c.id for c in claims], lease_owner=owner).update(
        lease_until=None, lease_owner=""
    )


def outstanding(consumer: str, topic: str, object_ids: Collection[str] | None = None) -> int:
    """How many deliveries are outstanding, parked ones not counted."""
    rows = Delivery.objects.filter(consumer=consumer, topic=topic, parked=False)
    if object_ids is not None:
        rows = rows.filter(object_id__in=object_ids)
    return rows.count()


def _due(consumer: str) -> QuerySet[Delivery]:
    return Delivery.objects.filter(consumer=consumer, parked=False, due_at__lte=database_now())


def _in_turn(consumer: str, last: str) -> Iterator[str]:
    """The projects that have due deliveries, beginning after `last` and once around: a look into the index for each."""
    for turn in (Q(project_id__gt=last), Q(project_id__lte=last)):
        rows, beyond = _due(consumer).filter(turn).order_by("project_id", "due_at"), Q()
        while (
            found := rows.filter(beyond).values_list("project_id", flat=True).first()
        ) is not None:
            yield found
            beyond = Q(project_id__gt=found)


def _shared(
    consumer: str, projects: list[str], owner: str, lease: float, limit: int
) -> list[Delivery]:
    """Claim the projects' deliveries in equal parts; what one leaves free goes to those that have more."""
    rows: list[Delivery] = []
    more: list[str] = []
    for place, project in enumerate(projects):
        room = limit - len(rows)
        part = -(-room // (len(projects) - place))
        found = _taken(consumer, project, owner, lease, part)
        rows += found
        if len(found) == part:
            more.append(project)
    for project in more:
        rows += _taken(consumer, project, owner, lease, limit - len(rows))
    return rows


def _taken(consumer: str, project: str, owner: str, lease: float, limit: int) -> list[Delivery]:
    if limit <= 0:
        return []
    due = (
        _due(consumer)
        .filter(Q(lease_until=None) | Q(lease_until__lt=database_now()), project_id=project)
        .order_by("due_at", "id")
    )
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True)
    rows = list(due[:limit])
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        lease_owner=owner, lease_until=database_now(lease)
    )
    return rows
