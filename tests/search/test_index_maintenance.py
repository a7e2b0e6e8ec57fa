"""The index follows the code and the namespaces: made, filled, typed, rebuilt, compared with the rows."""

import threading
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog import failpoints
from catalog.clock import now
from catalog.indexing.documents import Field, FieldType
from catalog.models import Delivery
from catalog.outbox import claiming
from catalog.query import Range, Sort, Term
from search import index_maintenance, metrics, rebuilding, relay_process, schema, verifying
from search.engine import Engine, Operation
from search.errors import EngineUnavailable, QueryRefused, RebuildRunning
from search.relay import drain
from search.requests import SearchRequest, SearchResult
from tests.search.shelf import BOOK, Books, Magazines

pytestmark = pytest.mark.django_db


def ids(engine: Engine, **request: Any) -> list[str]:
    engine.refresh()
    return [hit.id for hit in engine.search(SearchRequest(**request)).hits]


def test_a_new_index_is_owed_everything_once(bare: Engine, books: Books) -> None:
    for name in "abc":
        books.write(name)
    Delivery.objects.all().delete()
    index_maintenance.ensure(bare)
    assert Delivery.objects.count() == 3
    drain()
    index_maintenance.ensure(bare)
    assert not Delivery.objects.exists()
    assert sorted(ids(bare)) == ["a", "b", "c"]


def test_a_hand_over_that_was_cut_short_is_done_again(
    bare: Engine, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.write("a")
    Delivery.objects.all().delete()
    with monkeypatch.context() as broken:
        broken.setattr(index_maintenance, "add_deliveries", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            index_maintenance.ensure(bare)
    index_maintenance.ensure(bare)
    assert drain() == 1
    assert ids(bare) == ["a"]


def test_a_declared_integer_is_a_number_soon(
    engine: Engine, books: Books, declared: dict[str, FieldType]
) -> None:
    for value in ("9", "10", "100", "many"):
        books.write(f"b{value}", properties={"cores": value})
    drain()
    index_maintenance.keep()
    assert ids(engine, query=Range("cores", gt="9")) == ["bmany"], "text, as nobody declared it"
    name = engine.live().name
    declared["cores"] = FieldType.LONG
    index_maintenance.keep()
    assert engine.live().name == name, "nothing had to be built anew"
    assert ids(engine, query=Range("cores", gt="9"), sorts=(Sort("cores"),)) == ["b10", "b100"]
    assert ids(engine, query=Term("cores", "many")) == ["bmany"]
    books.write("b11", properties={"cores": "11"})
    drain()
    assert ids(engine, query=Range("cores", gt=10), sorts=(Sort("cores"),)) == ["b11", "b100"]
    declared["cores"] = FieldType.DOUBLE
    books.write("b9.5", properties={"cores": "9.5"})
    drain()
    index_maintenance.keep()
    assert ids(engine, query=Range("cores", gt=9, lt=10)) == ["b9.5"]
    del declared["cores"]
    index_maintenance.keep()
    assert ids(engine, query=Range("cores", gt="9", lt="9.7")) == ["b9.5"]


def test_a_late_write_by_an_old_schema_is_mended(
    engine: Engine, books: Books, declared: dict[str, FieldType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another relay had read the schema before a key was typed, and writes after the documents were written again."""
    books.write("a", properties={"cores": "7"})
    books.rows["b"] = (1, {"id": "b", "resource_type": BOOK, "properties": {"cores": "8"}})
    drain()
    old = engine.live()
    declared["cores"] = FieldType.LONG
    index_maintenance.keep()
    engine.bulk([Operation(BOOK, "b", 1, books.rows["b"][1])], into=old)
    assert ids(engine, query=Range("cores", gte=8)) in ([], ["b"])
    index_maintenance.keep()
    assert ids(engine, query=Range("cores", gte=8)) == ["b"]


def test_when_the_slots_run_out_the_index_is_built_anew(
    engine: Engine, books: Books, declared: dict[str, FieldType]
) -> None:
    books.write("a", properties={"key40": "5"})
    drain()
    name = engine.live().name
    declared.update({f"key{n}": FieldType.LONG for n in range(50)})
    index_maintenance.keep()
    assert engine.live().name != name
    assert ids(engine, query=Range("key40", gte=5)) == ["a"]


def test_a_new_field_is_there_after_a_rebuild(
    engine: Engine, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.write("a", shelf_mark=7)
    drain()
    index_maintenance.keep()
    name = engine.live().name
    monkeypatch.setattr(Books, "fields", (*Books.fields, Field("shelf_mark", FieldType.LONG)))
    index_maintenance.keep()
    assert engine.live().name != name
    assert ids(engine, query=Range("shelf_mark", gte=7)) == ["a"]


def test_sources_that_contradict_each_other_are_refused(books: Books) -> None:
    class Odd(Magazines):
        fields = (Field("pages", FieldType.KEYWORD),)  # type: ignore[misc]

    with pytest.raises(ValueError, match="pages is declared as"):
        schema.build([books, Odd()], {})


def test_a_schema_survives_its_json(books: Books) -> None:
    made = schema.build([books], {"a": FieldType.LONG, "b": FieldType.DATE, "c": FieldType.TEXT})
    changed = schema.extended(made, {"a": FieldType.DOUBLE, "b": FieldType.DATE})
    assert changed is not None
    assert schema.from_json(changed.as_json()) == changed
    assert changed.typings["a"].since == 2
    assert not changed.typings["a"].ready
    assert changed.typings["b"] == made.typings["b"]
    assert schema.extended(changed, {"a": FieldType.DOUBLE, "b": FieldType.DATE}) is changed
    again = schema.extended(changed, {"a": FieldType.LONG})
    assert again is not None
    assert again.typings["a"].slot == 1, "a slot that was left is not given out again"


def test_a_rebuild_repairs_what_differs(engine: Engine, books: Books) -> None:
    for name in "abc":
        books.write(name)
    drain()
    engine.bulk([Operation(BOOK, "ghost", 1, {}), Operation(BOOK, "a", 9, {"status": "odd"})])
    engine.bulk([Operation(BOOK, "b", 1, None)])
    said = {str(one) for one in verifying.differences(engine)}
    assert said == {
        f"{BOOK} ghost: no row, document 1",
        f"{BOOK} a: row 1, document 9",
        f"{BOOK} b: row 1, no document",
    }
    out = StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("verify_index", stdout=out)
    assert failed.value.returncode == 1
    assert f"{BOOK} ghost: no row, document 1" in out.getvalue()
    call_command("rebuild_index", stdout=out)
    assert "3 documents; the new index answers" in out.getvalue()
    call_command("verify_index", stdout=out)
    assert "the index agrees with the rows" in out.getvalue()
    assert sorted(ids(engine)) == ["a", "b", "c"]


def test_what_is_on_its_way_is_no_difference(engine: Engine, books: Books) -> None:
    books.write("a")
    assert not list(verifying.settled_differences(engine))
    with pytest.raises(CommandError):
        call_command("verify_index", "--strict", stdout=StringIO())
    Delivery.objects.update(parked=True)
    assert list(verifying.settled_differences(engine)), "what was set aside is missing"
    assert not list(verifying.settled_differences(engine, parked=True))


@pytest.mark.parametrize(
    "point", ["rebuild.after_begin", "rebuild.after_fill", "rebuild.after_swap"]
)
def test_a_rebuild_may_end_anywhere(engine: Engine, books: Books, point: str) -> None:
    books.write("a")
    drain()
    failpoints.arm(f"{point}=raise")
    with pytest.raises(failpoints.FailpointReached):
        rebuilding.rebuild()
    failpoints.arm("")
    books.write("b")
    drain()
    assert sorted(ids(engine)) == ["a", "b"]
    assert rebuilding.rebuild() == 2
    assert sorted(ids(engine)) == ["a", "b"]


def test_a_rebuild_that_misses_something_does_not_answer(
    engine: Engine, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.write("a")
    drain()
    before = engine.live().name
    monkeypatch.setattr(rebuilding, "_write", lambda *_: None)
    with pytest.raises(EngineUnavailable, match="differs from the rows"):
        rebuilding.rebuild()
    assert engine.live().name == before
    assert ids(engine) == ["a"]


def test_a_document_that_is_unfit_does_not_stop_a_rebuild(engine: Engine, books: Books) -> None:
    books.write("good")
    books.write("unfit", properties="no mapping")
    drain()
    Delivery.objects.all().delete()
    assert rebuilding.rebuild() == 2
    assert Delivery.objects.get().object_id == "unfit", "the relay will set it aside"
    assert ids(engine) == ["good"]


def test_a_row_that_cannot_be_loaded_stops_neither_rebuild_nor_comparison(
    engine: Engine, books: Books
) -> None:
    for name in ("good", "other", "spoilt"):
        books.write(name)
    drain()
    books.spoilt = {"spoilt"}
    assert rebuilding.rebuild() == 2
    assert sorted(ids(engine)) == ["good", "other"]
    assert list(verifying.settled_differences(engine)) == []
    assert Delivery.objects.get().object_id == "spoilt"
    for _ in range(claiming.PARK_AFTER):
        Delivery.objects.update(due_at=now())
        drain()
    parked = Delivery.objects.get()
    assert (parked.parked, parked.error) == (True, "ValueError: this row is spoilt")


def test_one_rebuild_at_a_time(engine: Engine, books: Books) -> None:
    wanted = replace(engine.live().schema, filled=True)
    with engine.rebuilding(wanted):
        with pytest.raises(RebuildRunning):
            rebuilding.rebuild()
        with pytest.raises(CommandError, match="another process"):
            call_command("rebuild_index", stdout=StringIO())


def test_an_unready_type_cannot_be_ranged_as_a_number(
    engine: Engine, books: Books, declared: dict[str, FieldType]
) -> None:
    declared["cores"] = FieldType.LONG
    changed = schema.extended(engine.live().schema, declared)
    assert changed is not None
    engine.change_schema(changed)
    assert ids(engine, query=Range("cores", gte="many")) == []
    index_maintenance.keep()
    with pytest.raises(QueryRefused, match="is a long"):
        ids(engine, query=Range("cores", gte="many"))


def test_documents_that_stay_as_they_are_do_not_end_the_typing_of_others(
    engine: Engine, books: Books, declared: dict[str, FieldType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index holds newer states of some than their rows: written again, they stay as they were."""
    monkeypatch.setattr(index_maintenance, "_PAGE", 2)
    for n in range(8):
        books.write(f"new{n}", properties={"cores": f"{n}"})
        books.write(f"stuck{n}", properties={"cores": f"{n}"})
    drain()
    engine.bulk([Operation(BOOK, f"stuck{n}", 99, books.rows[f"stuck{n}"][1]) for n in range(8)])
    declared["cores"] = FieldType.LONG
    index_maintenance.keep()
    assert ids(engine, query=Range("cores", gte=0), sorts=(Sort("cores"),)) == [
        f"new{n}" for n in range(8)
    ]


def test_every_document_is_typed_however_many_stay_as_they_are(
    engine: Engine, books: Books, declared: dict[str, FieldType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that stay are more than any one question may page through."""
    monkeypatch.setattr(index_maintenance, "_PAGE", 2)
    whole = engine.search

    def windowed(request: SearchRequest) -> SearchResult:
        assert request.offset + request.size <= 4
        return whole(request)

    monkeypatch.setattr(engine, "search", windowed)
    names = [f"{kind}{n}" for n in range(4) for kind in ("a", "m", "z")]
    for name in names:
        books.write(name, properties={"cores": name[1]})
    drain()
    stuck = [name for name in names if name[0] == "m"]
    engine.bulk([Operation(BOOK, name, 99, books.rows[name][1]) for name in stuck])
    declared["cores"] = FieldType.LONG
    index_maintenance.keep()
    monkeypatch.setattr(engine, "search", whole)
    fresh = sorted(set(names) - set(stuck))
    assert sorted(ids(engine, query=Range("cores", gte=0))) == fresh


def test_a_document_that_is_refused_when_it_is_typed_is_set_aside_once(
    engine: Engine, books: Books, declared: dict[str, FieldType]
) -> None:
    for name in ("a", "unfit", "z"):
        books.write(name, properties={"cores": "7"})
    drain()
    version, body = books.rows["unfit"]
    books.rows["unfit"] = (version, {**(body or {}), "properties": "no mapping"})
    declared["cores"] = FieldType.LONG
    index_maintenance.keep()
    assert engine.live().schema.typings["cores"].ready
    assert Delivery.objects.get().object_id == "unfit"
    for _ in range(claiming.PARK_AFTER):
        drain()
        Delivery.objects.update(due_at=now())
    before = Delivery.objects.values().get()
    assert before["parked"]
    assert before["error"]
    index_maintenance.keep()
    assert Delivery.objects.values().get() == before, "it is not tried again and again"
    assert sorted(ids(engine, query=Range("cores", gte=7))) == ["a", "z"]


def test_the_numbers_are_told_after_whatever_error(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    process, rounds = relay_process.RelayProcess(), 0
    monkeypatch.setattr(relay_process, "UPKEEP_SECONDS", 0.01)
    monkeypatch.setattr(relay_process.connection, "close", lambda: None)

    def observe(consumer: str) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise ValueError("a number that is none")
        process.stop()

    monkeypatch.setattr(metrics, "observe", observe)
    process._watch()
    assert rounds == 2
    assert "a number that is none" in caplog.text


def test_the_numbers_are_told_while_the_index_is_built(
    engine: Engine, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, told = relay_process.RelayProcess(), threading.Event()
    monkeypatch.setattr(relay_process, "UPKEEP_SECONDS", 0.01)
    monkeypatch.setattr(metrics, "observe", lambda _: told.set())

    def build() -> None:
        told.clear()
        assert told.wait(60), "nobody counts while the index is built"
        process.stop()

    monkeypatch.setattr(index_maintenance, "keep", build)
    monkeypatch.setattr(relay_process.signal, "signal", lambda *_: None)
    process.run()
    assert told.is_set()
