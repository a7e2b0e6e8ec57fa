"""The embedded index among several processes, any of which may be killed at any moment."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.query import Match, Term
from search import schema as schemas
from search.engine import Operation, Verdict
from search.engines.embedded.engine import EmbeddedEngine
from search.errors import EngineUnavailable, IndexMissing
from search.requests import SearchRequest
from tests.search.corpus import DECLARED, KIND, Things
from tests.support.patience import eventually

SCHEMA = schemas.build([Things()], DECLARED)
SPAWN = multiprocessing.get_context("spawn")


def body(version: int) -> dict[str, Any]:
    return {"name": "hello world", "size": version, "status": "live"}


def write(folder: Path, seed: int, rounds: int, done: Path, enough: Path | None = None) -> None:
    """Write random versions of ten objects; each accepted batch is noted before the next begins.

    So many rounds, and more of them until the file `enough` is there, if one is named.
    """
    engine, chance = EmbeddedEngine(folder), random.Random(seed)
    with done.open("a", encoding="ascii") as file:
        left = rounds
        while left > 0 or not (enough is None or enough.exists()):
            left -= 1
            versions = {f"d{chance.randrange(10)}": chance.randrange(10**6) for _ in range(3)}
            operations = [Operation(KIND, i, v, body(v)) for i, v in versions.items()]
            outcomes = engine.bulk(operations)
            for operation, outcome in zip(operations, outcomes, strict=True):
                if outcome.verdict is Verdict.ACCEPTED:
                    file.write(json.dumps([operation.id, operation.version]) + "\n")
            file.flush()


def accepted(*files: Path) -> dict[str, int]:
    """The largest version of each object that a writer was told is kept."""
    best: dict[str, int] = {}
    for file in files:
        for line in file.read_text(encoding="ascii").splitlines() if file.exists() else ():
            id_, version = json.loads(line)
            best[id_] = max(best.get(id_, 0), version)
    return best


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    made = EmbeddedEngine(tmp_path / "search")
    made.ensure(SCHEMA)
    yield made
    made.drop()


def test_two_writers_and_a_reader_across_a_rebuild(engine: EmbeddedEngine, tmp_path: Path) -> None:
    notes, enough = [tmp_path / "one", tmp_path / "two"], tmp_path / "enough"
    writers = [
        SPAWN.Process(target=write, args=(tmp_path / "search", n, 15, note, enough))
        for n, note in enumerate(notes)
    ]
    for one in writers:
        one.start()
    rebuilt = False
    while any(one.is_alive() for one in writers):
        found = engine.search(SearchRequest(query=Match(("name",), "hello"), size=100))
        ids = [hit.id for hit in found.hits]
        assert len(ids) == len(set(ids)) == found.total
        if found.total > 5 and not rebuilt:
            rebuilt = True
            with engine.rebuilding(SCHEMA) as generation:
                rows = engine.search(SearchRequest(size=100)).hits
                operations = [Operation(KIND, h.id, h.version, h.body) for h in rows]
                engine.bulk(operations, into=generation)
                engine.commit_rebuild(generation)
            enough.touch()
        time.sleep(0.02)
    assert rebuilt
    assert [one.exitcode for one in writers] == [0, 0]
    kept = {id_: version for _, id_, version in engine.scan()}
    assert kept == accepted(*notes)
    bodies = {hit.id: hit.body["size"] for hit in engine.search(SearchRequest(size=100)).hits}
    assert bodies == kept


def test_a_killed_writer_loses_nothing_it_was_told_is_kept(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    chance = random.Random(7)
    notes = []
    for attempt in range(4):
        note = tmp_path / f"note{attempt}"
        notes.append(note)
        writer = SPAWN.Process(target=write, args=(tmp_path / "search", attempt, 10**6, note))
        writer.start()
        assert eventually(lambda note=note: accepted(note))
        time.sleep(chance.random() * 0.3)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        started = time.monotonic()
        engine.bulk([Operation(KIND, f"after{attempt}", 1, body(1))])
        assert time.monotonic() - started < 60, "its locks ended with it"
        kept = {id_: version for _, id_, version in engine.scan()}
        for id_, version in accepted(*notes).items():
            assert kept[id_] >= version
        held = {hit.id: hit.body["size"] for hit in engine.search(SearchRequest(size=100)).hits}
        assert held == kept, "version and body are of one write"
    assert engine.search(SearchRequest(query=Term("status", "live"))).total == len(kept)


def build(folder: Path, begun: Path) -> None:
    """Begin to build and never end."""
    engine = EmbeddedEngine(folder)
    with engine.rebuilding(SCHEMA) as generation:
        engine.bulk([Operation(KIND, "a", 1, body(1))], into=generation)
        begun.write_text(generation.name, encoding="ascii")
        time.sleep(600)


def test_a_killed_build_is_swept_by_the_next(engine: EmbeddedEngine, tmp_path: Path) -> None:
    engine.bulk([Operation(KIND, "a", 1, body(1))])
    begun = tmp_path / "begun"
    builder = SPAWN.Process(target=build, args=(tmp_path / "search", begun))
    builder.start()
    assert eventually(begun.exists)
    assert builder.pid is not None
    os.kill(builder.pid, signal.SIGKILL)
    builder.join()
    engine.bulk([Operation(KIND, "b", 1, body(1))])
    assert len(list(engine.scan())) == 2
    with engine.rebuilding(SCHEMA) as generation:
        engine.bulk([Operation(KIND, i, 1, body(1)) for i in "ab"], into=generation)
        engine.commit_rebuild(generation)
    assert len(list(engine.scan())) == 2
    assert [p.name for p in (tmp_path / "search").glob("g-*")] == [generation.name]
    assert begun.read_text() != generation.name


def test_an_index_that_is_gone_is_told_and_not_made_up(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    engine.bulk([Operation(KIND, "a", 1, body(1))])
    other = EmbeddedEngine(tmp_path / "search")
    other.drop()
    with pytest.raises(IndexMissing):
        engine.search(SearchRequest())
    with pytest.raises(IndexMissing):
        engine.bulk([Operation(KIND, "a", 1, body(1))])
    assert engine.ensure(SCHEMA)
    assert list(engine.scan()) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "search").write_text("a file, no folder")
    engine = EmbeddedEngine(tmp_path / "search")
    with pytest.raises(EngineUnavailable, match="cannot be used"):
        engine.ensure(SCHEMA)
    with pytest.raises(EngineUnavailable):
        engine.check()


def test_an_index_that_cannot_be_opened_is_told_and_made_anew(
    engine: EmbeddedEngine, tmp_path: Path
) -> None:
    broken = tmp_path / "search" / engine.live().name / "schema.json"
    broken.write_text("no JSON")
    other = EmbeddedEngine(tmp_path / "search")
    for question in (other.check, other.live, lambda: other.search(SearchRequest())):
        with pytest.raises(EngineUnavailable, match=r"cannot be opened.*rebuild_index"):
            question()
    assert not other.ensure(SCHEMA)
    with other.rebuilding(SCHEMA) as generation:
        other.commit_rebuild(generation)
    assert other.check()
