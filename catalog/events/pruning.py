"""Old events go: history would grow without end.

What an audit asks for (who made, deleted, shared, published, gave away or restored something, who may do what) stays
for `audit_days`, and of one object its newest `audit_events` and how it came to be. Other changes stay for
`history_days`, a few of each object longer than that, and none beyond an object's newest `history_events`.
"""

import random
import time
from datetime import datetime, timedelta
from typing import TypeAlias

from django.db.models import BooleanField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import ExpressionWrapper

from catalog.clock import now
from catalog.conf import CatalogConfig, section
from catalog.models import Event

BATCH, SECONDS = 500, 2.0
"""Events that one statement looks at, and how long a run may take: thousands of events a minute are kept up with."""
LAST = 20
"""Changes of an object that are not too old for as long as it is audited."""
PASSING = frozenset({"update", "hash", "prepare", "upload_failed", "import_failed", "move"})
"""What happens to an object again and again, by the last word of an event's kind."""
MADE = "create"
AUDITED = ["visibility", "owner"]
"""Changes that say who may see or have it, whatever happened else."""
POLICY = ("limit.", "image.member.")
_Judged: TypeAlias = tuple[int, str, datetime, bool, int | None, int | None, str, str]


class Pruner:
    """Goes round all events by their ids, some at each `run`; several of them harm nothing."""

    def __init__(self) -> None:
        self._after = -1

    def run(self) -> int:
        """Look at the next events, to the end or for `SECONDS`; how many went. Each statement is a transaction of its
        own.
        """
        if (
            self._after < 0
        ):  # each process begins anywhere: none lives long enough to go all the way
            newest = Event.objects.aggregate(id=Max("id"))["id"] or 0
            self._after = random.randint(0, newest)
        total, until = 0, time.monotonic() + SECONDS
        while True:
            gone, last = prune(self._after)
            total, self._after = total + gone, last or 0
            if last is None or time.monotonic() >= until:
                return total


def prune(after: int) -> tuple[int, int | None]:
    """Delete what is too old or one too many among the next events; how many, and the last one that was looked at."""
    rows = list(_judged(Event.objects.filter(id__gt=after).order_by("id")[:BATCH]))
    gone = [row[0] for row in rows if _may_go(*row[1:6])]
    gone += _beyond_audit(rows, set(gone))
    if gone:
        Event.objects.filter(pk__in=gone).delete()
    return len(gone), rows[-1][0] if rows else None


def _beyond_audit(rows: list[_Judged], gone: set[int]) -> list[int]:
    """Of those that stay for the audit the ones that are too many of their object."""
    most, oldest = section(CatalogConfig).audit_events, dict[tuple[str, str], int]()
    found = []
    for pk, kind, _, _, _, after_most, object_type, object_id in rows:
        if pk in gone or after_most is None or kind.rpartition(".")[2] == MADE:
            continue
        thing = object_type, object_id
        if thing not in oldest:
            newest = Event.objects.filter(object_type=object_type, object_id=object_id)
            kept = newest.order_by("-id").values_list("id", flat=True)[most - 1 : most]
            oldest[thing] = next(iter(kept), 0)
        if pk < oldest[thing]:
            found.append(pk)
    return found


def _judged(rows: QuerySet[Event]) -> "QuerySet[Event, _Judged]":
    newer = Event.objects.filter(
        object_type=OuterRef("object_type"), object_id=OuterRef("object_id"), id__gt=OuterRef("id")
    ).order_by("id")
    most = section(CatalogConfig).history_events
    return rows.annotate(
        audited=ExpressionWrapper(Q(changes__has_any_keys=AUDITED), output_field=BooleanField()),
        after_last=Subquery(newer.values("id")[LAST - 1 : LAST]),
        after_most=Subquery(newer.values("id")[most - 1 : most]),
    ).values_list(
        "id",
        "kind",
        "created_at",
        "audited",
        "after_last",
        "after_most",
        "object_type",
        "object_id",
    )


def _may_go(
    kind: str, created_at: datetime, audited: bool, after_last: int | None, after_most: int | None
) -> bool:
    config, moment = section(CatalogConfig), now()
    if created_at < moment - timedelta(days=config.audit_days):
        return True
    verb = kind.rpartition(".")[2]
    if audited or verb not in PASSING or kind.startswith(POLICY):
        return False
    if after_most is not None:
        return True
    return after_last is not None and created_at < moment - timedelta(days=config.history_days)
