"""Waiting until the index holds what had been written when the question came.

What is owed is remembered by row and generation. A row that is gone was applied. One that was raised meanwhile
may be held up
for ever by further writes, so the object's own version is looked up once, and awaited in the index instead.
"""

import time
from collections.abc import Iterable, Iterator

from catalog.api import later
from catalog.events import waking
from catalog.indexing.documents import sources
from catalog.models import Delivery
from search import engines
from search.engine import Key

CONSUMER = "search"
_PART = 500


class Waiting:
    """Waits at most `limit` seconds for what is owed when it is made; whoever waits looks again and again."""

    def __init__(self, limit: float) -> None:
        self._owed = dict(_owed(parked=False))
        self._raised: dict[Key, int | None] = {}
        self._end = time.monotonic() + limit
        if self._owed:
            waking.wake()

    def look(self) -> bool | None:
        """True: it is in the index. False: time ran out, or a document is parked and will not come by waiting. None:
        look again. EngineUnavailable as soon as the engine is away.
        """
        if self._owed or self._raised:
            engines.current().live()  # no use to wait for an engine that is away
            _strike_out(self._owed, self._raised)
            self._raised = _not_applied(self._raised)
        if self._owed or self._raised:
            return False if time.monotonic() >= self._end else None
        engines.current().refresh()
        return not Delivery.objects.filter(consumer=CONSUMER, parked=True).exists()


def wait(limit: float) -> bool:
    """Wait on this thread."""
    waiting, pauses = Waiting(limit), later.pauses()
    while (found := waiting.look()) is None:
        time.sleep(next(pauses))
    return found


def _owed(*, parked: bool) -> Iterator[tuple[int, int]]:
    rows = Delivery.objects.filter(consumer=CONSUMER, parked=parked)
    yield from rows.values_list("id", "generation").iterator(chunk_size=2000)


def _strike_out(owed: dict[int, int], raised: dict[Key, int | None]) -> None:
    """Take out what was applied, part by part as far as there is nothing left of a part: no more can be done before.

    Rows of a newer generation move over to `raised`, with the version to await.
    """
    for part in _parts(list(owed)):
        left, moved = _left_of(part, owed)
        for topic, ids in moved.items():
            if topic in sources():
                for one in sources()[topic].load(ids):
                    raised[topic, one.id] = None if one.body is None else one.version
        for pk in part:
            if pk not in left:
                del owed[pk]
        if left:
            return


def _left_of(part: list[int], owed: dict[int, int]) -> tuple[set[int], dict[str, list[str]]]:
    """The rows that are as they were, and by topic the objects of those that were raised."""
    left: set[int] = set()
    moved: dict[str, list[str]] = {}
    rows = Delivery.objects.filter(pk__in=part, parked=False)
    for pk, generation, topic, id_ in rows.values_list("id", "generation", "topic", "object_id"):
        if generation == owed[pk]:
            left.add(pk)
        else:
            moved.setdefault(topic, []).append(id_)
    return left, moved


def _not_applied(raised: dict[Key, int | None]) -> dict[Key, int | None]:
    if not raised:
        return raised
    held = engines.current().versions(list(raised))
    return {
        key: version
        for key, version in raised.items()
        if (key in held if version is None else held.get(key, -1) < version)
    }


def _parts(ids: list[int]) -> Iterable[list[int]]:
    return (ids[at : at + _PART] for at in range(0, len(ids), _PART))
