"""The engine of production: an Elasticsearch cluster, 8.x or 9.x."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import orjson
from elasticsearch import ApiError, helpers
from typing_extensions import override

from search.deadline import UNBOUNDED, Deadline
from search.encoding import dumps, key
from search.engine import Engine, Generation, Key, Operation, Outcome, Page, Verdict
from search.engines.elasticsearch import layout
from search.engines.elasticsearch.client import connect, told
from search.engines.elasticsearch.indexes import Indexes, own_alias
from search.engines.elasticsearch.searching import Searching
from search.errors import EngineUnavailable, IndexMissing
from search.requests import SearchRequest, SearchResult
from search.schema import Schema

PART = 5 << 20
"""Bytes of one bulk request, about."""
OLDEST = (8, 0)
SHARE = 0.8
"""Of the time that a request may take: Elasticsearch ends a search before it would seem to be away."""

ACCEPTED, SUPERSEDED = Outcome(Verdict.ACCEPTED), Outcome(Verdict.SUPERSEDED)


class _Moved(Exception):
    """The index was dropped under the write: a rebuild has ended."""


class ElasticsearchEngine(Engine):
    def __init__(
        self,
        addresses: Sequence[str],
        *,
        prefix: str,
        shards: int = 1,
        timeout: float = 10.0,
        ca_certs: str | None = None,
        waiters: int = 4,
        away_seconds: float = 1.0,
    ) -> None:
        self._client = connect(
            addresses,
            timeout=timeout,
            ca_certs=ca_certs,
            waiters=waiters,
            away_seconds=away_seconds,
        )
        self._indexes = Indexes(self._client, prefix, shards)
        self._timeout = timeout
        self._stop_touching: Callable[[], None] = _nothing

    @override
    def ensure(self, schema: Schema) -> bool:
        return self._indexes.ensure(schema)

    @override
    def live(self) -> Generation:
        return self._indexes.live()

    @override
    def change_schema(self, schema: Schema) -> None:
        self._indexes.keep_schema(self._indexes.live(fresh=True), schema)

    @override
    def bulk(
        self, operations: Sequence[Operation], *, into: Generation | None = None
    ) -> list[Outcome]:
        if not operations:
            return []
        if into is not None:
            return self._write_or_fail(into, operations)
        for _ in range(3):
            try:
                first, *others = self._indexes.written()
                outcomes = self._write(first, operations)
                for other in others:
                    self._write(other, operations)
            except _Moved:
                continue
            return outcomes
        raise EngineUnavailable("the indexes change too fast to be written")

    @override
    def search(
        self, request: SearchRequest, deadline: Deadline = UNBOUNDED, page: Page = tuple
    ) -> SearchResult:
        started = time.monotonic()
        try:
            found = self._search(self._indexes.live(), request, deadline, page)
        except IndexMissing:
            # Dropped by a rebuild since it was remembered.
            found = self._search(self._indexes.live(fresh=True), request, deadline, page)
        return replace(found, milliseconds=round((time.monotonic() - started) * 1000))

    @override
    def documents(self) -> int:
        try:
            return self._indexes.documents(self._indexes.live())
        except IndexMissing:
            return self._indexes.documents(self._indexes.live(fresh=True))

    @override
    def refresh(self) -> None:
        with told():
            self._client.indices.refresh(index=self._indexes.write_alias)

    @override
    def versions(self, keys: Collection[Key]) -> dict[Key, int]:
        by_id = {key(*one): one for one in keys}
        if not by_id:
            return {}
        name = self._indexes.live(fresh=True).name
        with told():
            answer = self._client.mget(index=name, ids=list(by_id), source=False)
        return {by_id[doc["_id"]]: doc["_version"] for doc in answer["docs"] if doc.get("found")}

    @override
    def scan(self, generation: Generation | None = None) -> Iterator[tuple[str, str, int]]:
        index = (generation or self._indexes.live(fresh=True)).name
        query = {"query": {"match_all": {}}, "version": True, "_source": ["id", "resource_type"]}
        with told():
            for hit in helpers.scan(self._client, index=index, query=query, size=2000):
                source = hit["_source"]
                yield source["resource_type"][0], source["id"][0], hit["_version"]

    @override
    def check(self) -> str:
        with told():
            number = str(self._client.info()["version"]["number"])
        if tuple(int(part) for part in number.split(".")[:2]) < OLDEST:
            raise EngineUnavailable(
                f"Elasticsearch {number} is too old; 8.x and 9.x are understood"
            )
        self._indexes.require()
        return f"Elasticsearch {number}"

    @override
    @contextmanager
    def rebuilding(self, schema: Schema) -> Iterator[Generation]:
        generation = self._indexes.begin(schema)
        try:
            with self._indexes.touching(generation) as self._stop_touching:
                yield generation
        finally:
            if self._indexes.live(fresh=True).name != generation.name:
                self._indexes.delete(generation.name)

    @override
    def commit_rebuild(self, generation: Generation) -> None:
        self._stop_touching()  # from now on others may change the schema that lies with it
        with told():
            self._client.indices.refresh(index=generation.name)
        self._indexes.commit(generation)

    @override
    def sweep(self) -> None:
        self._indexes.sweep()

    @override
    def purge(self) -> None:
        """Elasticsearch forgets deletions by itself (`index.gc_deletes`)."""

    @override
    def drop(self) -> None:
        for name in self._indexes.all_names():
            self._indexes.delete(name)

    def _search(
        self, generation: Generation, request: SearchRequest, deadline: Deadline, page: Page
    ) -> SearchResult:
        longest = self._timeout * SHARE
        return Searching(self._client, generation, request, deadline, longest=longest).run(page)

    def _write_or_fail(
        self, generation: Generation, operations: Sequence[Operation]
    ) -> list[Outcome]:
        try:
            return self._write(generation, operations)
        except _Moved:
            raise EngineUnavailable(f"{generation.name} is not being built any more") from None

    def _write(self, generation: Generation, operations: Sequence[Operation]) -> list[Outcome]:
        outcomes: list[Outcome | None] = [None] * len(operations)
        part: list[tuple[int, list[bytes]]] = []
        size = 0
        for at, operation in enumerate(operations):
            try:
                lines = _lines(generation, operation)
            except (TypeError, ValueError, OverflowError) as error:
                reason = f"the document cannot be indexed: {error}"
                outcomes[at] = Outcome(Verdict.REJECTED, reason)
                continue
            part.append((at, lines))
            size += sum(map(len, lines))
            if size > PART:
                self._send(part, outcomes)
                part, size = [], 0
        self._send(part, outcomes)
        return [outcome for outcome in outcomes if outcome is not None]

    def _send(self, part: list[tuple[int, list[bytes]]], outcomes: list[Outcome | None]) -> None:
        if not part:
            return
        try:
            lines: list[Any] = [line for _, operation in part for line in operation]
            with told():
                answer = self._client.bulk(operations=lines, require_alias=True)
        except EngineUnavailable as error:
            if isinstance(error.__cause__, ApiError) and error.__cause__.status_code == 413:
                self._halve(part, outcomes)
                return
            raise
        for (at, _), item in zip(part, answer["items"], strict=True):
            outcomes[at] = _outcome(next(iter(item.values())))

    def _halve(self, part: list[tuple[int, list[bytes]]], outcomes: list[Outcome | None]) -> None:
        """The request was too large: send its halves, and refuse a document that is too large by itself."""
        if len(part) == 1:
            outcomes[part[0][0]] = Outcome(Verdict.REJECTED, "the document is too large")
            return
        middle = len(part) // 2
        self._send(part[:middle], outcomes)
        self._send(part[middle:], outcomes)


def _nothing() -> None:
    """Nothing is being built."""


def _lines(generation: Generation, operation: Operation) -> list[bytes]:
    action = {
        "_index": own_alias(generation.name),
        "_id": key(operation.resource_type, operation.id),
        "version": operation.version,
        "version_type": "external_gte",
    }
    if operation.body is None:
        return [orjson.dumps({"delete": action})]
    document = layout.document(
        generation.schema,
        operation.resource_type,
        operation.id,
        operation.body,
        orjson.Fragment(dumps(operation.body)),
    )
    return [orjson.dumps({"index": action}), orjson.dumps(document)]


def _outcome(item: dict[str, Any]) -> Outcome:
    status, error = item["status"], item.get("error") or {}
    if status in {200, 201} or (status == 404 and item.get("result") == "not_found"):
        return ACCEPTED
    if status == 409:
        return SUPERSEDED
    if status == 404:
        raise _Moved
    reason = str(error.get("reason", error))[:2000]
    if status == 400:
        cause = (error.get("caused_by") or {}).get("reason", "")
        return Outcome(Verdict.REJECTED, f"{reason} {cause}".strip())
    raise EngineUnavailable(f"Elasticsearch did not take a document: {reason} ({status})")
