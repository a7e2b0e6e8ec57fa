"""Reading patches: every document is read or refused with a sentence, never anything else."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import InvalidPatch
from catalog.jsonpatch import Add, Remove, Replace, parse_pointer, read, v2_0, v2_1

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
keys = st.sampled_from(["op", "path", "value", "add", "remove", "replace", "x"])
operations = st.dictionaries(
    keys,
    st.sampled_from(["add", "remove", "replace", "/a", "/a/b", "//", "~", "/~2"]) | json_values,
)


def test_both_dialects_read_alike() -> None:
    new = read(
        [{"op": "add", "path": "/a~1b", "value": 1}, {"op": "remove", "path": "/x~0"}], v2_1, most=2
    )
    old = read([{"add": "/a~1b", "value": 1}, {"remove": "/x~0"}], v2_0, most=2)
    assert new == old == [Add(("a/b",), 1), Remove(("x~",))]
    assert read([{"op": "replace", "path": "/tags", "value": []}], v2_1, most=1) == [
        Replace(("tags",), [])
    ]


@pytest.mark.parametrize(
    "document",
    [
        {},
        "x",
        None,
        ["x"],
        [{}],
        [{"op": "add"}],
        [{"op": "add", "path": "/a"}],
        [{"op": "move", "path": "/a", "value": 1}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": "/a/", "value": 1}],
        [{"op": "add", "path": "/a~2", "value": 1}],
        [{"op": "add", "path": "//a", "value": 1}],
        [{"op": ["add"], "path": "/a", "value": 1}],
        [{"op": "add", "path": 3, "value": 1}],
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(document: Any) -> None:
    with pytest.raises(InvalidPatch) as refused:
        read(document, v2_1, most=9)
    assert refused.value.message


@settings(deadline=None)
@given(
    document=st.lists(operations, max_size=3) | json_values, dialect=st.sampled_from([v2_0, v2_1])
)
def test_any_document_is_read_or_refused(document: Any, dialect: Any) -> None:
    try:
        found = read(document, dialect, most=-1)
    except InvalidPatch:
        return
    assert len(found) == len(document)


@settings(deadline=None)
@given(parts=st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=3))
def test_pointers_round_trip(parts: list[str]) -> None:
    text = "".join("/" + p.replace("~", "~0").replace("/", "~1") for p in parts)
    assert parse_pointer(text) == tuple(parts)
