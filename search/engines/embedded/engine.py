"""The engine of one machine: tantivy in the data folder, shared by all processes of the service."""

import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from threading import Lock

import orjson
from tantivy import DocAddress, Occur, Query
from typing_extensions import override

from search import ordering, query_cost
from search.deadline import UNBOUNDED, Deadline
from search.engine import Engine, Generation, Key, Operation, Outcome, Page
from search.engines.embedded import layout
from search.engines.embedded.aggregating import Aggregating
from search.engines.embedded.compiler import TantivyCompiler, count
from search.engines.embedded.index import OpenIndex, Snapshot
from search.engines.embedded.ordering import Ordering
from search.engines.embedded.storage import BUILDING, CURRENT, Storage, unavailable_on_os_error
from search.engines.embedded.walking import Walking
from search.errors import EngineUnavailable, IndexMissing, QueryRefused
from search.query_resolver import resolve_query
from search.requests import Hit, SearchRequest, SearchResult
from search.resolved_query import even_score
from search.schema import Schema


class EmbeddedEngine(Engine):
    """Writes queue for a lock of the folder; readers see the newest commit and never wait."""

    def __init__(self, root: Path) -> None:
        self._storage = Storage(root)
        self._open: dict[str, OpenIndex] = {}
        self._lock = Lock()

    @override
    def ensure(self, schema: Schema) -> bool:
        if self._storage.pointer(CURRENT) is not None:
            return False
        with self._storage.locked():
            if self._storage.pointer(CURRENT) is not None:
                return False
            self._storage.point(CURRENT, self._make(schema))
            return True

    @override
    def live(self) -> Generation:
        return self._current().generation

    @override
    def change_schema(self, schema: Schema) -> None:
        with self._storage.locked():
            self._storage.keep_schema(self._current().name, schema)

    @override
    def bulk(
        self, operations: Sequence[Operation], *, into: Generation | None = None
    ) -> list[Outcome]:
        if not operations:
            return []
        with self._storage.locked(), unavailable_on_os_error(self._storage.root):
            if into is not None:
                return self._index(into.name).write(operations)
            outcomes = self._current().write(operations)
            if (building := self._storage.pointer(BUILDING)) is not None:
                self._index(building).write(operations)
            return outcomes

    @override
    def search(
        self, request: SearchRequest, deadline: Deadline = UNBOUNDED, page: Page = tuple
    ) -> SearchResult:
        started = time.monotonic()
        index = self._current()
        asked = _Search(index.snapshot(), request, deadline)
        if deadline is not UNBOUNDED:
            asked.check(index.walking)
        found = asked.run(page)
        return SearchResult(
            total=found.total,
            hits=found.hits,
            aggregations=found.aggregations,
            index=index.name,
            milliseconds=round((time.monotonic() - started) * 1000),
        )

    @override
    def documents(self) -> int:
        return self._current().snapshot().searcher.num_docs

    @override
    def refresh(self) -> None:
        """Nothing to do: every search looks for the newest commit."""

    @override
    def versions(self, keys: Collection[Key]) -> dict[Key, int]:
        return self._current().versions(keys)

    @override
    def scan(self, generation: Generation | None = None) -> Iterator[tuple[str, str, int]]:
        index = self._current() if generation is None else self._index(generation.name)
        return index.scan()

    @override
    def check(self) -> str:
        self._storage.require_writable()
        self._current()
        return f"tantivy {version('tantivy')} in {self._storage.root}"

    @override
    @contextmanager
    def rebuilding(self, schema: Schema) -> Iterator[Generation]:
        with self._storage.building():
            with self._storage.locked():
                self._storage.point(BUILDING, None)
                self._storage.sweep()
                name = self._make(schema)
                self._storage.point(BUILDING, name)
            try:
                yield self._index(name).generation
            finally:
                with self._storage.locked():
                    self._storage.point(BUILDING, None)
                    self._storage.sweep()
                self._forget()

    @override
    def commit_rebuild(self, generation: Generation) -> None:
        with self._storage.locked():
            if self._storage.pointer(BUILDING) != generation.name:
                raise EngineUnavailable(f"{generation.name} is not being built any more")
            self._storage.point(CURRENT, generation.name)
            self._storage.point(BUILDING, None)

    @override
    def purge(self) -> None:
        with self._storage.locked(), unavailable_on_os_error(self._storage.root):
            self._current().purge()

    @override
    def drop(self) -> None:
        with self._lock:
            self._open.clear()
        shutil.rmtree(self._storage.root, ignore_errors=True)

    def _make(self, schema: Schema) -> str:
        name = self._storage.make(schema)
        OpenIndex(self._storage, name)
        return name

    def _current(self) -> OpenIndex:
        for _ in range(5):
            name = self._storage.pointer(CURRENT)
            if name is None:
                raise IndexMissing("there is no index yet; the relay makes it when it starts")
            try:
                return self._index(name)
            except (OSError, ValueError) as error:
                # The generation was replaced between the two steps: look again.
                wrong = f"{name} in {self._storage.root} cannot be opened: {error}"
                time.sleep(0.01)
        raise EngineUnavailable(f"the index {wrong}; manage.py rebuild_index makes it anew")

    def _index(self, name: str) -> OpenIndex:
        with self._lock:
            if name not in self._open:
                self._open[name] = OpenIndex(self._storage, name)
            return self._open[name]

    def _forget(self) -> None:
        """Close generations that are gone."""
        kept = {self._storage.pointer(CURRENT), self._storage.pointer(BUILDING)}
        with self._lock:
            for name in self._open.keys() - kept:
                del self._open[name]


class _Search:
    """One request on one state of the index."""

    def __init__(self, state: Snapshot, request: SearchRequest, deadline: Deadline) -> None:
        self._state, self._request, self._deadline = state, request, deadline
        self._seen = state.schema.seen(request.hidden)
        self._compiler = TantivyCompiler(state.tantivy_schema, state.searcher, deadline)
        self._query = resolve_query(self._seen, request.query)

    def check(self, walking: Walking) -> None:
        """SearchOverdue for what should not begin."""
        searcher = self._state.searcher
        passes = query_cost.passes(self._seen, self._query, self._request)
        walking.check(
            searcher,
            self._state.tantivy_schema,
            query_cost.walks(self._query),
            passes,
            self._deadline,
        )

    def run(self, page: Page) -> SearchResult:
        try:
            found = self._found()
            total, addresses, scores = self._page(found)
        except ValueError as error:
            raise QueryRefused(f"the index cannot answer this: {error}") from None
        aggregating = Aggregating(self._state.searcher, self._compiler, self._seen, self._deadline)
        return SearchResult(
            total=total,
            hits=tuple(page(self._hits(addresses, scores))),
            aggregations=aggregating.all(found, self._request.aggregations),
        )

    def _found(self) -> Query:
        schema = self._state.tantivy_schema
        live = Query.const_score_query(Query.term_query(schema, layout.LIVE, True), 0.0)
        rights = resolve_query(self._state.schema, self._request.rights, internal=True)
        return Query.boolean_query(
            [
                (Occur.Must, self._compiler.compile(self._query)),
                (Occur.Must, Query.const_score_query(self._compiler.compile(rights), 0.0)),
                (Occur.Must, live),
            ]
        )

    def _page(self, found: Query) -> tuple[int, list[DocAddress], list[float | None]]:
        """How many there are; the page's documents, and their scores when these are the order."""
        request, searcher = self._request, self._state.searcher
        if not request.size:
            return count(searcher, found), [], []
        keys = ordering.resolved(self._seen, request.sorts)
        pages, score = Ordering(searcher, self._state.tantivy_schema), None
        if keys == [ordering.BY_SCORE]:
            score = even_score(self._query)
            if score is None:
                return pages.by_score(found, request.offset, request.size)
            keys = []
        total, addresses = pages.page(found, keys, request.offset, request.size)
        return total, addresses, [score] * len(addresses)

    def _hits(
        self, addresses: Sequence[DocAddress], scores: Sequence[float | None]
    ) -> Iterator[Hit]:
        searcher = self._state.searcher
        schema = ordering.narrowed(self._seen, self._request.sorts)
        versions = searcher.fast_field_values(layout.VERSION, list(addresses)) if addresses else []
        for address, score, number in zip(addresses, scores, versions, strict=True):
            self._deadline.check()
            document = searcher.doc(address)
            type_, id_ = layout.identity(document)
            body = orjson.loads(layout.stored(document, layout.BODY))
            yield Hit(
                id=id_,
                resource_type=type_,
                version=int(number or 0),
                score=score,
                body=body,
                sort=ordering.values_of(schema, self._request.sorts, type_, id_, body, score),
            )
