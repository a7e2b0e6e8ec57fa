import re

import pytest

from metadefs.models import Namespace
from tests.metadefs.callers import ANNA
from tests.metadefs.conftest import NAMESPACES, cores, make

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
WHOLE = {
    "namespace": "Acme::Compute",
    "display_name": "Compute",
    "description": "About compute",
    "visibility": "public",
    "protected": False,
    "owner": "somebody",
    "resource_type_associations": [
        {"name": "OS::Glance::Image", "prefix": "hw_"},
        {
            "name": "OS::Nova::Flavor",
            "properties_target": "metadata",
            "mode": "warn",
            "strict": True,
        },
    ],
    "properties": {"cores": cores(default=4)},
    "objects": [
        {"name": "Db", "description": "d", "required": ["ver"], "properties": {"ver": cores()}}
    ],
    "tags": [{"name": "t1"}, {"name": "t2"}],
}


def test_a_namespace_is_made_whole_read_and_deleted(api):
    answer = api("POST", "", WHOLE)
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver{NAMESPACES}/Acme%3A%3ACompute"
    made = answer.json()
    assert made["self"] == "/v2/metadefs/namespaces/Acme%3A%3ACompute"
    assert made["schema"] == "/v2/schemas/metadefs/namespace"
    assert TIME.match(made["created_at"])
    assert TIME.match(made["updated_at"])
    for field in ("namespace", "display_name", "description", "visibility", "protected", "owner"):
        assert made[field] == WHOLE[field]
    image, flavor = made["resource_type_associations"]
    assert image | {"mode": "enforce", "strict": False} == image
    assert "properties_target" not in image
    assert flavor["mode"] == "warn"
    assert flavor["strict"] is True
    assert "prefix" not in flavor
    assert made["properties"] == {"cores": cores(default=4)}
    assert made["objects"][0]["self"] == "/v2/metadefs/namespaces/Acme%3A%3ACompute/objects/Db"
    assert made["tags"] == [{"name": "t1"}, {"name": "t2"}]

    shown = api("GET", "/Acme::Compute").json()
    assert shown["properties"] == made["properties"]
    assert shown["objects"] == made["objects"]
    assert sorted(t["name"] for t in shown["tags"]) == ["t1", "t2"]

    assert api("DELETE", "/Acme::Compute").status_code == 204
    assert api("GET", "/Acme::Compute").status_code == 404
    assert api("DELETE", "/Acme::Compute").status_code == 404


def test_fields_without_a_value_are_left_out(api):
    made = api("POST", "", {"namespace": "N"}).json()
    assert set(made) == {
        "namespace", "visibility", "protected", "owner", "self", "schema", "created_at", "updated_at"
    }  # fmt: skip
    assert (made["visibility"], made["protected"], made["owner"]) == ("private", False, "ops")


def test_keys_are_shown_with_the_prefix_of_a_resource_type(api):
    make(api, **{k: v for k, v in WHOLE.items() if k not in {"namespace", "visibility"}})
    shown = api("GET", "/Acme::Compute?resource_type=OS::Glance::Image").json()
    assert list(shown["properties"]) == ["hw_cores"]
    assert list(shown["objects"][0]["properties"]) == ["hw_ver"]
    assert shown["objects"][0]["required"] == ["hw_ver"]
    for other in ("OS::Nova::Flavor", "Nobody", ""):
        shown = api("GET", f"/Acme::Compute?resource_type={other}").json()
        assert list(shown["properties"]) == ["cores"]


BAD = [
    (None, "needs a JSON body"),
    ([], "object"),
    ({}, "namespace"),
    ({"namespace": ""}, "empty"),
    ({"namespace": "  "}, "empty"),
    ({"namespace": "a/b"}, "slash"),
    ({"namespace": "a\x00"}, "NUL"),
    ({"namespace": "n" * 81}, "long"),
    ({"namespace": 4}, "string"),
    ({"namespace": "N", "display_name": "d" * 81}, "display_name"),
    ({"namespace": "N", "display_name": None}, "display_name"),
    ({"namespace": "N", "description": "d" * 501}, "description"),
    ({"namespace": "N", "owner": "o" * 256}, "owner"),
    ({"namespace": "N", "visibility": "shared"}, "visibility"),
    ({"namespace": "N", "protected": "yes"}, "protected"),
    ({"namespace": "N", "colour": "red"}, "colour"),
    ({"namespace": "N", "properties": []}, "properties"),
    ({"namespace": "N", "properties": {"p": {"type": "string"}}}, "title"),
    ({"namespace": "N", "properties": {"p": cores(enum=["x"])}}, "enum"),
    ({"namespace": "N", "properties": {"": cores()}}, "empty"),
    ({"namespace": "N", "properties": {"p" * 81: cores()}}, "longer"),
    ({"namespace": "N", "properties": {"p": cores(default="x")}}, "default"),
    ({"namespace": "N", "objects": [{"name": "o", "odd": 1}]}, "odd"),
    ({"namespace": "N", "objects": [{"properties": {}}]}, "name"),
    (
        {"namespace": "N", "objects": [{"name": "o", "properties": {"p": cores(minimum="1")}}]},
        "minimum",
    ),
    ({"namespace": "N", "objects": [{"name": "o", "required": ["a", "a"]}]}, "required"),
    ({"namespace": "N", "tags": ["t"]}, "tags"),
    ({"namespace": "N", "properties": {str(i): cores() for i in range(2001)}}, "at most 2000"),
    ({"namespace": "N", "tags": [{"name": "t", "x": 1}]}, "tags"),
    ({"namespace": "N", "resource_type_associations": [{"prefix": "x"}]}, "name"),
    ({"namespace": "N", "resource_type_associations": [{"name": "x", "mode": "maybe"}]}, "mode"),
    (
        {"namespace": "N", "resource_type_associations": [{"name": "x", "prefix": "p" * 81}]},
        "prefix",
    ),
]


@pytest.mark.parametrize(("body", "said"), BAD)
def test_a_body_that_breaks_a_rule_leaves_nothing_behind(api, body, said):
    answer = api("POST", "", body)
    assert answer.status_code == 400, answer.content
    assert said in answer.json()["message"]
    assert not Namespace.objects.exists()


@pytest.mark.parametrize("raw", [b"{", b"\xff", b'"text"', b"[" * 2000, b'{"namespace": 1e999}'])
def test_a_body_that_cannot_be_read_is_refused(api, raw):
    assert api("POST", "", raw=raw).status_code == 400


@pytest.mark.parametrize("repeated", ["tags", "objects", "resource_type_associations"])
def test_a_failure_inside_takes_the_namespace_with_it(api, repeated):
    answer = api("POST", "", {"namespace": "N", repeated: [{"name": "x"}, {"name": "x"}]})
    assert answer.status_code == 409
    assert api("GET", "/N").status_code == 404


@pytest.mark.parametrize("field", ["self", "schema", "created_at", "updated_at"])
def test_generated_fields_cannot_be_written(api, field):
    make(api, "N")
    for method, path in (("POST", ""), ("PUT", "/N")):
        answer = api(method, path, {"namespace": "M", field: "x"})
        assert answer.status_code == 403
        assert answer.json()["error_code"] == "read_only"


def test_a_name_is_taken_for_everybody(api):
    make(api, "N", visibility="private", owner="two")
    assert api("POST", "", {"namespace": "N"}).status_code == 409
    make(api, "M")
    assert api("PUT", "/M", {"namespace": "N"}).status_code == 409
    assert api("PUT", "/M", {"namespace": "M"}).status_code == 200


def test_putting_replaces_the_fields_and_keeps_the_contents(api):
    make(api, "N", **{k: v for k, v in WHOLE.items() if k not in {"namespace", "visibility"}})
    read = api("GET", "/N").json()
    body = {
        k: v for k, v in read.items() if k not in {"self", "schema", "created_at", "updated_at"}
    }
    body |= {"namespace": "M", "properties": {}}
    for dropped in ("display_name", "description", "visibility", "protected", "owner"):
        body.pop(dropped)
    answer = api("PUT", "/N", body)
    assert answer.status_code == 200
    assert answer.json()["self"].endswith("/M")
    assert api("GET", "/N").status_code == 404
    changed = api("GET", "/M").json()
    assert "display_name" not in changed
    assert "description" not in changed
    assert (changed["visibility"], changed["protected"], changed["owner"]) == (
        "private",
        False,
        "ops",
    )
    assert list(changed["properties"]) == ["cores"]
    assert changed["created_at"] == read["created_at"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_some_requests_take_no_body(api, method):
    make(api, "N")
    assert api(method, "/N", {}).status_code == 400
    assert api("GET", "/N").status_code == 200


@pytest.mark.parametrize("path", ["", "/N", "/N/properties", "/N/tags/t"])
def test_other_methods_are_not_allowed(api, path):
    for method in ("PATCH", "HEAD", "OPTIONS"):
        answer = api(method, path)
        assert answer.status_code == 405
        assert "GET" in answer["Allow"]
        assert "HEAD" not in answer["Allow"]


def names(answer):
    assert answer.status_code == 200, answer.content
    return [row["namespace"] for row in answer.json()["namespaces"]]


def test_the_list_is_paged_by_name(api):
    for name in ("a", "b", "c"):
        make(api, name, display_name={"a": "z", "b": "y"}.get(name, "x"), tags=[{"name": "t"}])
    first = api("GET", "?limit=2").json()
    assert [row["namespace"] for row in first["namespaces"]] == ["c", "b"]
    assert first["first"] == "/v2/metadefs/namespaces?limit=2"
    assert first["next"] == "/v2/metadefs/namespaces?limit=2&marker=b"
    assert first["schema"] == "/v2/schemas/metadefs/namespaces"
    assert not {"properties", "objects", "tags"} & set(first["namespaces"][0])
    second = api("GET", "?limit=2&marker=b").json()
    assert [row["namespace"] for row in second["namespaces"]] == ["a"]
    assert "next" not in second
    assert names(api("GET", "?sort_key=namespace&sort_dir=asc")) == ["a", "b", "c"]
    assert names(api("GET", "?sort_key=display_name&sort_dir=asc")) == ["c", "b", "a"]
    assert names(api("GET", "?sort_key=display_name&marker=b")) == ["c"]
    assert names(api("GET", "?limit=0")) == []
    assert names(api("GET", "?limit=" + "9" * 5000)) == ["c", "b", "a"]


@pytest.mark.parametrize(
    "key",
    [
        "id",
        "namespace",
        "display_name",
        "description",
        "visibility",
        "protected",
        "owner",
        "created_at",
        "updated_at",
    ],
)
def test_every_sort_key_pages_without_loss(api, key):
    for number, name in enumerate("dbca"):
        extra = {"display_name": "x"} if number % 2 else {"description": "y", "owner": "o"}
        make(api, name, protected=number == 2, **extra)
    for direction in ("asc", "desc"):
        seen, marker = [], ""
        for _ in range(5):
            page = names(api("GET", f"?limit=1&sort_key={key}&sort_dir={direction}{marker}"))
            seen += page
            marker = f"&marker={page[0]}" if page else marker
        assert sorted(seen) == ["a", "b", "c", "d"]


def test_the_list_is_filtered(api):
    make(api, "a", resource_type_associations=[{"name": "B"}, {"name": "A", "prefix": "a_"}])
    make(api, "b", visibility="private", resource_type_associations=[{"name": "B"}])
    make(api, "c")
    assert names(api("GET", "?visibility=private")) == ["b"]
    assert names(api("GET", "?resource_types=B")) == ["b", "a"]
    assert names(api("GET", "?resource_types=A,C")) == ["a"]
    assert names(api("GET", "?resource_types=C")) == []
    assert names(api("GET", "?resource_types=%00&unknown=x")) == []
    listed = api("GET", "?resource_types=A").json()["namespaces"][0]
    assert [one["name"] for one in listed["resource_type_associations"]] == ["A", "B"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=-1", 400), ("limit=x", 400), ("limit=", 400), ("limit=1.0", 400), ("limit=%C2%B2", 400),
        ("sort_key=colour", 400), ("sort_key=namespace,owner", 400), ("sort_dir=up", 400),
        ("visibility=shared", 400), ("visibility=", 400),
        ("marker=nobody", 404), ("marker=", 404), ("marker=a%00b", 404),
    ],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(api, query, status):
    assert api("GET", f"?{query}").status_code == status


def test_a_list_costs_the_same_however_long(api, django_assert_num_queries):
    for name in ("a", "b", "c", "d"):
        make(api, name, resource_type_associations=[{"name": "A"}])
    with django_assert_num_queries(4):
        assert len(names(api("GET", ""))) == 4


def test_names_that_no_database_holds_are_just_absent(api):
    make(api, "N")
    for path in ("/a%00b", "/N/properties/a%00b", "/N/objects/%00", "/N/tags/%00", "/%FF"):
        assert api("GET", path).status_code == 404
    for path in ("/N/resource_types/%00", "/N/tags/%00"):
        assert api("DELETE", path).status_code == 404
    assert api("POST", "/N/tags/%00").status_code == 400


def test_any_unicode_is_kept(api):
    name = "Ünïcode 🎉 'quoted' <b>"
    made = make(api, name, description="Ω🎉", properties={"🎉/x": cores(title="日本")})
    assert made["namespace"] == name
    shown = api("GET", made["self"].removeprefix("/v2/metadefs/namespaces")).json()
    assert shown["properties"]["🎉/x"]["title"] == "日本"
    assert api("GET", f"/{name}/properties/🎉/x").json()["name"] == "🎉/x"


@pytest.mark.parametrize(
    ("accept", "content_type", "body"),
    [
        ("", "text/plain; charset=UTF-8", "404 Not Found\n\nthere is no namespace '<x>'\n\n"),
        (
            "*/*",
            "text/html; charset=UTF-8",
            (
                "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1>"
                "there is no namespace '&lt;x&gt;'<br /><br /></body></html>"
            ),
        ),
        (
            "image/png",
            "text/plain; charset=UTF-8",
            "404 Not Found\n\nthere is no namespace '<x>'\n\n",
        ),
    ],
)
def test_errors_speak_as_the_client_asks(api, accept, content_type, body):
    answer = api("GET", "/<x>", Accept=accept)
    assert answer["Content-Type"] == content_type
    assert answer.content.decode() == body


def test_errors_in_json_have_our_code_and_facts(api):
    for accept in ("application/json", "text/html, application/json;q=0.5", "application/*"):
        answer = api("GET", "/x", Accept=accept)
        assert answer["Content-Type"] == "application/json"
        assert answer.json() == {
            "message": "there is no namespace 'x'",
            "code": "404 Not Found",
            "title": "Not Found",
            "error_code": "not_found",
            "facts": {"namespace": "x"},
        }


def test_a_token_is_needed(api):
    for path in ("", "/N", "/image/v2/schemas/metadefs/tag"):
        assert api.as_("")("GET", path).status_code == 401
    assert api.as_(ANNA)("GET", "").status_code == 200
