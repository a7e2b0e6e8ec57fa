import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from metadefs import operators, schema
from metadefs.values import NotOfType, parse

READ = [
    ("4", "integer", 4),
    ("-4", "integer", -4),
    ("007", "integer", 7),
    ("4.0", "integer", 4),
    ("-1.50e1", "integer", -15),
    ("1e3", "integer", 1000),
    ("12345678901234567890.0", "integer", 12345678901234567890),
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
    ("4.5", "integer"), ("1e-3", "integer"), ("1e999", "integer"), ("+4", "integer"), (" 4", "integer"), ("٤", "integer"), ("", "integer"),
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


INTEGER = {"title": "T", "type": "integer"}
INTEGERS = {"title": "T", "type": "array", "items": {"type": "integer"}}


def legal(definition, text):
    try:
        parsed = parse(text, schema.declared_type(definition), schema.item_type(definition))
    except NotOfType:
        return False
    return bool(schema.validator(schema.json_schema(definition)).is_valid(parsed))


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_an_integer_where_json_schema_says_so_alone_and_in_a_list(number):
    text = repr(number)
    said = Draft202012Validator({"type": "integer"}).is_valid(number)
    assert legal(INTEGER, text) is legal(INTEGERS, f"[{text}]") is legal(INTEGERS, text) is said


@pytest.mark.parametrize(
    ("text", "operator", "operands"),
    [
        ("<or> kvm <or> qemu", "<or>", ("kvm", "qemu")),
        ("<or>  kvm", "<or>", ("kvm",)),
        ("<all-in> aes avx", "<all-in>", ("aes", "avx")),
        (" >= 4 ", ">=", ("4",)),
        ("<in> a b", "<in>", ("a b",)),
        ("<is> True", "<is>", ("True",)),
        ("s== a", "s==", ("a",)),
        ("<range-in> [ 1 8 ]", "<range-in>", ("1", "8")),
        ("<range-in> (1 8.5)", "<range-in>", ("1", "8.5")),
    ],
)
def test_comparisons_are_told_from_plain_values(text, operator, operands):
    found = operators.read(text, operators.KNOWN)
    assert (found.operator, found.operands, found.wrong) == (operator, operands, "")
    assert operators.read(text, set(operators.KNOWN) - {operator}) is None


@pytest.mark.parametrize("text", ["kvm", ">=4", "<or>kvm", "", "  ", "<or>a", "like x", "<foo> x"])
def test_plain_values_are_no_comparisons(text):
    assert operators.read(text, operators.KNOWN) is None


@pytest.mark.parametrize("operator", operators.KNOWN)
def test_an_operator_alone_compares_nothing(operator):
    for text in (operator, f" {operator} "):
        assert operators.read(text, [operator]).wrong


@pytest.mark.parametrize(
    "text",
    [
        "<or> a <or>",
        "<or> <or> a",
        "<range-in> 1 8",
        "<range-in> [ 1 ]",
        "<range-in> [ 8 1 ]",
        "<range-in> [ a b ]",
        "<range-in> [ 1 2 3 ]",
    ],
)
def test_comparisons_with_something_missing(text):
    found = operators.read(text, operators.KNOWN)
    assert found.wrong
    assert found.operands == ()
