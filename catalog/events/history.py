"""What happened to an object, for those who may know."""

from collections.abc import Iterator, Sequence

import orjson
from django.db.models import QuerySet

from catalog.actors import Actor
from catalog.models import Event
from catalog.pages import portions, taken, weight


def history_of(actor: Actor, object_type: str, object_id: str, *, limit: int) -> list[Event]:
    """The newest events first. An administrator sees all of them, others those that happened while the object was
    their project's: what it was before it was given to them is not theirs to know.
    """
    rows = Event.objects.filter(object_type=object_type, object_id=object_id)
    if not actor.is_admin:
        if actor.project_id is None:
            return []
        rows = rows.filter(project_id=actor.project_id)
    found, _ = taken(read(rows.order_by("-id"), limit), lambda one: len(orjson.dumps(one.changes)))
    return found


def newest(object_type: str, object_id: str, *, before: int | None = None) -> QuerySet[Event]:
    """All events of an object, the newest first, those older than `before`; the caller says who may know which."""
    rows = Event.objects.filter(object_type=object_type, object_id=object_id)
    return (rows if before is None else rows.filter(id__lt=before)).order_by("-id")


def read(rows: QuerySet[Event], limit: int) -> Iterator[Event]:
    """The first of the rows, in portions while they are taken: some hold all that was once said of an object."""
    ids = list(rows.values_list("id", flat=True)[:limit])
    for part in portions(ids, _weights):
        found = Event.objects.in_bulk(part)
        yield from (found[pk] for pk in part if pk in found)


def _weights(ids: Sequence[int]) -> dict[int, int]:
    weighed = Event.objects.filter(pk__in=ids).annotate(row_weight=weight("changes"))
    return dict(weighed.values_list("id", "row_weight"))


def first_event(object_type: str, object_id: str, *, kind: str, path: str) -> Event | None:
    """The oldest event of the kind that changed `path`."""
    rows = Event.objects.filter(object_type=object_type, object_id=object_id, kind=kind)
    return next((one for one in rows.order_by("id") if path in one.changes), None)
