"""Waiting until the index holds what had been written when the question came.

What is owed is remembered by row and generation. A row that is gone was applied. One that was raised meanwhile
may be held up
for ever by further writes, so the object's own version is looked up once, and awaited in the index instead.
"""

import time
from collections.abc import Iterable, Iterator

from catalog.events import waking
from catalog.indexing.documents import sources
from catalog.models import Delivery
from search import engines
from search.engine import Key

CONSUMER = "search"
_FIRST, _LONGEST, _GROWTH = 0.005, 0.25, 1.6
_PART = 500


def wait(limit: float) -> bool:
    """Wait at most `limit` seconds. False: time ran out, or a document is parked and will not come by waiting.

    EngineUnavailable as soon as the engine is away.
    """
    owed = dict(_owed(parked=False))
    raised: dict[Key, int | None] = {}
    end, pause = time.monotonic() + limit, _FIRST
    if owed:
        waking.wake()
    while owed or raised:
        engines.current().live()  # no use to wait for an engine that is away
        owed = _still_owed(owed, raised)
        raised = _not_applied(raised)
        if not owed and not raised:
            break
        if time.monotonic() + pause > end:
            return False
        time.sleep(pause)
        pause = min(pause * _GROWTH, _LONGEST)
    engines.current().refresh()
    return not Delivery.objects.filter(consumer=CONSUMER, parked=True).exists()


def _owed(*, parked: bool) -> Iterator[tuple[int, int]]:
    rows = Delivery.objects.filter(consumer=CONSUMER, parked=parked)
    yield from rows.values_list("id", "generation").iterator(chunk_size=2000)


def _still_owed(owed: dict[int, int], raised: dict[Key, int | None]) -> dict[int, int]:
    """Those not applied; rows of a newer generation move over to `raised`, with the version to await."""
    left: dict[int, int] = {}
    moved: dict[str, list[str]] = {}
    for part in _parts(list(owed)):
        rows = Delivery.objects.filter(pk__in=part, parked=False)
        for pk, generation, topic, id_ in rows.values_list(
            "id", "generation", "topic", "object_id"
        ):
            if generation == owed[pk]:
                left[pk] = generation
            else:
                moved.setdefault(topic, []).append(id_)
    for topic, ids in moved.items():
        if topic in sources():
            for one in sources()[topic].load(ids):
                raised[topic, one.id] = None if one.body is None else one.version
    return left


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
