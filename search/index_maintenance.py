"""Keeping the index in shape: it exists, everything was handed to it once, and declared properties are typed
as declared.

A newly declared key gets a place in the live index at once; the documents that hold it are written again; then queries
use it. When there is no place left, or the layout itself changed, a new generation is built. Every step may be
repeated.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from catalog.conf import section
from catalog.indexing.documents import declared, sources
from catalog.models import Delivery
from catalog.outbox.deliveries import add_deliveries
from catalog.query import Expression, Range, Sort, Term, Terms, all_of, any_of
from search import engines, loading, rebuilding, schema
from search.conf import SearchConfig
from search.engine import Engine, Operation, Outcome, Verdict
from search.errors import RebuildRunning
from search.relay import CONSUMER
from search.requests import SearchRequest
from search.resolving import PROPERTY_KEYS, TYPING_SEQUENCE
from search.schema import Schema

log = logging.getLogger(__name__)

_PART, _PAGE = 500, 200


def make(engine: Engine | None = None) -> None:
    """Make an empty index if there is none."""
    engine = engine or engines.current()
    if engine.ensure(schema.build(sources().values(), declared())):
        log.info("made an empty index")


def ensure(engine: Engine | None = None) -> None:
    """Make the index if there is none, and add a delivery of every document; an unfinished hand-over is done again."""
    engine = engine or engines.current()
    make(engine)
    found = engine.live().schema
    if not found.filled:
        for resource_type, source in sources().items():
            for part in _parts(source.all_ids()):
                add_deliveries(CONSUMER, resource_type, part)
        engine.change_schema(replace(engine.live().schema, filled=True))


def keep(engine: Engine | None = None) -> None:
    """One round: layout and types as the code and the namespaces say now."""
    engine = engine or engines.current()
    found = engine.live().schema
    engine.sweep()
    wanted = schema.build(sources().values(), declared())
    changed = schema.extended(found, declared())
    if changed is None or not found.matches(wanted):
        try:
            rebuilding.rebuild(engine)
        except RebuildRunning:
            log.info("another process is building the index")
        return
    if changed is not found:
        engine.change_schema(changed)
        log.info("property types changed", extra={"sequence": changed.sequence})
    _write_again(engine, changed)


def _write_again(engine: Engine, found: Schema) -> None:
    """Write the documents again that hold a typed key and were written before it was typed; then use the types."""
    pending = {key: typing for key, typing in found.typings.items() if typing.since > 1}
    if not pending:
        return
    by_since: dict[int, list[str]] = {}
    for key, typing in pending.items():
        by_since.setdefault(typing.since, []).append(key)
    stale = any_of(
        *(
            all_of(Terms(PROPERTY_KEYS.name, tuple(keys)), Range(TYPING_SEQUENCE.name, lt=since))
            for since, keys in by_since.items()
        )
    )
    _reindex(engine, stale)
    if any(not typing.ready for typing in pending.values()):
        now = engine.live().schema
        if now.sequence != found.sequence:
            return
        ready = {key: replace(typing, ready=True) for key, typing in now.typings.items()}
        engine.change_schema(replace(now, typings=ready))


def _reindex(engine: Engine, stale: Expression) -> None:
    """Write every document again that matches; some may match afterwards, too: refused ones, and such as are newer than
    their rows.
    """
    engine.refresh()
    for resource_type in sources():
        for ids in _pages(engine, all_of(Term("resource_type", resource_type), stale)):
            most = section(SearchConfig).relay_bytes
            for batch in loading.operations(resource_type, ids, number=_PAGE, most=most):
                _add_rejected(resource_type, batch, engine.bulk(batch))


def _pages(engine: Engine, wanted: Expression) -> Iterator[list[str]]:
    """The ids of all documents of one type that match, in their order, whatever becomes of those on earlier pages."""
    request = SearchRequest(rights=wanted, sorts=(Sort("id"),), size=_PAGE)
    while hits := engine.search(request).hits:
        yield [hit.id for hit in hits]
        request = replace(request, rights=all_of(wanted, Range("id", gt=hits[-1].id)))


def _add_rejected(
    resource_type: str, operations: Sequence[Operation], outcomes: Sequence[Outcome]
) -> None:
    """The relay will set them aside with their errors, where operators look; once, for as long as they lie there."""
    pairs = zip(operations, outcomes, strict=True)
    rejected = {one.id for one, outcome in pairs if outcome.verdict is Verdict.REJECTED}
    if rejected:
        deliveries = Delivery.objects.filter(consumer=CONSUMER, topic=resource_type)
        known = deliveries.filter(object_id__in=rejected).values_list("object_id", flat=True)
        add_deliveries(CONSUMER, resource_type, sorted(rejected - set(known)))


def _parts(ids: Iterator[str]) -> Iterator[list[str]]:
    while part := list(islice(ids, _PART)):
        yield part
