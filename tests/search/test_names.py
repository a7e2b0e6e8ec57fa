"""Names of fields and properties: what each means, what is refused, and what is said about it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.actors import Actor
from catalog.indexing.documents import FieldType, Kept
from catalog.query import Exists, Match, Range, Sort, Term
from search import schema as schemas
from search import selectors, spelling
from search.caller_search import CallerSearch
from search.engine import Engine, Operation
from search.errors import UnknownField
from search.facets import facets
from search.parsing import bodies
from search.relay import drain
from search.requests import SearchRequest
from search.resolving import property_field, resolve
from tests.search.corpus import DECLARED, Things
from tests.search.shelf import BOOK, Books, Magazines

pytestmark = pytest.mark.django_db
SCHEMA = schemas.build([Things()], {**DECLARED, "odd.raw": FieldType.LONG})
EVE, ROOT = Actor(project_id="p1"), Actor(project_id="p1", is_admin=True)


def test_an_id_is_found_in_whatever_letters_it_is_written(engine: Engine) -> None:
    id_ = "abcdef01-2345-4678-89ab-cdef01234567"
    engine.ensure(SCHEMA)
    engine.bulk([Operation("thing", id_, 1, {"name": "a"})])
    engine.refresh()
    spelled, part = id_.upper(), id_[:13].upper()
    for query in (
        {"term": {"id": spelled}},
        {"terms": {"_id": ["x", spelled]}},
        {"ids": {"values": [spelled]}},
        {"match": {"id": spelled}},
        {"prefix": {"id": part}},
        {"query_string": {"query": spelled}},
        {"query_string": {"query": f"id:{spelled}"}},
        {"query_string": {"query": f"{part}*"}},
        {"wildcard": {"id": f"{part[:4]}????{part[8:]}*"}},
        {"multi_match": {"query": part, "type": "bool_prefix"}},
    ):
        question = bodies.parse(SCHEMA, {"query": query})
        assert [hit.id for hit in engine.search(SearchRequest(query=question.query)).hits] == [id_]


@pytest.mark.parametrize(
    ("name", "key", "type_"),
    [
        ("os_distro", "os_distro", FieldType.KEYWORD),
        ("os_distro.keyword", "os_distro", FieldType.KEYWORD),
        ("properties.os_distro.raw", "os_distro", FieldType.KEYWORD),
        ("cores.raw", "cores", FieldType.LONG),
        ("odd.raw", "odd.raw", FieldType.LONG),
        ("a\\.raw", "a.raw", FieldType.KEYWORD),
        ("a.raw.keyword", "a.raw", FieldType.KEYWORD),
        ("a\\*b", "a*b", FieldType.KEYWORD),
        ("a\\b", "a\\b", FieldType.KEYWORD),
        ("_mine", "_mine", FieldType.KEYWORD),
        ("properties._mine", "_mine", FieldType.KEYWORD),
        ("properties._source", "_source", FieldType.KEYWORD),
        ("properties.name", "name", FieldType.KEYWORD),
        (".raw", ".raw", FieldType.KEYWORD),
    ],
)
def test_a_property_by_its_names(name: str, key: str, type_: FieldType) -> None:
    target = resolve(SCHEMA, name)
    assert (target.key, target.type) == (key, type_)


@pytest.mark.parametrize(
    ("name", "field", "raw"),
    [
        ("name", "name", False),
        ("name.raw", "name", True),
        ("name.keyword", "name", True),
        ("status.raw", "status", False),
        ("status.keyword", "status", False),
        ("_type", "resource_type", False),
    ],
)
def test_a_field_by_its_names(name: str, field: str, raw: bool) -> None:
    target = resolve(SCHEMA, name)
    assert target.field is not None
    assert (target.field.name, target.raw, target.key) == (field, raw, None)


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("na*", "na\\*"),
        ("properties.*", "name each field"),
        ("properties.hw_*", "hw_\\*"),
        ("*", "name each field"),
        ("properties", "properties.KEY"),
        ("properties.", "properties.KEY"),
        ("_source", "_source"),
        ("members", "members"),
        ("members.raw", "members"),
        ("property_keys", "property_keys"),
        ("property_keys.keyword", "property_keys"),
        ("size.raw", "ask for size"),
        ("created_at.keyword", "ask for created_at"),
        ("", "1 to 255"),
        ("n" * 256, "1 to 255"),
    ],
)
def test_what_is_no_name_is_refused(name: str, about: str) -> None:
    with pytest.raises(UnknownField) as refused:
        resolve(SCHEMA, name)
    assert about in refused.value.message


@given(key=st.text(min_size=1, max_size=255) | st.from_regex(r"[a\\*.]{1,8}(\.raw|\.keyword)?"))
def test_every_property_has_a_name(key: str) -> None:
    assert resolve(SCHEMA, property_field(key)).key == key


@pytest.mark.parametrize(
    ("asked", "sorts"),
    [
        ("created_at:desc", [Sort("created_at", descending=True)]),
        (["name:asc", "size:desc"], [Sort("name"), Sort("size", descending=True)]),
        ("a:b", [Sort("a:b")]),
        ([{"a:b": "desc"}], [Sort("a:b", descending=True)]),
    ],
)
def test_an_order_says_its_direction(asked: Any, sorts: list[Sort]) -> None:
    assert list(bodies.parse(SCHEMA, {"sort": asked}).sorts) == sorts


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("stauts", "status"),
        ("nmae", "name"),
        ("visibilty", "visibility"),
        ("crated_at", "created_at"),
        ("tag", "tags"),
        ("core", "cores"),
        ("os_version", None),
        ("hw_numa_cpus.1", None),
        ("status", None),
        ("cores", None),
        ("properties.stauts", None),
        ("os", None),
        ("text", None),
    ],
)
def test_a_slip_is_seen(declared: dict[str, FieldType], name: str, meant: str | None) -> None:
    declared |= {**DECLARED, "hw_numa_cpus.0": FieldType.KEYWORD, "test": FieldType.KEYWORD}
    if name == "text":
        declared["text"] = FieldType.KEYWORD
    assert spelling.nearest(SCHEMA, name) == meant


@pytest.fixture
def shelf(
    engine: Engine,
    books: Books,
    magazines: Magazines,
    declared: dict[str, FieldType],
) -> Engine:
    declared |= {"os_distro": FieldType.KEYWORD, "rare": FieldType.KEYWORD}
    books.write("b1", properties={"issue": "7", "os_distro": "ubuntu", "stat": "x"}, tags=["red"])
    books.write("b2", properties={"issue": "many", "os_distro": "x/y"})
    books.write("b3", properties={"os_distro": "ubuntu", "long": "x" * 12_000})
    magazines.write("m1", issue=7)
    drain()
    engine.refresh()
    return engine


def ids(query: Any, actor: Actor = EVE, **asked: Any) -> list[str]:
    found = selectors.search(actor, CallerSearch(query=query, **asked))
    return sorted(hit.id for hit in found.hits)


def test_a_slip_is_refused_unless_something_has_it(shelf: Engine, books: Books) -> None:
    for question in (
        CallerSearch(query=Term("stauts", "x")),
        CallerSearch(query=Match(("name", "nmae"), "x")),
        CallerSearch(sorts=(Sort("crated_at"),)),
    ):
        with pytest.raises(UnknownField) as refused:
            selectors.search(EVE, question)
        assert "may be meant" in refused.value.message
    assert ids(Term("properties.stauts", "x")) == []
    assert ids(Term("stat", "x")) == ["b1"]
    books.write("b4", properties={"stauts": "x"}, visibility="private", project_id="p2")
    drain()
    shelf.refresh()
    with pytest.raises(UnknownField):
        ids(Term("stauts", "x"))
    assert ids(Term("stauts", "x"), ROOT, all_projects=True) == ["b4"]


def test_a_property_is_found_by_the_name_that_is_a_field_of_others(shelf: Engine) -> None:
    assert ids(Term("issue", 7)) == ["b1", "m1"]
    assert ids(Term("issue", 7), types=(BOOK,)) == ["b1"]
    assert ids(Exists("issue")) == ["b1", "m1"], "many is no number"
    assert ids(Term("properties.issue", "many")) == ["b2"]
    assert ids(Range("issue", gte=7)) == ["b1", "m1"]


def test_a_kept_property_is_kept_under_such_a_name_too(
    shelf: Engine, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hides(actor: Actor) -> Kept | None:
        return None if actor.is_admin else Kept(property=lambda key: key == "issue")

    monkeypatch.setattr(books, "kept", hides)
    assert ids(Term("issue", 7)) == []
    assert ids(Term("issue.keyword", 7)) == []
    assert ids(Term("issue", 7), ROOT) == ["b1", "m1"]


def test_a_long_value_is_found(shelf: Engine) -> None:
    assert ids(Term("long", "x" * 12_000)) == ["b3"]
    assert ids(Term("long", "x" * 12_001)) == []


def test_facets_tell_of_texts_and_of_what_is_left_out(
    shelf: Engine, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = facets(EVE, types=(BOOK,), limit=1)[BOOK]
    by_name = {one.name: one for one in found.facets}
    distro = by_name["properties.os_distro"]
    assert [(one.key, one.count) for one in distro.options or ()] == [("ubuntu", 2)]
    assert distro.more
    assert not by_name["tags"].more
    assert not {"properties.rare", "properties.stat"} & by_name.keys()
    assert not found.more
    books.write("b5", properties={"rare": "x"})
    drain()
    shelf.refresh()
    monkeypatch.setattr("search.facets._Counting._affordable", lambda _: 1)
    by_name = {one.name: one for one in facets(EVE, types=(BOOK,))[BOOK].facets}
    assert by_name["properties.os_distro"].options
    assert by_name["properties.rare"].options is None
    assert by_name["properties.rare"].more
    monkeypatch.setattr("search.facets.MOST_PROPERTIES", 1)
    found = facets(EVE, types=(BOOK,))[BOOK]
    assert found.more
    assert "properties.rare" not in {one.name for one in found.facets}
    assert found.count == 4
