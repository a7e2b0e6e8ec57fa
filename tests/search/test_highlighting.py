"""Marked words."""

from typing import Any

import pytest

from search import schema as schemas
from search.caller_search import Highlight
from search.errors import QueryRefused, UnknownField
from search.highlighting import check, highlights
from search.parsing import dsl
from search.query_resolver import resolve_query
from tests.search.corpus import DECLARED, Things

SCHEMA = schemas.build([Things()], DECLARED)


def marked(query: Any, body: dict[str, Any], **options: Any) -> dict[str, list[str]]:
    asked = Highlight(**{"fields": ("*",), "before": "[", "after": "]", **options})
    return highlights(SCHEMA, resolve_query(SCHEMA, dsl.parse(SCHEMA, query)), body, asked)


def test_words_are_marked_as_they_are_written() -> None:
    body = {"name": "Ünïcode-Quick, quickly", "description": "no"}
    assert marked({"match": {"name": "quick unicode"}}, body) == {
        "name": ["[Ünïcode]-[Quick], quickly"]
    }
    assert marked({"prefix": {"name": "QUICK"}}, body) == {"name": ["Ünïcode-[Quick], [quickly]"]}
    assert marked({"wildcard": {"name": "?n*e"}}, body) == {"name": ["[Ünïcode]-Quick, quickly"]}
    assert marked({"match": {"name": "日"}}, {"name": "日本😀日"}) == {"name": ["[日]本😀[日]"]}
    decomposed = "cafe\u0301 bar"
    assert marked({"match": {"name": "café"}}, {"name": decomposed}) == {
        "name": ["[cafe\u0301] bar"]
    }


def test_only_what_is_asked_for_is_marked() -> None:
    body = {"name": "fox", "description": "fox dog", "status": "fox"}
    asked = {"bool": {"must": {"match": {"name": "fox"}}, "must_not": {"match": {"name": "dog"}}}}
    assert marked(asked, body) == {"name": ["[fox]"], "description": ["[fox] dog"]}
    assert marked(asked, body, any_field=False) == {"name": ["[fox]"]}
    assert marked(asked, body, fields=("desc*",)) == {"description": ["[fox] dog"]}
    assert marked({"match_all": {}}, body) == {}


def test_whole_values_and_properties() -> None:
    body = {"tags": ["red", "blue"], "properties": {"os": "Ubuntu 22", "n": "7", "x": "quick fox"}}
    assert marked({"term": {"tags": "red"}}, body) == {"tags": ["[red]"]}
    assert marked({"term": {"os": "Ubuntu 22"}}, body) == {"properties.os": ["[Ubuntu 22]"]}
    assert marked({"match": {"name": "fox"}}, body) == {"properties.x": ["quick [fox]"]}
    assert marked({"prefix": {"tags": "b"}}, body, fields=("tags",)) == {"tags": ["[blue]"]}


def test_hidden_fields_are_never_marked() -> None:
    body = {"property_text": ["fox"], "members": ["fox"], "name": "x"}
    assert marked("fox", body) == {}
    for name in ("members", "property_text"):
        with pytest.raises(UnknownField):
            check(SCHEMA, Highlight((name,)), 1)
    with pytest.raises(QueryRefused):
        check(SCHEMA, Highlight(("name",)), 1001)
    check(SCHEMA, Highlight(("name", "properties.*")), 1000)


def test_fragments() -> None:
    body = {"description": " ".join(["word"] * 60 + ["fox"] + ["word"] * 60 + ["fox"])}
    found = marked({"match": {"description": "fox"}}, body)["description"]
    assert len(found) == 2
    assert all("[fox]" in one and len(one) < 120 for one in found)
    assert all(not one.startswith("ord") for one in found)
    one = marked({"match": {"description": "fox"}}, body, fragments=1)["description"]
    assert len(one) == 1
    whole = marked({"match": {"description": "fox"}}, body, fragments=0)["description"]
    assert whole[0].count("[fox]") == 2
    assert len(whole[0]) == len(body["description"]) + 4


def test_html_is_escaped_on_wish_and_the_marks_are_not() -> None:
    body = {"name": "<i>fox</i> & co"}
    assert marked({"match": {"name": "fox"}}, body, escape=True, before="<em>", after="</em>") == {
        "name": ["&lt;i&gt;<em>fox</em>&lt;/i&gt; &amp; co"]
    }


def test_a_pattern_costs_little_on_a_long_text() -> None:
    body = {"description": "a" * 200_000, "tags": ["a" * 8000]}
    asked = {"wildcard": {"description": "*a*a*a*a*a*a*a*a*a*b"}}
    assert marked(asked, body) == {}


def test_an_unfinished_word_is_marked_where_it_stands() -> None:
    asked = {"match_phrase_prefix": {"name": "quick brown fo"}}
    assert marked(asked, {"name": "foxes: quick brown"}) == {"name": ["[foxes]: [quick] [brown]"]}
