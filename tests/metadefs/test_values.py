import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadefs import operators
from metadefs.values import NotOfType, parse

READ = [
    ("4", "integer", 4),
    ("-4", "integer", -4),
    ("007", "integer", 7),
    ("1.5", "number", 1.5),
    ("2", "number", 2),
    ("-1e3", "number", -1000.0),
    ("True", "boolean", True),
    ("false", "boolean", False),
    ("TRUE", "boolean", True),
    ("", "array", []),
    ("a", "array", ["a"]),
    ("a, b,c", "array", ["a", "b", "c"]),
    ('["a","b,c"]', "array", ["a", "b,c"]),
    ('{"a": 1}', "object", {"a": 1}),
    ("anything", "string", "anything"),
    (4, "integer", 4),
]
REFUSED = [
    ("4.0", "integer"), ("+4", "integer"), (" 4", "integer"), ("٤", "integer"), ("", "integer"),
    ("9" * 301, "integer"), ("4\n", "integer"),
    ("1e9999", "number"), ("NaN", "number"), ("inf", "number"), ("1,5", "number"),
    ("yes", "boolean"), ("1", "boolean"), ("", "boolean"),
    ("[1", "array"), ("[" * 40 + "]" * 40, "array"), ("a," * 40000, "array"),
    ("[]", "object"), ("x", "object"), ('{"a":' * 20 + "1" + "}" * 20, "object"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "declared", "value"), READ)
def test_texts_are_read_as_declared(text, declared, value):
    assert parse(text, declared) == value
    assert type(parse(text, declared)) is type(value)


@pytest.mark.parametrize(("text", "declared"), REFUSED)
def test_other_texts_are_refused(text, declared):
    with pytest.raises(NotOfType):
        parse(text, declared)


def test_items_are_read_as_declared():
    assert parse("1,2", "array", "integer") == [1, 2]
    assert parse('["1", 2]', "array", "integer") == [1, 2]
    with pytest.raises(NotOfType):
        parse("1,x", "array", "integer")


@settings(deadline=None)
@given(st.text(), st.sampled_from(["array", "boolean", "integer", "number", "object", "string"]))
def test_nothing_but_a_refusal_comes_of_any_text(text, declared):
    try:
        parse(text, declared)
    except NotOfType:
        assert declared != "string"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kvm", (None, ["kvm"])),
        ("<or> kvm <or> qemu", ("<or>", ["kvm", "qemu"])),
        ("<all-in> aes avx", ("<all-in>", ["aes", "avx"])),
        ("<all-in>", ("<all-in>", [""])),
        (">= 4", (">=", ["4"])),
        (">=4", (None, [">=4"])),
        ("<in> a b", ("<in>", ["a b"])),
    ],
)
def test_operators_are_told_from_plain_values(text, found):
    assert operators.split(text) == found
