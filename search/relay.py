"""The relay: what was written reaches the index, whatever dies on the way.

A delivery says only which object changed. The relay claims a batch, a part of it for each of some projects, loads the
objects as they are now, writes them under their versions, and acknowledges what the engine took; what would make the
batch too heavy it leaves for the next. Death at any point leaves the delivery claimed; its lease ends, and the same
work is done again, which is harmless. Several relays may run.
"""

import logging
import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from catalog import failpoints, outage_log
from catalog.conf import CatalogConfig, section
from catalog.outbox import claiming
from catalog.outbox.claiming import Claim, Turns
from search import engines, loading, metrics
from search.conf import SearchConfig
from search.engine import Engine, Verdict
from search.errors import EngineUnavailable
from search.loading import Work

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
    """How many deliveries were worked at, and whether the engine was there for them."""

    claimed: int
    engine_error: str = ""


REST = 2.0
"""So many times as long as a batch of heavy documents took, its project rests while there are others."""


class Relay:
    def __init__(
        self, engine: Engine | None = None, owner: str | None = None, *, rests: bool = False
    ) -> None:
        """`rests`: whether projects with heavy documents rest between their batches; `pause` says how long the next
        batch may be empty for that.
        """
        self._engine = engine or engines.current()
        self._owner = owner or owner_name()
        self._turns, self._rests = Turns(), rests
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
            turns=self._turns,
        )
        if not claims:
            return Batch(0)
        began = time.monotonic()
        with metrics.BATCH_SECONDS.time():
            failpoints.reach(AFTER_CLAIM)
            work = loading.load(claims, most=section(SearchConfig).relay_bytes)
            self._weigh(claims, work)
            if work.left:
                claiming.release(CONSUMER, owner=self._owner, claims=work.left)
            failpoints.reach(AFTER_LOAD)
            error = self._write(work)
            for claim, reason in work.poison:
                claiming.give_back([claim], owner=self._owner, error=reason, poison=True)
            for claim, reason in work.later:
                claiming.give_back([claim], owner=self._owner, error=reason, poison=False)
        if self._rests and claims[0].project_id in self._turns.heavy:
            self._turns.rest(claims[0].project_id, REST * (time.monotonic() - began))
        metrics.DELIVERIES.labels("poison").inc(len(work.poison))
        metrics.DELIVERIES.labels("delayed").inc(len(work.later))
        return Batch(len(claims) - len(work.left), error)

    def pause(self, most: float) -> float:
        """Seconds to wait after an empty batch: `most`, or until somebody's rest is over."""
        rest = self._turns.pause()
        return most if rest is None else max(0.0, min(most, rest))

    def _weigh(self, claims: Sequence[Claim], work: Work) -> None:
        """Remember whose documents were too heavy for the batch, and how many of them went in."""
        taken = Counter(one.project_id for one in claims)
        left = Counter(one.project_id for one in work.left)
        for project, number in taken.items():
            might = self._turns.heavy.pop(project, None)
            if left[project]:
                self._turns.heavy[project] = 1 + 2 * (number - left[project])
            elif number == might:  # there may be more, and it was not too much
                self._turns.heavy[project] = 2 * number

    def drain(self) -> int:
        """Take batches until nothing is due; how many deliveries were worked at. EngineUnavailable when it is away."""
        total = 0
        while (done := self.batch()).claimed:
            if done.engine_error:
                raise EngineUnavailable(done.engine_error)
            total += done.claimed
        return total

    def _write(self, work: Work) -> str:
        """Write and acknowledge; the engine's error when it was away."""
        if not work.ready:
            return ""
        try:
            outcomes = self._engine.bulk([operation for _, operation in work.ready])
        except EngineUnavailable as error:
            outage_log.tell(log, AWAY, reason=error.for_operators)
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


def drain() -> int:
    """Bring the index up to date within this process: for tests and commands."""
    return Relay().drain()
