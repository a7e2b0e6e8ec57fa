import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadefs.drafts import AssociationDraft, NamespaceDraft, ObjectDraft
from metadefs.enforcement import PropertyRejected, check, require
from metadefs.rules import assemble

IMAGE = "OS::Glance::Image"


def draft(name="Acme", *, properties=None, objects=(), prefix="", mode="enforce", strict=False):
    return NamespaceDraft(
        namespace=name,
        properties={"key": properties} if properties and "type" in properties else properties or {},
        objects=tuple(objects),
        associations=(AssociationDraft(name=IMAGE, prefix=prefix, mode=mode, strict=strict),),
    )


def governance(*drafts):
    return assemble(IMAGE, None, 1, drafts)


def of(type_, **more):
    return {"title": "T", "type": type_, **more}


LIST = of("array", items={"type": "string", "enum": ["a", "b"]}, operators=["<or>", "<all-in>"])

# definition, a legal value, an illegal one, the rule it breaks
RULES = [
    (of("integer"), "4", "four", "type"),
    (of("number"), "1.5", "a", "type"),
    (of("boolean"), "True", "1", "type"),
    (of("boolean"), "false", "no", "type"),
    (of("object"), '{"a":1}', "[]", "type"),
    (of("integer", minimum=1), "1", "0", "minimum"),
    (of("integer", maximum=8), "8", "99", "maximum"),
    (of("integer", minimum=1.5), "2", "1", "minimum"),
    (of("number", maximum=1.5), "1.5", "1.51", "maximum"),
    (of("integer", enum=["1", 2]), "1", "3", "enum"),
    (of("string", enum=["a", "b"]), "b", "c", "enum"),
    (of("string", enum=[1, True]), "true", "True", "enum"),
    (of("string", pattern="^[a-z]+$"), "abc", "ABC", "pattern"),
    (of("string", pattern="b"), "abc", "ac", "pattern"),
    (of("string", minLength=2), "ab", "a", "minLength"),
    (of("string", maxLength=2), "äö", "äöü", "maxLength"),
    (LIST, "a,b", "a,c", "items"),
    (LIST, '["a"]', '["c"]', "items"),
    (LIST, "<all-in> a b", "<all-in> a z", "items"),
    (LIST, "<or> a <or> b", "<in> a", "operators"),
    (of("array", minItems=1), "x", "", "minItems"),
    (of("array", maxItems=1), "x", "x,y", "maxItems"),
    (of("array", uniqueItems=True), "x,y", "x,x", "uniqueItems"),
    (of("string", enum=["a"], operators=["<or>"]), "<or> a", "<or> a <or> z", "enum"),
    (of("integer", operators=[">="]), ">= 4", "<= 4", "operators"),
    (of("integer", operators=[">="]), "4", ">= x", "type"),
    (of("string"), "<or> anything", None, None),
    (of(None), "anything", None, None),
    (LIST, "<or> a", "<or>", "operators"),
    (LIST, "<all-in> b", "<all-in>", "operators"),
    (of("array", operators=["<all-in>"]), "<all-in> x", "<all-in> ", "operators"),
    (of("string", operators=["<or>"]), "> 5 apples", "<or> a <or>", "operators"),
    (of("string", operators=["<or>"]), "== x", "<or>", "operators"),
    (of("string", operators=["like"]), "like x", None, None),
    (of("string", maxLength=4, operators=["<or>"]), "= 1", "= 123", "operators"),
    (of("boolean", operators=["<is>"]), "<is> True", "<is> yes", "type"),
    (
        of("integer", operators=["<range-in>"]),
        "<range-in> [ 1 8 )",
        "<range-in> [ 8 1 ]",
        "operators",
    ),
    (
        of("integer", maximum=8, operators=["<range-in>"]),
        "<range-in> ( 1 8 )",
        "<range-in> [ 1 9 ]",
        "maximum",
    ),
    (of("integer"), "1.0", " 4", "type"),
    (of("array", items={"type": "integer"}), "[1.0]", "[1.5]", "items"),
]


@pytest.mark.parametrize(("definition", "good", "bad", "rule"), RULES)
def test_each_rule_passes_and_refuses(definition, good, bad, rule):
    rules = governance(draft(properties=definition, prefix="hw_"))
    assert check({"hw_key": good, "free": "x"}, rules) == []
    if bad is None:
        return
    (found,) = check({"hw_key": bad}, rules)
    assert (found.namespace, found.property, found.rule) == ("Acme", "hw_key", rule)
    assert (found.value, found.mode, found.blocking) == (bad, "enforce", True)
    for said in ("'hw_key'", "'Acme'", repr(bad), rule):
        assert said in found.message


def test_the_message_says_what_is_wrong():
    rules = governance(
        draft("Acme::Compute", properties={"cores": of("integer", maximum=8)}, prefix="hw_")
    )
    with pytest.raises(PropertyRejected) as caught:
        require({"hw_cores": "99"}, rules)
    assert caught.value.message == (
        "property 'hw_cores' of namespace 'Acme::Compute': value '99' breaks maximum 8"
    )
    assert caught.value.code == "property_rejected"
    assert caught.value.facts["violations"][0]["rule"] == "maximum"
    assert caught.value.facts["property"] == "hw_cores"


def test_values_that_are_not_text_are_judged_as_they_are():
    rules = governance(draft(properties=of("integer", maximum=8)))
    assert check({"key": 8}, rules) == []
    assert check({"key": None}, rules) == []
    assert [v.rule for v in check({"key": 9}, rules)] == ["maximum"]
    assert [v.rule for v in check({"key": [1]}, rules)] == ["type"]


A, B = of("string", enum=["a", "both"]), of("string", enum=["b", "both"])
# how A and B govern, the value, who is broken, whether it blocks
SEVERAL = [
    ({}, {}, "a", [], False),
    ({}, {}, "both", [], False),
    ({}, {}, "z", ["A", "B"], True),
    ({"strict": True}, {}, "b", ["A"], True),
    ({"strict": True}, {}, "a", [], False),
    ({"strict": True}, {"strict": True}, "a", ["B"], True),
    ({}, {"mode": "warn"}, "b", [], False),
    ({}, {"mode": "warn"}, "z", ["A", "B"], True),
    ({"mode": "warn"}, {"mode": "warn"}, "z", ["A", "B"], False),
    ({"mode": "warn", "strict": True}, {}, "b", ["A"], False),
    ({"mode": "off"}, {}, "a", ["B"], True),
    ({"mode": "off"}, {"mode": "off"}, "z", [], False),
    ({"mode": "off", "strict": True}, {}, "b", [], False),
]


@pytest.mark.parametrize(("a", "b", "value", "broken", "blocks"), SEVERAL)
def test_several_namespaces_on_one_key(a, b, value, broken, blocks):
    rules = governance(draft("A", properties=A, **a), draft("B", properties=B, **b))
    found = check({"key": value}, rules)
    assert [v.namespace for v in found] == broken
    assert any(v.blocking for v in found) is blocks
    if blocks:
        with pytest.raises(PropertyRejected):
            require({"key": value}, rules)
    else:
        assert require({"key": value}, rules) == found


def test_rules_of_one_namespace_are_alternatives_even_when_strict():
    group = ObjectDraft(name="O", properties={"key": B})
    rules = governance(draft("A", properties=A, objects=[group], strict=True))
    assert check({"key": "a"}, rules) == check({"key": "b"}, rules) == []
    assert [v.namespace for v in check({"key": "z"}, rules)] == ["A"]


def test_the_site_wide_mode_replaces_every_other():
    rules = governance(draft("A", properties=A), draft("B", properties=B, mode="off"))
    assert [v.mode for v in check({"key": "z"}, rules.in_mode("warn"))] == ["warn", "warn"]
    assert check({"key": "z"}, rules.in_mode("off")) == []
    assert all(v.blocking for v in check({"key": "z"}, rules.in_mode("enforce")))


def database(**association):
    group = ObjectDraft(
        name="MySQL",
        required=("version",),
        properties={"version": of("string"), "port": of("integer")},
    )
    return governance(draft(objects=[group], prefix="sw_", **association))


def test_an_object_requires_once_one_of_its_keys_is_set():
    rules = database()
    assert check({}, rules) == check({"free": "x"}, rules) == []
    assert check({"sw_port": "1", "sw_version": "8"}, rules) == []
    (found,) = check({"sw_port": "1"}, rules)
    assert (found.property, found.rule, found.blocking) == ("sw_version", "required", True)
    assert "'MySQL'" in found.message
    assert not check({"sw_port": "1"}, database(mode="warn"))[0].blocking
    assert check({"sw_port": "1"}, database(mode="off")) == []


@pytest.mark.parametrize(
    ("changed", "blocks"),
    [(None, True), ({"sw_port"}, True), ({"sw_version"}, True), ({"free"}, False), (set(), False)],
)
def test_a_requirement_blocks_only_writes_that_touch_the_object(changed, blocks):
    (found,) = check({"sw_port": "1", "free": "x"}, database(), changed=changed)
    assert found.blocking is blocks


def test_an_untouched_value_is_reported_and_does_not_block():
    rules = governance(draft(properties={"a": of("integer"), "b": of("integer")}))
    stored = {"a": "bad", "b": "1"}
    found = require(stored, rules, changed={"b"})
    assert [(v.property, v.blocking) for v in found] == [("a", False)]
    with pytest.raises(PropertyRejected):
        require({**stored, "b": "worse"}, rules, changed={"b"})
    with pytest.raises(PropertyRejected):
        require(stored, rules, changed={"a"})


def test_inherited_values_are_not_held_against_a_snapshot():
    rules = governance(draft(properties=of("integer")))
    assert not require({"key": "bad"}, rules, inherited={"key": "bad"})[0].blocking
    with pytest.raises(PropertyRejected):
        require({"key": "bad"}, rules, inherited={"key": "worse"})
    with pytest.raises(PropertyRejected):
        require({"key": "bad"}, rules, inherited={})
    inherited = {"sw_port": "1"}
    assert not check(inherited, database(), inherited=inherited)[0].blocking


def test_only_associated_namespaces_govern():
    other = NamespaceDraft(namespace="N", properties={"key": of("integer")})
    assert check({"key": "bad"}, governance(other)) == []
    assert (
        check(
            {"key": "bad"}, assemble("OS::Nova::Flavor", None, 1, [draft(properties=of("integer"))])
        )
        == []
    )


EVERYTHING = governance(
    draft(properties={str(i): definition for i, (definition, *_) in enumerate(RULES)})
)


@settings(deadline=None)
@given(st.text(), st.sampled_from(sorted(EVERYTHING.rules)))
def test_no_text_makes_enforcement_fail(value, key):
    for found in check({key: value}, EVERYTHING):
        assert found.property == key
        assert found.message


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(json_values, st.sampled_from(sorted(EVERYTHING.rules)))
def test_no_value_makes_enforcement_fail(value, key):
    assert all(found.property == key for found in check({key: value}, EVERYTHING))
