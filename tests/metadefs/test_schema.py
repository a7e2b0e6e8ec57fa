import time

import pytest
from jsonschema import Draft202012Validator

from metadefs import operators, patterns, schema
from metadefs.errors import InvalidDefinition
from metadefs.values import parse
from tests.metadefs.conftest import cores


def text(**more):
    return {"title": "T", "type": "string", **more}


GOOD = [
    cores(),
    cores(minimum=1, maximum=1),
    cores(minimum=1.5),
    cores(enum=["1", 2], default="2"),
    cores(default=7, maximum=3),
    text(pattern="^[a-z]+(-[a-z]+)*$", minLength=1, maxLength=9),
    text(enum=["a", 1, True, None], default="1"),
    text(default="longer than that", maxLength=3),
    text(operators=list(operators.KNOWN)),
    text(required=["x"], confidential=True, readonly=False, operators=["<or>"]),
    {"title": "B", "type": "boolean", "default": "True", "enum": ["true", False]},
    {"title": "A", "type": "array", "items": {"type": "string", "enum": ["a"]}, "default": ["a"]},
    {"title": "A", "type": "array", "enum": ["a", "b"], "default": "a,b", "uniqueItems": True},
    {"title": "O", "type": "object", "additionalItems": False},
]
BAD = [
    ({"title": "N", "type": None}, "type"),
    (text(operators=["like"]), "'like' is not one of"),
    (text(operators=["<or>", "<foo>"]), "'<foo>' is not one of"),
    (text(operators=[""]), "operators"),
    ({"type": "integer"}, "title"),
    ({"title": "T"}, "type"),
    (cores(type="float"), "float"),
    (cores(unknown=1), "unknown"),
    ("text", "object"),
    (cores(minimum=2, maximum=1), "minimum 2 is larger than maximum 1"),
    (text(minLength=2, maxLength=1), "minLength"),
    (text(minLength=-1), "minLength"),
    ({"title": "A", "type": "array", "minItems": 3, "maxItems": 2}, "minItems"),
    (text(pattern="["), "pattern"),
    (text(pattern="(?=x)"), "pattern"),
    (text(pattern="a" * 1001), "pattern"),
    (cores(enum=[1, "x"]), "enum holds 'x'"),
    (cores(items={"type": "string", "minimum": 3}), "items"),
    (cores(default={"a": {"b": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}}), "nested"),
    (cores(default=2**70), "cannot be stored"),
    (cores(default=float("nan")), "cannot be stored"),
    (text(description="a\x00b"), "cannot be stored"),
]
BAD_DEFAULTS = [
    cores(default="x"),
    cores(default=1.5),
    text(enum=["a"], default="b"),
    {"title": "A", "type": "array", "items": {"enum": ["a"]}, "default": "a,b"},
]


@pytest.mark.parametrize("definition", GOOD)
def test_good_definitions_become_schemas(definition):
    schema.check("p", definition)
    schema.check_default("p", definition)
    Draft202012Validator.check_schema(schema.json_schema(definition))


@pytest.mark.parametrize(("definition", "said"), BAD)
def test_bad_definitions_are_refused_by_name(definition, said):
    with pytest.raises(InvalidDefinition) as caught:
        schema.check("p", definition)
    assert "'p'" in caught.value.message
    assert said in caught.value.message
    assert caught.value.facts["property"] == "p"


@pytest.mark.parametrize("definition", BAD_DEFAULTS)
def test_illegal_defaults_are_told_apart(definition):
    schema.check("p", definition)
    with pytest.raises(InvalidDefinition, match="default"):
        schema.check_default("p", definition)


@pytest.mark.parametrize("definition", [cores(default="x"), cores(default=1.5), cores(default=[])])
def test_a_default_of_another_type_is_told_by_itself(definition):
    with pytest.raises(InvalidDefinition, match="default"):
        schema.check_default_type("p", definition)


@pytest.mark.parametrize(
    "definition", [text(enum=["a"], default="b"), cores(enum=[1], default=2), text(default=4)]
)
def test_a_default_of_the_type_is_taken(definition):
    schema.check_default_type("p", definition)


def test_what_older_releases_took_is_told_as_it_is_meant():
    old = text(type=None, operators=["<or>", "like"], description=None)
    assert schema.told(old) == text(operators=["<or>"])
    schema.check("p", schema.told(old))


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (cores(name="p", default="x"), cores()),
        (cores(default="4", operators=["like"]), cores(default="4", operators=[])),
        (text(type=None, other=1), text()),
        (cores(enum=4, operators=4), cores(enum=4, operators=4)),
        ({"type": "string"}, {"type": "string"}),
    ],
)
def test_what_another_service_kept_is_salvaged(theirs, ours):
    assert schema.salvaged("p", theirs) == ours


@pytest.mark.parametrize(
    ("value", "repeats"),
    [("[1, 1.0]", True), ("1,1.0", True), ("1,2", False), ("[1, true]", False)],
)
def test_equal_numbers_repeat_however_they_are_written(value, repeats):
    definition = {"title": "A", "type": "array", "uniqueItems": True, "items": {"type": "number"}}
    found = schema.validator({**schema.json_schema(definition), "items": {}})
    assert found.is_valid(parse(value, "array", "number")) is not repeats


def test_a_pattern_never_takes_long():
    definition = text(pattern="^(a+)+$")
    schema.check("p", definition)
    began = time.perf_counter()
    assert not patterns.found_in(definition["pattern"], "a" * 50_000 + "b")
    assert patterns.found_in(definition["pattern"], "aaa")
    assert time.perf_counter() - began < 30
