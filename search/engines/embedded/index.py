"""One generation of the embedded index: a tantivy index with its schema, reloaded when another process committed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

import tantivy
from tantivy import Filter, Index, Occur, Order, Query, Searcher, TextAnalyzerBuilder, Tokenizer

from catalog.clock import now
from search import dates
from search.encoding import dumps, key
from search.engine import Generation, Key, Operation, Outcome, Verdict
from search.engines.embedded import layout
from search.engines.embedded.compiler import count
from search.engines.embedded.storage import INDEX, SCHEMA, Storage
from search.engines.embedded.walking import Walking
from search.errors import EngineUnavailable
from search.schema import Schema

HEAP = 32_000_000
REMEMBERED = 7 * 24 * 3600 * 1000
"""Milliseconds for which a deletion is remembered."""

ACCEPTED, SUPERSEDED = Outcome(Verdict.ACCEPTED), Outcome(Verdict.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a search works on: one state of the index."""

    searcher: Searcher
    schema: Schema
    tantivy_schema: tantivy.Schema


class OpenIndex:
    """A generation that is open for reading, and for writing under the storage's lock."""

    def __init__(self, storage: Storage, name: str) -> None:
        self.name = name
        self._storage, self._lock = storage, Lock()
        self._schema, self._schema_stamp = storage.schema(name), storage.stamp(name, SCHEMA)
        self._tantivy_schema = layout.build(self._schema)
        self._index = Index(self._tantivy_schema, str(storage.root / name / INDEX))
        words = TextAnalyzerBuilder(Tokenizer.whitespace())
        self._index.register_tokenizer(layout.WORDS, words.filter(Filter.remove_long(2000)).build())
        self._index.config_reader("manual")
        self._stamp: tuple[int, int, int] | None = None
        self.walking = Walking()

    @property
    def schema(self) -> Schema:
        """As it is kept now: another process may have changed it."""
        stamp = self._storage.stamp(self.name, SCHEMA)
        if stamp != self._schema_stamp:
            self._schema, self._schema_stamp = self._storage.schema(self.name), stamp
        return self._schema

    def snapshot(self) -> Snapshot:
        """The newest committed state."""
        schema = self.schema
        with self._lock:
            stamp = self._storage.stamp(self.name, f"{INDEX}/meta.json")
            if stamp != self._stamp:
                self._index.reload()
                self._stamp = stamp
            return Snapshot(self._index.searcher(), schema, self._tantivy_schema)

    def write(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Do the operations in one commit; the caller holds the storage's lock."""
        schema, known = self.schema, self._known({one.key for one in operations})
        writer = self._writer()
        outcomes: list[Outcome] = []
        try:
            outcomes.extend(self._write_one(writer, schema, known, one) for one in operations)
            if any(outcome is ACCEPTED for outcome in outcomes):
                writer.commit()
            writer.wait_merging_threads()
        except (ValueError, OSError) as error:
            raise EngineUnavailable(f"the index cannot be written: {error}") from error
        return outcomes

    def versions(self, keys: Collection[Key]) -> dict[Key, int]:
        """Of the documents that are there."""
        return {k: version for k, (version, live) in self._known(keys).items() if live}

    def scan(self) -> Iterator[tuple[str, str, int]]:
        """Type, id and version of every document, in no order."""
        state = self.snapshot()
        live = Query.term_query(state.tantivy_schema, layout.LIVE, True)
        low = -1
        while True:
            beyond = Query.range_query(
                state.tantivy_schema, layout.TIE, tantivy.FieldType.Integer, low, None, low < 0
            )
            page = Query.boolean_query([(Occur.Must, live), (Occur.Must, beyond)])
            hits = state.searcher.search(
                page, 2000, count=False, order_by_field=layout.TIE, order=Order.Asc
            ).hits
            addresses = [address for _, address in hits]
            found = state.searcher.fast_field_values(layout.VERSION, addresses)
            for address, version in zip(addresses, found, strict=True):
                type_, id_ = layout.identity(state.searcher.doc(address))
                yield type_, id_, int(version or 0)
            if len(hits) < 2000:
                return
            low = hits[-1][0] + 1

    def purge(self) -> None:
        """Take out deletions that are remembered long enough; the caller holds the storage's lock."""
        state = self.snapshot()
        limit = dates.to_epoch(now()) - REMEMBERED
        old = Query.range_query(
            state.tantivy_schema, layout.GONE_AT, tantivy.FieldType.Integer, None, limit
        )
        if count(state.searcher, old):
            writer = self._writer()
            writer.delete_documents_by_query(old)
            writer.commit()
            writer.wait_merging_threads()

    def _writer(self) -> tantivy.IndexWriter:
        try:
            return self._index.writer(HEAP, 1)
        except ValueError as error:
            raise EngineUnavailable(f"the index cannot be written: {error}") from error

    def _write_one(
        self,
        writer: tantivy.IndexWriter,
        schema: Schema,
        known: dict[Key, tuple[int, bool]],
        one: Operation,
    ) -> Outcome:
        if one.key in known and known[one.key][0] > one.version:
            return SUPERSEDED
        if one.body is None:
            moment = dates.to_epoch(now())
            made = layout.tombstone(one.resource_type, one.id, one.version, moment)
        else:
            try:
                raw = dumps(one.body)
                made = layout.document(
                    schema, one.resource_type, one.id, one.version, one.body, raw
                )
            except (TypeError, ValueError, OverflowError) as error:
                return Outcome(Verdict.REJECTED, f"the document cannot be indexed: {error}")
        writer.delete_documents_by_term(layout.KEY, key(one.resource_type, one.id))
        writer.add_document(made)
        known[one.key] = one.version, one.body is not None
        return ACCEPTED

    def _known(self, keys: Collection[Key]) -> dict[Key, tuple[int, bool]]:
        """Version and liveness of what the index has of these, deletions included."""
        state = self.snapshot()
        found: dict[Key, tantivy.DocAddress] = {}
        for one in keys:
            term = Query.term_query(state.tantivy_schema, layout.KEY, key(*one))
            hits = state.searcher.search(term, 1, count=False).hits
            if hits:
                found[one] = hits[0][1]
        addresses = list(found.values())
        if not addresses:
            return {}
        versions = state.searcher.fast_field_values(layout.VERSION, addresses)
        gone = state.searcher.fast_field_values(layout.GONE_AT, addresses)
        return {
            one: (int(version or 0), moment is None)
            for one, version, moment in zip(found, versions, gone, strict=True)
        }

    @property
    def generation(self) -> Generation:
        return Generation(self.name, self.schema)
