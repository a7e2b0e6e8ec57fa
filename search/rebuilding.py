"""Building the index anew while it is in use: writes go to both generations, the new one is filled and compared with
the rows, then it answers, in one step. Death in between leaves the old generation as it was.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from catalog import failpoints
from catalog.indexing.documents import declared, sources
from catalog.outbox.deliveries import add_deliveries
from search import engines, loading, schema, verifying
from search.engine import Engine, Generation, Operation, Verdict
from search.errors import EngineUnavailable

log = logging.getLogger(__name__)

PART, PART_BYTES = 500, 4 << 20
"""Documents and bytes that are written at once; nobody waits for them."""
AFTER_BEGIN = failpoints.declare("rebuild.after_begin", "a new generation gets all writes")
AFTER_FILL = failpoints.declare("rebuild.after_fill", "it is filled and does not answer yet")
AFTER_SWAP = failpoints.declare("rebuild.after_swap", "it answers, the old one is not dropped")

Report = Callable[[str, int], None]


def rebuild(engine: Engine | None = None, report: Report | None = None) -> int:
    """Build, compare, swap; how many documents were written. RebuildRunning when another process does.

    `report` hears of each type and the documents written so far. EngineUnavailable, with the first differences, when
    the new generation does not hold what the rows say: the old one stays.
    """
    engine = engine or engines.current()
    wanted = replace(schema.build(sources().values(), declared()), filled=True)
    written = 0
    engine.ensure(replace(wanted, filled=False))
    with engine.rebuilding(wanted) as generation:
        failpoints.reach(AFTER_BEGIN)
        for resource_type, source in sources().items():
            for part in loading.operations(
                resource_type, source.all_ids(), number=PART, most=PART_BYTES
            ):
                _write(engine, generation, part)
                written += len(part)
                if report is not None:
                    report(resource_type, written)
        failpoints.reach(AFTER_FILL)
        differences = list(
            islice(verifying.settled_differences(engine, generation, parked=True), 20)
        )
        if differences:
            shown = "; ".join(map(str, differences[:5]))
            raise EngineUnavailable(f"the new index differs from the rows: {shown}")
        engine.commit_rebuild(generation)
        failpoints.reach(AFTER_SWAP)
    log.info("the index was built anew", extra={"documents": written})
    return written


def _write(engine: Engine, generation: Generation, operations: list[Operation]) -> None:
    outcomes = engine.bulk(operations, into=generation)
    for operation, outcome in zip(operations, outcomes, strict=True):
        if outcome.verdict is Verdict.REJECTED:
            log.error(
                "a document was rejected",
                extra={
                    "type": operation.resource_type,
                    "object": operation.id,
                    "reason": outcome.error,
                },
            )
            # The relay will set it aside with its error, where operators look.
            add_deliveries("search", operation.resource_type, [operation.id])
