"""Loading documents in portions: what they weigh is known only once they are there, and one may weigh megabytes."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from math import ceil
from typing import Any

import orjson
from django.db import Error, transaction

from catalog.indexing.documents import Document, sources
from catalog.outbox.claiming import Claim
from catalog.outbox.deliveries import add_deliveries
from search.engine import Operation

log = logging.getLogger(__name__)

FIRST, PORTION = 2, 64
"""How many documents are asked for at once: few at first, and never more than that."""


@dataclass(slots=True)
class Work:
    """A batch on its way: what can be written, what turned out to be spoilt (`poison`) or is to be tried again
    (`later`), and what was not looked at, since the others are heavy enough (`left`).
    """

    ready: list[tuple[Claim, Operation]] = field(default_factory=list)
    poison: list[tuple[Claim, str]] = field(default_factory=list)
    later: list[tuple[Claim, str]] = field(default_factory=list)
    left: list[Claim] = field(default_factory=list)


@dataclass(slots=True)
class Part:
    """What one project may load of a batch, in bytes, and what it has loaded."""

    most: float
    weight: int = 0
    documents: int = 0

    def add(self, weight: int) -> None:
        self.weight += weight
        self.documents += 1

    def room(self) -> int:
        """How many more documents go in, should they weigh what the others do; one more while there is any room."""
        left = self.most - self.weight
        if left <= 0:
            return 0
        return ceil(left * self.documents / self.weight) if self.weight else PORTION


def load(claims: Sequence[Claim], *, most: int) -> Work:
    """The objects of the claims as they are now, until they weigh `most` bytes, in equal parts for their projects.

    At least one of every project is loaded. Database errors are the caller's to meet.
    """
    work, waiting = Work(), _in_turn(claims)
    share = most / max(1, len({one.project_id for one in claims}))
    parts = {one.project_id: Part(share) for one in claims}
    size = max(FIRST, len(parts))
    while portion := list(islice(_affordable(waiting, parts), size)):
        taken = {one.id for one in portion}
        waiting = [one for one in waiting if one.id not in taken]
        loaded = len(work.ready)
        _load_portion(work, portion)
        for claim, operation in work.ready[loaded:]:
            parts[claim.project_id].add(weight(operation.body))
        size = min(2 * size, PORTION)
    work.left = waiting
    return work


def stream(
    resource_type: str, ids: Iterable[str], *, spoilt: Callable[[str], object] = bool
) -> Iterator[Document]:
    """The objects as they are now, a portion at a time; nothing of a type that nobody declares.

    One that cannot be loaded is left out and logged, and `spoilt` is called with its id. Database errors are the
    caller's to meet.
    """
    waiting = iter(ids)
    while resource_type in sources() and (portion := list(islice(waiting, PORTION))):
        found, failed = _loaded(resource_type, portion)
        for one in failed:
            spoilt(one)
        yield from found.values()


def operations(
    resource_type: str, ids: Iterable[str], *, number: int, most: int
) -> Iterator[list[Operation]]:
    """The objects as they are now, in batches of at most `number` that are closed when they weigh `most` bytes.

    What cannot be loaded becomes a delivery, which the relay sets aside with its error, where operators look.
    """

    def deliver_later(object_id: str) -> None:
        with transaction.atomic():
            add_deliveries("search", resource_type, [object_id])

    batch: list[Operation] = []
    weighs = 0
    for one in stream(resource_type, ids, spoilt=deliver_later):
        batch.append(Operation(resource_type, one.id, one.version, one.body))
        weighs += weight(one.body)
        if len(batch) == number or weighs >= most:
            yield batch
            batch, weighs = [], 0
    if batch:
        yield batch


def weight(body: Mapping[str, Any] | None) -> int:
    """The bytes of a body as JSON."""
    try:
        return len(orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS))
    except TypeError:  # it is unfit, which the engine will say
        return len(repr(body))


def _in_turn(claims: Sequence[Claim]) -> list[Claim]:
    """One claim of each project, then the next of each."""
    by_project: dict[str, list[Claim]] = {}
    for one in claims:
        by_project.setdefault(one.project_id, []).append(one)
    return [one for row in zip_longest(*by_project.values()) for one in row if one is not None]


def _affordable(claims: Iterable[Claim], parts: Mapping[str, Part]) -> Iterator[Claim]:
    rooms = {project: part.room() for project, part in parts.items()}
    for one in claims:
        if rooms[one.project_id] > 0:
            rooms[one.project_id] -= 1
            yield one


def _load_portion(work: Work, claims: Sequence[Claim]) -> None:
    """Ask for the objects type by type."""
    by_topic: dict[str, list[Claim]] = {}
    for claim in claims:
        by_topic.setdefault(claim.topic, []).append(claim)
    for topic, group in by_topic.items():
        if topic not in sources():
            work.poison += [(claim, f"no documents of type {topic} are known") for claim in group]
            continue
        found, failed = _loaded(topic, [claim.object_id for claim in group])
        work.poison += [(c, failed[c.object_id]) for c in group if c.object_id in failed]
        _sort_in(work, topic, [c for c in group if c.object_id not in failed], found)


def _loaded(topic: str, ids: Sequence[str]) -> tuple[dict[str, Document], dict[str, str]]:
    """The objects by id, and why the others cannot be loaded. Database errors are the caller's to meet."""
    try:
        return _documents(topic, ids), {}
    except Error:
        raise
    except Exception:
        log.exception("loading a batch failed; its objects are tried one by one")
    found: dict[str, Document] = {}
    failed: dict[str, str] = {}
    for one in ids:
        try:
            found |= _documents(topic, [one])
        except Error:
            raise
        except Exception as error:
            log.exception("an object cannot be loaded", extra={"object": one})
            failed[one] = f"{type(error).__name__}: {error}"
    return found, failed


def _documents(topic: str, ids: Sequence[str]) -> dict[str, Document]:
    found: Iterable[Document] = sources()[topic].load(ids)
    return {document.id: document for document in found}


def _sort_in(
    work: Work, topic: str, claims: Sequence[Claim], documents: dict[str, Document]
) -> None:
    for claim in claims:
        document = documents.get(claim.object_id)
        if document is None:
            work.poison.append((claim, f"{topic} has no answer about {claim.object_id}"))
        else:
            operation = Operation(topic, document.id, document.version, document.body)
            work.ready.append((claim, operation))
