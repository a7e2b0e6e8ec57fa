"""Comparing the index with the rows, without trusting what wrote it: ids, versions, and what should not be there."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from typing_extensions import override

from catalog.indexing.documents import sources
from catalog.models import Delivery
from search import loading
from search.engine import Engine, Generation, Key


@dataclass(frozen=True, slots=True)
class Difference:
    """`row` and `index` are versions; None: not there."""

    resource_type: str
    id: str
    row: int | None
    index: int | None

    @override
    def __str__(self) -> str:
        row = "no row" if self.row is None else f"row {self.row}"
        index = "no document" if self.index is None else f"document {self.index}"
        return f"{self.resource_type} {self.id}: {row}, {index}"


def differences(engine: Engine, generation: Generation | None = None) -> Iterator[Difference]:
    """Where the index and the rows disagree just now; deliveries under way show as differences, too."""
    engine.refresh()
    held: dict[Key, int] = {(kind, id_): v for kind, id_, v in engine.scan(generation)}
    for resource_type, source in sources().items():
        for document in loading.stream(resource_type, source.all_ids()):
            index = held.pop((resource_type, document.id), None)
            row = None if document.body is None else document.version
            if row != index:
                yield Difference(resource_type, document.id, row, index)
    yield from _left_over(held)


def settled_differences(
    engine: Engine,
    generation: Generation | None = None,
    *,
    patience: float = 5.0,
    parked: bool = False,
) -> Iterator[Difference]:
    """Differences that no delivery explains: outstanding ones (and, when `parked`, those set aside) are left out, and
    what remains is looked at again, since writes go on meanwhile.
    """
    suspects = _unexplained(engine, generation, parked)
    end = time.monotonic() + patience
    while suspects and time.monotonic() < end:
        time.sleep(0.2)
        again = _unexplained(engine, generation, parked)
        suspects = {key: one for key, one in again.items() if suspects.get(key) == one}
        if again.keys() == suspects.keys():
            break
    yield from suspects.values()


def _unexplained(
    engine: Engine, generation: Generation | None, parked: bool
) -> dict[Key, Difference]:
    found = {(one.resource_type, one.id): one for one in differences(engine, generation)}
    if found:
        outstanding = Delivery.objects.filter(consumer="search")
        if not parked:
            outstanding = outstanding.filter(parked=False)
        for key in outstanding.values_list("topic", "object_id").iterator(chunk_size=2000):
            found.pop(key, None)
    return found


def _left_over(held: dict[Key, int]) -> Iterator[Difference]:
    """Documents whose rows were not listed: gone, or written only after the listing."""
    by_type: dict[str, list[str]] = {}
    for resource_type, id_ in held:
        by_type.setdefault(resource_type, []).append(id_)
    for resource_type, ids in by_type.items():
        versions: dict[str, int] = {}
        for document in loading.stream(resource_type, ids):
            if document.body is not None:
                versions[document.id] = document.version
        for id_ in ids:
            if versions.get(id_) != held[resource_type, id_]:
                yield Difference(resource_type, id_, versions.get(id_), held[resource_type, id_])
