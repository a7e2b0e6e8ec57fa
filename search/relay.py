"""The relay: what was written reaches the index, whatever dies on the way.

A delivery says only which object changed. The relay claims a batch, loads the objects as they are now, writes
them under their
versions, and acknowledges what the engine took. Death at any point leaves the delivery claimed; its lease
ends, and the same work
is done again, which is harmless. Several relays may run.
"""

import logging
import os
import socket
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import Error

from catalog import failpoints, outages
from catalog.conf import CatalogConfig, section
from catalog.events import claiming
from catalog.events.claiming import Claim
from catalog.indexing.documents import Document, sources
from search import engines, metrics
from search.conf import SearchConfig
from search.engine import Engine, Operation, Verdict
from search.errors import EngineUnavailable

log = logging.getLogger(__name__)

CONSUMER = "search"
AWAY = "the search engine is away"
AFTER_CLAIM = failpoints.declare("relay.after_claim", "deliveries are claimed, nothing is loaded")
AFTER_LOAD = failpoints.declare("relay.after_load", "documents are loaded, nothing is written")
AFTER_WRITE = failpoints.declare(
    "relay.after_write", "the engine took them, nothing is acknowledged"
)
AFTER_ACK = failpoints.declare("relay.after_ack", "the batch is acknowledged")


def owner_name() -> str:
    """A name for this relay's claims."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class Batch:
    """How many deliveries were claimed, and whether the engine was there for them."""

    claimed: int
    engine_error: str = ""


@dataclass(slots=True)
class _Work:
    """A batch on its way: what can be written, and what turned out to be spoilt (poison) or is to be tried again."""

    ready: list[tuple[Claim, Operation]]
    poison: list[tuple[Claim, str]]
    later: list[tuple[Claim, str]]


class Relay:
    def __init__(self, engine: Engine | None = None, owner: str | None = None) -> None:
        self._engine = engine or engines.current()
        self._owner = owner or owner_name()
        self._unfinished = False

    def batch(self, limit: int | None = None) -> Batch:
        """Take one batch of due deliveries through; database errors are the caller's to meet.

        What such an error left claimed is free again with the next batch, and need not wait for the end of its lease.
        """
        if self._unfinished:
            claiming.release(CONSUMER, owner=self._owner)
        self._unfinished = True
        done = self._batch(limit)
        self._unfinished = False
        return done

    def _batch(self, limit: int | None) -> Batch:
        claims = claiming.claim(
            CONSUMER,
            owner=self._owner,
            lease=section(CatalogConfig).delivery_lease,
            limit=limit or section(SearchConfig).relay_batch,
        )
        if not claims:
            return Batch(0)
        with metrics.BATCH_SECONDS.time():
            failpoints.reach(AFTER_CLAIM)
            work = _load(claims)
            failpoints.reach(AFTER_LOAD)
            error = self._write(work)
            for claim, reason in work.poison:
                claiming.give_back([claim], owner=self._owner, error=reason, poison=True)
            for claim, reason in work.later:
                claiming.give_back([claim], owner=self._owner, error=reason, poison=False)
        metrics.DELIVERIES.labels("poison").inc(len(work.poison))
        metrics.DELIVERIES.labels("delayed").inc(len(work.later))
        return Batch(len(claims), error)

    def drain(self) -> int:
        """Take batches until nothing is due; how many deliveries were claimed. EngineUnavailable when it is away."""
        total = 0
        while (done := self.batch()).claimed:
            if done.engine_error:
                raise EngineUnavailable(done.engine_error)
            total += done.claimed
        return total

    def _write(self, work: _Work) -> str:
        """Write and acknowledge; the engine's error when it was away."""
        if not work.ready:
            return ""
        try:
            outcomes = self._engine.bulk([operation for _, operation in work.ready])
        except EngineUnavailable as error:
            outages.tell(log, AWAY, reason=error.message)
            work.later += [(claim, error.message) for claim, _ in work.ready]
            return error.message
        failpoints.reach(AFTER_WRITE)
        taken = []
        for (claim, operation), outcome in zip(work.ready, outcomes, strict=True):
            metrics.DELIVERIES.labels(outcome.verdict.value).inc()
            if outcome.verdict is Verdict.REJECTED:
                log.error(
                    "a document was rejected",
                    extra={"type": claim.topic, "object": operation.id, "reason": outcome.error},
                )
                work.poison.append((claim, outcome.error))
            else:
                taken.append(claim)
        claiming.acknowledge(taken, owner=self._owner)
        failpoints.reach(AFTER_ACK)
        return ""


def _load(claims: Sequence[Claim]) -> _Work:
    """The objects of the claims as they are now, asked for type by type."""
    work = _Work([], [], [])
    by_topic: dict[str, list[Claim]] = {}
    for claim in claims:
        by_topic.setdefault(claim.topic, []).append(claim)
    for topic, group in by_topic.items():
        if topic not in sources():
            work.poison += [(claim, f"no documents of type {topic} are known") for claim in group]
            continue
        try:
            _sort_in(work, topic, group, _documents(topic, [c.object_id for c in group]))
        except Error:
            raise
        except Exception:
            log.exception("loading a batch failed; its objects are tried one by one")
            for claim in group:
                _load_one(work, claim)
    return work


def _load_one(work: _Work, claim: Claim) -> None:
    try:
        _sort_in(work, claim.topic, [claim], _documents(claim.topic, [claim.object_id]))
    except Error:
        raise
    except Exception as error:
        log.exception("an object cannot be loaded", extra={"object": claim.object_id})
        work.poison.append((claim, f"{type(error).__name__}: {error}"))


def _documents(topic: str, ids: Sequence[str]) -> dict[str, Document]:
    found: Iterable[Document] = sources()[topic].load(ids)
    return {document.id: document for document in found}


def _sort_in(
    work: _Work, topic: str, claims: Sequence[Claim], documents: dict[str, Document]
) -> None:
    for claim in claims:
        document = documents.get(claim.object_id)
        if document is None:
            work.poison.append((claim, f"{topic} has no answer about {claim.object_id}"))
        else:
            operation = Operation(topic, document.id, document.version, document.body)
            work.ready.append((claim, operation))


def drain() -> int:
    """Bring the index up to date within this process: for tests and commands."""
    return Relay().drain()
