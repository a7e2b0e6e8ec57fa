"""The indexes behind the engine: one alias to read, one to write, and a build beside the live one.

``<prefix>`` reads the live index; ``<prefix>-write`` has it and, during a rebuild, the new one. Each index has
an alias of its
own, so that a write can demand an alias: to an index that was just dropped it then fails, instead of making it again.
The schema lies in the mapping's ``_meta``.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from search.engine import Generation
from search.engines.elasticsearch import layout
from search.engines.elasticsearch.client import reason, told
from search.errors import EngineUnavailable, IndexMissing, IndexNameTaken, RebuildRunning
from search.schema import Schema, from_json

ABANDONED = 120.0
"""Seconds for which somebody has seen no touch of a build when it counts as given up."""
TOUCH_SECONDS = 20.0
FRESH = 1.0
"""Seconds for which a reader remembers the live index."""


NO_INDEX = "there is no index yet; the relay makes it when it starts"

COUNTED = 30.0
"""Seconds for which the number of documents is remembered."""


def own_alias(index: str) -> str:
    return f"{index}-own"


@dataclass(frozen=True, slots=True)
class _Remembered:
    generation: Generation
    until: float


@dataclass(frozen=True, slots=True)
class _Counted:
    name: str
    documents: int
    until: float


class Indexes:
    def __init__(self, client: Elasticsearch, prefix: str, shards: int) -> None:
        self._client, self.prefix, self._shards = client, prefix, shards
        self._live: _Remembered | None = None
        self._watched: dict[str, tuple[Any, float]] = {}
        self._counted: _Counted | None = None

    @property
    def write_alias(self) -> str:
        return f"{self.prefix}-write"

    @property
    def _first(self) -> str:
        return f"{self.prefix}-g-first"

    def documents(self, generation: Generation) -> int:
        """About how many documents the index holds; asked once in a while."""
        known = self._counted
        if known is None or known.name != generation.name or known.until < time.monotonic():
            with told():
                count = int(self._client.count(index=generation.name)["count"])
            known = _Counted(generation.name, count, time.monotonic() + COUNTED)
            self._counted = known
        return known.documents

    def ensure(self, schema: Schema) -> bool:
        """Make the first index, unless there is a live one."""
        if self._metas(self.prefix):
            return False
        with told():
            try:
                self._create(self._first, schema, live=True)
            except BadRequestError as error:
                if error.error == "invalid_alias_name_exception":
                    raise IndexNameTaken(reason(error), remedy="remove that index") from error
                if error.error != "resource_already_exists_exception":
                    raise
                self.require()  # another process was faster, or it lost its alias
                return False
        self.forget()
        return True

    def require(self) -> None:
        """IndexMissing, or IndexNameTaken, unless both aliases lead to indexes of ours."""
        written = sorted(self._metas(self.write_alias))
        if self._metas(self.prefix):
            return
        with told():
            if not written and self._client.indices.exists(index=self._first):
                written = [self._first]
        if written:
            raise IndexNameTaken(
                f"the index {written[0]} has lost its alias {self.prefix}",
                remedy="give it back, or delete the index, and a new one is made",
            )
        raise IndexMissing(NO_INDEX)

    def live(self, *, fresh: bool = False) -> Generation:
        """The generation that answers; IndexMissing when there is none."""
        held = self._live
        if held is not None and not fresh and time.monotonic() < held.until:
            return held.generation
        found = self._generations(self.prefix)
        if not found:
            raise IndexMissing(NO_INDEX)
        self._live = _Remembered(found[0], time.monotonic() + FRESH)
        return found[0]

    def written(self) -> list[Generation]:
        """Where writes go just now, the live one first."""
        live = self.live(fresh=True)
        others = [one for one in self._generations(self.write_alias) if one.name != live.name]
        return [live, *others]

    def forget(self) -> None:
        self._live = None

    def keep_schema(self, generation: Generation, schema: Schema) -> None:
        """Keep a schema with more typings with the index."""
        with told():
            self._client.indices.put_mapping(
                index=generation.name,
                meta=_meta(schema),
                properties={"typed": layout.typed(schema)},
            )
        self.forget()

    def begin(self, schema: Schema) -> Generation:
        """A new index that gets all writes; RebuildRunning when somebody builds one."""
        with told():
            self.sweep()
            if len(self.written()) > 1:
                raise RebuildRunning("another process is building the index anew")
            name = f"{self.prefix}-g-{uuid.uuid4().hex[:12]}"
            self._create(name, schema, live=False)
            if (
                len(self.written()) > 2
            ):  # somebody began between the two: neither knows who was first
                self.delete(name)
                raise RebuildRunning("another process began to build the index anew")
        return Generation(name, schema)

    def sweep(self) -> None:
        """Drop builds whose last touch was the same for so long: by this process's own clock, for no two machines agree
        about the time.
        """
        live, moment = self.live(fresh=True).name, time.monotonic()
        builds = {name: m for name, m in self._metas(self.write_alias).items() if name != live}
        watched = {}
        for name, meta in builds.items():
            touch, since = self._watched.get(name, (None, moment))
            watched[name] = (
                (touch, since) if touch == meta["touched"] else (meta["touched"], moment)
            )
            if moment - watched[name][1] >= ABANDONED:
                self.delete(name)
        self._watched = watched

    @contextmanager
    def touching(self, generation: Generation) -> Iterator[Callable[[], None]]:
        """Tell others that the build goes on, until the block ends or what it is given is called."""
        done = Event()

        def touch() -> None:
            while not done.wait(TOUCH_SECONDS):
                with suppress(EngineUnavailable):
                    self.touch(generation)

        thread = Thread(target=touch, name="index-build", daemon=True)
        thread.start()

        def stop() -> None:
            done.set()
            thread.join()

        try:
            yield stop
        finally:
            stop()

    def touch(self, generation: Generation) -> None:
        """Tell others that the build goes on."""
        with told():
            self._client.indices.put_mapping(index=generation.name, meta=_meta(generation.schema))

    def commit(self, generation: Generation) -> None:
        """Let the new index answer and drop the others, in one step."""
        with told():
            if generation.name not in self._metas(self.write_alias):
                raise EngineUnavailable(f"{generation.name} is not being built any more")
            old = [name for name in self._metas(self.prefix) if name != generation.name]
            actions: list[dict[str, Any]] = [
                {"add": {"index": generation.name, "alias": self.prefix}},
                *({"remove_index": {"index": name}} for name in old),
            ]
            self._client.indices.update_aliases(actions=actions)
        self.forget()

    def delete(self, name: str) -> None:
        with told():
            self._client.indices.delete(index=name, ignore_unavailable=True)
        self.forget()

    def all_names(self) -> list[str]:
        """Every index of this prefix."""
        with told():
            found = self._client.indices.get(index=f"{self.prefix}-g-*", allow_no_indices=True)
        return sorted(found.body)

    def _create(self, name: str, schema: Schema, *, live: bool) -> None:
        aliases: dict[str, Any] = {own_alias(name): {}, self.write_alias: {}}
        if live:
            aliases[self.prefix] = {}
        self._client.indices.create(
            index=name,
            aliases=aliases,
            settings=layout.settings(self._shards),
            mappings=layout.mappings(schema, _meta(schema)),
            wait_for_active_shards="1",
        )

    def _generations(self, alias: str) -> list[Generation]:
        return [
            Generation(name, from_json(meta["schema"]))
            for name, meta in sorted(self._metas(alias).items())
        ]

    def _metas(self, alias: str) -> dict[str, Mapping[str, Any]]:
        with told():
            try:
                found = self._client.indices.get_mapping(index=alias)
            except NotFoundError:
                return {}
        metas = {name: one["mappings"].get("_meta", {}) for name, one in found.body.items()}
        for name, meta in metas.items():
            if name == alias:
                raise IndexNameTaken(f"there is an index named {alias}", remedy="remove it")
            if "schema" not in meta:
                raise IndexNameTaken(
                    f"the alias {alias} leads to {name}, which is another's", remedy="take it out"
                )
        return metas


def _meta(schema: Schema) -> dict[str, Any]:
    return {"schema": schema.as_json(), "touched": uuid.uuid4().hex}
