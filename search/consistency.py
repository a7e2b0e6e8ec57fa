"""Waiting until the index holds what had been written when the waiting began.

What is outstanding then is walked in portions, by id: rows that come later have greater ones. Of a portion's rows id
and generation are remembered. A row that is gone was applied. One that was raised meanwhile may be held up for ever by
further writes, so the object's own version is looked up once, and awaited in the index instead.
"""

import time

from catalog.api import deferred
from catalog.indexing.documents import sources
from catalog.models import Delivery
from catalog.outbox import waking
from search import engines
from search.engine import Key

CONSUMER = "search"
PORTION = 500


class IndexWait:
    """Waits at most `limit` seconds for what is outstanding at the first look; whoever waits looks again and again.

    It holds a portion, and a look at what does not move reads no more than that, however much is outstanding.
    """

    def __init__(self, limit: float) -> None:
        self._end = time.monotonic() + limit
        self._seen, self._newest = 0, -1
        self._owed: dict[int, int] = {}
        self._raised: dict[Key, int | None] = {}

    def poll(self) -> bool | None:
        """True: it is in the index. False: time ran out, or a document is parked and will not come by waiting. None:
        look again. EngineUnavailable as soon as the engine is away.
        """
        if self._newest < 0:
            self._begin()
        if not self._applied():
            return False if time.monotonic() >= self._end else None
        engines.current().refresh()
        return not Delivery.objects.filter(consumer=CONSUMER, parked=True).exists()

    def _begin(self) -> None:
        outstanding = Delivery.objects.filter(consumer=CONSUMER, parked=False)
        self._newest = outstanding.order_by("-id").values_list("id", flat=True).first() or 0
        if self._newest:
            waking.wake()

    def _applied(self) -> bool:
        """Whether all portions are."""
        while self._owed or self._raised or self._next():
            engines.current().live()  # no use to wait for an engine that is away
            _strike_out(self._owed, self._raised)
            self._raised = _not_applied(self._raised)
            if self._owed or self._raised:
                return False
        return True

    def _next(self) -> bool:
        """Take up the next portion; False when there is none."""
        rows = Delivery.objects.filter(
            consumer=CONSUMER, parked=False, id__gt=self._seen, id__lte=self._newest
        )
        self._owed = dict(rows.order_by("id").values_list("id", "generation")[:PORTION])
        self._seen = max(self._owed, default=self._newest)
        return bool(self._owed)


def wait(limit: float) -> bool:
    """Wait on this thread."""
    waiting, pauses = IndexWait(limit), deferred.pauses()
    while (found := waiting.poll()) is None:
        time.sleep(next(pauses))
    return found


def _strike_out(outstanding: dict[int, int], raised: dict[Key, int | None]) -> None:
    """Take out what was applied. Rows of a newer generation move over to `raised`, with the version to await."""
    left, moved = _left_of(outstanding)
    for topic, ids in moved.items():
        if topic in sources():
            for one in sources()[topic].load(ids):
                raised[topic, one.id] = None if one.body is None else one.version
    for pk in outstanding.keys() - left:
        del outstanding[pk]


def _left_of(outstanding: dict[int, int]) -> tuple[set[int], dict[str, list[str]]]:
    """The rows that are as they were, and by topic the objects of those that were raised."""
    left: set[int] = set()
    moved: dict[str, list[str]] = {}
    rows = Delivery.objects.filter(pk__in=list(outstanding), parked=False)
    for pk, generation, topic, id_ in rows.values_list("id", "generation", "topic", "object_id"):
        if generation == outstanding[pk]:
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
