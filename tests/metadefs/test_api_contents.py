"""Properties, objects, tags and associations of a namespace, on the wire."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from metadefs.models import Namespace, Object, Property, Tag
from tests.metadefs.conftest import ROOT, cores, make


@pytest.fixture
def ns(api):
    make(api, "N")
    return api


def prop(name="p", **more):
    return {"name": name, **cores(**more)}


def test_a_property_lives(ns):
    made = ns("POST", "/N/properties", prop(default=4, enum=[4, 5]))
    assert made.status_code == 201
    assert made.json() == prop(default=4, enum=[4, 5])
    assert "Location" not in made
    assert ns("GET", "/N/properties/p").json() == made.json()
    assert ns("GET", "/N/properties").json() == {"properties": {"p": made.json()}}

    changed = ns("PUT", "/N/properties/p", {"name": "q", "title": "Q", "type": "string"})
    assert changed.status_code == 200
    assert changed.json() == {"name": "q", "title": "Q", "type": "string"}
    assert ns("GET", "/N/properties/p").status_code == 404

    assert ns("DELETE", "/N/properties/q").status_code == 204
    assert ns("DELETE", "/N/properties/q").status_code == 404


def test_a_property_refuses(ns):
    ns("POST", "/N/properties", prop())
    ns("POST", "/N/properties", prop("q"))
    assert ns("POST", "/N/properties", prop()).status_code == 409
    assert ns("PUT", "/N/properties/p", prop("q")).status_code == 409
    assert ns("PUT", "/N/properties/nobody", prop("r")).status_code == 404
    for field in ("created_at", "updated_at"):
        assert ns("POST", "/N/properties", {**prop("r"), field: "x"}).status_code == 403
    for bad in ({}, {"name": "r"}, prop("r", self="x"), prop("r", minimum=2, maximum=1), prop("")):
        assert ns("POST", "/N/properties", bad).status_code == 400
        assert ns("PUT", "/N/properties/p", bad).status_code == 400
    assert ns("GET", "/N/properties", {}).status_code == 400
    assert ns("GET", "/N/properties/p").json() == prop()


def test_all_properties_go_at_once(ns):
    ns("POST", "/N/properties", prop())
    ns("POST", "/N/objects", {"name": "o", "properties": {"x": cores()}})
    assert ns("DELETE", "/N/properties").status_code == 204
    assert ns("GET", "/N/properties").json() == {"properties": {}}
    assert len(ns("GET", "/N/objects").json()["objects"]) == 1


def test_a_property_is_found_by_its_key(ns):
    ns("POST", "/N/properties", prop())
    ns("POST", "/N/resource_types", {"name": "T", "prefix": "hw_"})
    ns("POST", "/N/resource_types", {"name": "U"})
    assert ns("GET", "/N/properties/hw_p?resource_type=T").json()["name"] == "p"
    assert ns("GET", "/N/properties/p?resource_type=").json()["name"] == "p"
    for wrong in (
        "p?resource_type=T",
        "p?resource_type=U",
        "p?resource_type=X",
        "hw_p?resource_type=",
    ):
        assert ns("GET", f"/N/properties/{wrong}").status_code == 404


def test_an_object_lives(ns):
    made = ns("POST", "/N/objects", {"name": "o"}).json()
    assert set(made) == {
        "name",
        "required",
        "properties",
        "self",
        "schema",
        "created_at",
        "updated_at",
    }
    assert (made["required"], made["properties"]) == ([], {})
    assert made["schema"] == "/v2/schemas/metadefs/object"
    body = {"name": "p", "description": "d", "required": ["a"], "properties": {"a": cores()}}
    changed = ns("PUT", "/N/objects/o", body).json()
    assert {k: changed[k] for k in body} == body
    listed = ns("GET", "/N/objects?limit=1&marker=x&sort_key=y&sort_dir=asc").json()
    assert listed == {"objects": [changed], "schema": "/v2/schemas/metadefs/objects"}
    assert ns("GET", "/N/objects/o").status_code == 404
    assert ns("DELETE", "/N/objects/p", {}).status_code == 400
    assert ns("DELETE", "/N/objects/p").status_code == 204
    assert ns("DELETE", "/N/objects/p").status_code == 404


LISTS = (
    "",
    "/N/properties",
    "/N/objects",
    "/N/tags",
    "/N/resource_types",
    f"{ROOT}/resource_types",
)


@pytest.mark.parametrize("path", LISTS)
def test_every_list_judges_its_direction(ns, path):
    assert ns("GET", f"{path}?sort_dir=asc").status_code == 200
    for wrong in ("bogus", "", "ASC"):
        answer = ns("GET", f"{path}?sort_dir={wrong}")
        assert (answer.status_code, answer.json()["error_code"]) == (400, "invalid_parameter")
        assert "asc or desc" in answer.json()["message"]


def test_an_empty_resource_type_is_none(ns):
    ns("POST", "/N/properties", prop())
    ns("POST", "/N/resource_types", {"name": "T", "prefix": "hw_"})
    for path in ("/N", "/N/properties/p"):
        assert ns("GET", f"{path}?resource_type=").json() == ns("GET", path).json()
    assert ns("GET", "?resource_types=").json()["namespaces"] == ns("GET", "").json()["namespaces"]


@pytest.mark.parametrize("how", ["one", "whole"])
def test_every_property_in_the_list_tells_its_name(ns, how):
    if how == "one":
        ns("POST", "/N/properties", prop("a/b"))
    else:
        ns("DELETE", "/N")
        make(ns, "N", properties={"a/b": {**cores(), "name": "another"}})
    listed = ns("GET", "/N/properties").json()
    assert listed == {"properties": {"a/b": prop("a/b")}}
    served = ns("GET", "/image/v2/schemas/metadefs/properties").json()
    Draft202012Validator(served).validate(listed)


OLD = {"title": "Old", "type": None, "operators": ["like", "<or>"]}
"""As a release before took it."""


def test_what_a_release_before_took_is_shown_so_that_it_can_be_sent_back(ns):
    row = Namespace.objects.get(namespace="N")
    Property.objects.create(namespace=row, name="p", definition=OLD)
    Object.objects.create(namespace=row, name="o", properties={"q": OLD})
    meant = {"title": "Old", "type": "string", "operators": ["<or>"]}
    whole = ns("GET", "/N").json()
    Draft202012Validator(ns("GET", "/image/v2/schemas/metadefs/namespace").json()).validate(whole)
    assert whole["properties"]["p"] == whole["objects"][0]["properties"]["q"] == meant
    shown = ns("GET", "/N/properties/p").json()
    assert shown == {"name": "p", **meant}
    assert ns("PUT", "/N/properties/p", shown).json() == shown
    assert Property.objects.get().definition == meant


ODD = {"title": "Edition", "type": "string", "enum": ["Express (XE)"], "default": 'Express "Ü"'}


def test_a_default_that_is_not_enumerated_is_taken_and_told(ns):
    """As Images ships one: forms propose it, and nothing is judged by it."""
    body = {"name": "o", "properties": {"q": ODD}}
    answers = [
        ns("POST", "/N/properties", {"name": "p", **ODD}),
        ns("PUT", "/N/properties/p", {"name": "p", **ODD}),
        ns("POST", "/N/objects", body),
        ns("PUT", "/N/objects/o", body),
        ns("POST", "", {"namespace": "M", "properties": {"p": ODD}, "objects": [body]}),
    ]
    for answer in answers:
        assert answer.status_code in {200, 201}, answer.content
        assert answer["Warning"].startswith("299 - \"property '")
        assert r"""default 'Express \"\xdc\"'""" in answer["Warning"]
    assert answers[-1]["Warning"].count("299 - ") == 2
    assert "Warning" not in ns("POST", "/N/properties", prop("fine", default=4))
    for bad in ("x", 1.5):
        assert ns("POST", "/N/properties", prop("bad", default=bad)).status_code == 400


def test_an_object_refuses(ns):
    ns("POST", "/N/objects", {"name": "o"})
    ns("POST", "/N/objects", {"name": "p"})
    assert ns("POST", "/N/objects", {"name": "o"}).status_code == 409
    assert ns("PUT", "/N/objects/o", {"name": "p"}).status_code == 409
    assert ns("PUT", "/N/objects/nobody", {"name": "p"}).status_code == 404
    for field in ("self", "schema", "created_at", "updated_at"):
        assert ns("PUT", "/N/objects/o", {"name": "o", field: "x"}).status_code == 403
    for bad in ({}, {"name": ""}, {"name": "q", "properties": {"a": {}}}, {"name": "q", "x": 1}):
        assert ns("POST", "/N/objects", bad).status_code == 400
        assert ns("PUT", "/N/objects/o", bad).status_code == 400
    for limit in ("0", "-1", "x"):
        assert ns("GET", f"/N/objects?limit={limit}").status_code == 400
    assert ns("DELETE", "/N/objects").status_code == 204
    assert ns("GET", "/N/objects").json()["objects"] == []


def tags(api, query=""):
    answer = api("GET", f"/N/tags{query}")
    assert answer.status_code == 200, answer.content
    return [one["name"] for one in answer.json()["tags"]]


def test_a_tag_lives(ns):
    made = ns("POST", "/N/tags/a")
    assert made.status_code == 201
    assert set(made.json()) == {"name", "created_at", "updated_at"}
    assert ns("GET", "/N/tags/a").json() == made.json()
    assert ns("PUT", "/N/tags/a", {"name": "b"}).json()["name"] == "b"
    assert ns("GET", "/N/tags/a").status_code == 404
    assert ns("DELETE", "/N/tags/b").status_code == 204
    assert ns("DELETE", "/N/tags/b").status_code == 404


def test_a_tag_refuses(ns):
    ns("POST", "/N/tags/a")
    ns("POST", "/N/tags/b")
    assert ns("POST", "/N/tags/a").status_code == 409
    assert ns("POST", "/N/tags/c", {}).status_code == 400
    assert ns("POST", f"/N/tags/{'t' * 81}").status_code == 400
    assert ns("PUT", "/N/tags/a", {"name": "b"}).status_code == 409
    assert ns("PUT", "/N/tags/a", {"name": "c", "created_at": "x"}).status_code == 403
    assert ns("PUT", "/N/tags/nobody", {"name": "c"}).status_code == 404
    for bad in ({}, {"name": "t" * 81}, {"name": "c", "x": 1}, {"name": 1}):
        assert ns("PUT", "/N/tags/a", bad).status_code == 400
    assert sorted(tags(ns)) == ["a", "b"]


def many(*names):
    return {"tags": [{"name": name} for name in names]}


@pytest.mark.parametrize("keep", ["true", "1", "Yes", "on", "T", "y"])
def test_many_tags_replace_or_append(ns, keep):
    assert ns("POST", "/N/tags", many("a", "b")).json() == many("a", "b")
    assert ns("POST", "/N/tags", many("c")).status_code == 201
    assert tags(ns) == ["c"]
    assert ns("POST", "/N/tags", many("d"), X_Openstack_Append=keep).status_code == 201
    assert sorted(tags(ns)) == ["c", "d"]
    assert ns("POST", "/N/tags", many("e"), X_Openstack_Append="no").status_code == 201
    assert tags(ns) == ["e"]
    assert ns("POST", "/N/tags", many()).json() == {"tags": []}
    assert tags(ns) == ["e"]
    assert ns("DELETE", "/N/tags").status_code == 204
    assert tags(ns) == []


def test_many_tags_are_all_or_nothing(ns):
    ns("POST", "/N/tags", many("a"))
    assert ns("POST", "/N/tags", many("b", "b")).status_code == 409
    assert ns("POST", "/N/tags", many("b", "a"), X_Openstack_Append="true").status_code == 409
    for bad in (
        {},
        many(*map(str, range(2001))),
        {"tags": ["b"]},
        {"tags": [{"name": "b", "x": 1}]},
        many("b", ""),
        {"tags": {}},
    ):
        assert ns("POST", "/N/tags", bad).status_code == 400
    assert tags(ns) == ["a"]


def test_tags_are_sorted_and_paged_by_name(ns):
    for name in "bca":
        ns("POST", f"/N/tags/{name}")
    assert tags(ns) == ["a", "c", "b"]
    assert tags(ns, "?sort_key=name&sort_dir=asc") == ["a", "b", "c"]
    assert tags(ns, "?sort_key=name&sort_dir=asc&limit=1&marker=a") == ["b"]
    assert tags(ns, "?limit=0") == []
    assert ns("GET", "/N/tags?marker=x").status_code == 404
    for bad in ("limit=-1", "limit=x", "sort_key=colour", "sort_dir=up"):
        assert ns("GET", f"/N/tags?{bad}").status_code == 400


def test_an_association_lives(ns):
    body = {
        "name": "OS::X",
        "prefix": "x_",
        "properties_target": "image",
        "mode": "warn",
        "strict": True,
    }
    made = ns("POST", "/N/resource_types", body)
    assert made.status_code == 201
    assert {k: made.json()[k] for k in body} == body
    assert ns("GET", "/N/resource_types").json() == {"resource_type_associations": [made.json()]}
    known = ns("GET", f"{ROOT}/resource_types").json()["resource_types"]
    assert [set(one) for one in known] == [{"name", "created_at", "updated_at"}]
    assert ns("DELETE", "/N/resource_types/OS::X").status_code == 204
    assert ns("DELETE", "/N/resource_types/OS::X").status_code == 404
    assert ns("GET", f"{ROOT}/resource_types").json()["resource_types"] == known
    assert ns("GET", "/N/resource_types").json() == {"resource_type_associations": []}


def test_an_association_refuses(ns):
    made = ns("POST", "/N/resource_types", {"name": "X"}).json()
    assert (made["mode"], made["strict"]) == ("enforce", False)
    assert not {"prefix", "properties_target"} & set(made)
    assert ns("POST", "/N/resource_types", {"name": "X"}).status_code == 409
    assert ns("POST", "/N/resource_types", {"name": "Y", "created_at": "x"}).status_code == 403
    for bad in (
        {},
        {"name": ""},
        {"name": "n" * 81},
        {"name": "Y", "prefix": None},
        {"name": "Y", "prefix": "../"},
        {"name": "Y", "prefix": "a\n"},
        {"name": "Y", "mode": "on"},
        {"name": "Y", "strict": 1},
        {"name": "Y", "x": 1},
    ):
        assert ns("POST", "/N/resource_types", bad).status_code == 400
    assert ns("GET", "/N/resource_types", {}).status_code == 400
    assert ns("DELETE", "/N/resource_types/X", {}).status_code == 400
    assert ns("GET", f"{ROOT}/resource_types", {}).status_code == 400
    assert len(ns("GET", "/N/resource_types").json()["resource_type_associations"]) == 1


SCHEMAS = {
    "namespace": ["namespace"], "object": ["name"], "property": ["type", "title", "name"],
    "resource_type": ["name"], "tag": ["name"],
    "namespaces": None, "objects": None, "properties": None, "resource_types": None, "tags": None,
}  # fmt: skip


@pytest.mark.parametrize(("name", "required"), SCHEMAS.items())
def test_schemas_are_served(api, name, required):
    found = api("GET", f"/image/v2/schemas/metadefs/{name}").json()
    assert "definitions" in found
    if required is None:
        assert {"first", "next", "schema"} <= set(found["properties"])
        assert found["links"]
    else:
        assert found["additionalProperties"] is False
        assert found["required"] == required
    assert api("GET", "/image/v2/schemas/metadefs/nothing").status_code == 404


def test_what_is_shown_meets_the_schema_that_is_served(ns):
    from jsonschema import Draft202012Validator

    ns("POST", "/N/properties", prop(required=["x"], operators=["<or>"]))
    ns("POST", "/N/objects", {"name": "o", "properties": {"a": cores()}})
    ns("POST", "/N/tags/t")
    ns("POST", "/N/resource_types", {"name": "X", "prefix": "p"})
    for schema, path in (
        ("namespace", "/N"), ("namespaces", ""), ("property", "/N/properties/p"),
        ("objects", "/N/objects"), ("object", "/N/objects/o"), ("tag", "/N/tags/t"), ("tags", "/N/tags"),
        ("resource_types", "/N/resource_types"),
    ):  # fmt: skip
        judge = Draft202012Validator(ns("GET", f"/image/v2/schemas/metadefs/{schema}").json())
        assert [e.message for e in judge.iter_errors(ns("GET", path).json())] == []


PROTECTED = [
    ("DELETE", ""), ("DELETE", "/properties"), ("DELETE", "/properties/p"), ("DELETE", "/objects"),
    ("DELETE", "/objects/o"), ("DELETE", "/tags"), ("DELETE", "/tags/t"), ("DELETE", "/resource_types/T"),
]  # fmt: skip


def test_a_protected_namespace_forbids_every_deletion_and_no_change(api):
    make(
        api, "N", protected=True, properties={"p": cores()}, objects=[{"name": "o"}],
        tags=[{"name": "t"}], resource_type_associations=[{"name": "T"}],
    )  # fmt: skip
    before = api("GET", "/N").json()
    for method, path in PROTECTED:
        answer = api(method, f"/N{path}")
        assert answer.status_code == 403, path
        assert answer.json()["error_code"] == "protected"
    assert api("GET", "/N").json() == before
    assert api("PUT", "/N/properties/p", prop()).status_code == 200
    assert api("PUT", "/N", {"namespace": "N"}).status_code == 200
    for method, path in PROTECTED[1:]:
        assert api(method, f"/N{path}").status_code in {204, 404}, path
    assert not Tag.objects.exists()
    assert api("DELETE", "/N").status_code == 204


odd = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)
    | st.text(max_size=90),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
definition_keys = st.sampled_from(
    "name title type enum default pattern minimum maximum minLength maxLength items operators"
    " required readonly uniqueItems minItems maxItems confidential description".split()
)


@pytest.mark.parametrize("collection", ["properties", "objects", "tags", "resource_types"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=odd | st.dictionaries(definition_keys, odd, max_size=6))
def test_odd_bodies_are_never_our_fault(ns, collection, body):
    import json

    answer = ns("POST", f"/N/{collection}", raw=json.dumps(body).encode())
    assert answer.status_code in {201, 400, 409}, answer.content


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    extra=st.dictionaries(definition_keys, odd, max_size=5),
    declared=st.sampled_from(["string", "integer", "number", "boolean", "array", "object"]),
)
def test_odd_definitions_are_never_our_fault(ns, extra, declared):
    import json

    body = {"name": "p", "title": "T", **extra, "type": declared}
    answer = ns("PUT" if ns("GET", "/N/properties/p").status_code == 200 else "POST",
                "/N/properties/p" if ns("GET", "/N/properties/p").status_code == 200 else "/N/properties",
                raw=json.dumps(body).encode())  # fmt: skip
    assert answer.status_code in {200, 201, 400}, answer.content
    assert ns("GET", "/N").status_code == 200
