"""A property's text is read once: what the definition calls legal is what the index finds by its type."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.indexing.documents import FieldType
from metadefs import schema
from metadefs.values import NotOfType, parse
from search import values

TYPES = {
    "integer": FieldType.LONG,
    "number": FieldType.DOUBLE,
    "boolean": FieldType.BOOLEAN,
}
TEXTS = [
    "4", " 4", "4 ", "+4", "-4", "4.0", "4.", ".5", "4.5", "1e3", "1E-3", "007", "٤", "4\n", "4_0", "0x4",
    "true", "True", " true", "TRUE", "yes", "1", "", "NaN", "inf", "-0.0", "1e400",
]  # fmt: skip
SMALL = 2**63


def legal(text: str, declared: str) -> bool:
    try:
        parsed = parse(text, declared)
    except NotOfType:
        return False
    found = schema.json_schema({"title": "T", "type": declared})
    return bool(schema.validator(found).is_valid(parsed))


def typed(text: str, declared: str) -> Any:
    return values.declared(text, TYPES[declared])


@pytest.mark.parametrize("declared", TYPES)
@given(st.sampled_from(TEXTS) | st.text(max_size=5) | st.from_regex(r"[ +-]?[0-9.eE]{1,6} ?"))
def test_what_is_legal_is_typed_and_nothing_else(declared: str, text: str) -> None:
    assert (typed(text, declared) is not None) is legal(text, declared)


def test_the_index_holds_what_64_bits_hold() -> None:
    assert legal(str(SMALL), "integer")
    assert typed(str(SMALL), "integer") is None
    assert typed(str(SMALL - 1), "integer") == typed(f"{SMALL - 1}.0", "integer") == SMALL - 1
