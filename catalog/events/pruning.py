"""Old events go: history would grow without end.

What an audit asks for (who made, deleted, shared, published, gave away or restored something, who may do what) stays
for `audit_days`. Other changes stay for `history_days`, a few of each object longer than that, and none beyond an
object's newest `history_events`.
"""

import random
from datetime import datetime, timedelta

from django.db.models import BooleanField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import ExpressionWrapper

from catalog.clock import now
from catalog.conf import CatalogConfig, section
from catalog.models import Event

BATCH, BATCHES = 500, 4
"""Events that one statement looks at, and statements of one run."""
LAST = 20
"""Changes of an object that are not too old for as long as it is audited."""
PASSING = frozenset({"update", "hash", "prepare", "upload_failed", "import_failed", "move"})
"""What happens to an object again and again, by the last word of an event's kind."""
AUDITED = ["visibility", "owner"]
"""Changes that say who may see or have it, whatever happened else."""
POLICY = ("limit.", "image.member.")


class Pruner:
    """Goes round all events by their ids, some at each `run`; several of them harm nothing."""

    def __init__(self) -> None:
        self._after = -1

    def run(self) -> int:
        """Look at the next events; how many went. Each statement is a transaction of its own."""
        if (
            self._after < 0
        ):  # each process begins anywhere: none lives long enough to go all the way
            newest = Event.objects.aggregate(id=Max("id"))["id"] or 0
            self._after = random.randint(0, newest)
        return sum(self._batch() for _ in range(BATCHES))

    def _batch(self) -> int:
        gone, last = prune(self._after)
        self._after = last or 0
        return gone


def prune(after: int) -> tuple[int, int | None]:
    """Delete what is too old or one too many among the next events; how many, and the last one that was looked at."""
    rows = list(_judged(Event.objects.filter(id__gt=after).order_by("id")[:BATCH]))
    gone = [row[0] for row in rows if _may_go(*row[1:])]
    if gone:
        Event.objects.filter(pk__in=gone).delete()
    return len(gone), rows[-1][0] if rows else None


def _judged(
    rows: QuerySet[Event],
) -> "QuerySet[Event, tuple[int, str, datetime, bool, int | None, int | None]]":
    newer = Event.objects.filter(
        object_type=OuterRef("object_type"), object_id=OuterRef("object_id"), id__gt=OuterRef("id")
    ).order_by("id")
    most = section(CatalogConfig).history_events
    return rows.annotate(
        audited=ExpressionWrapper(Q(changes__has_any_keys=AUDITED), output_field=BooleanField()),
        after_last=Subquery(newer.values("id")[LAST - 1 : LAST]),
        after_most=Subquery(newer.values("id")[most - 1 : most]),
    ).values_list("id", "kind", "created_at", "audited", "after_last", "after_most")


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
