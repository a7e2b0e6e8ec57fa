"""The image as JSON Schema, as it is served and as it is demanded; and the operator's file that adds to it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from artifacts.models import Artifact
from images import checks, schemas
from images.conf import ImagesConfig
from images.schemafile import SchemaFileWrong
from tests.support.images import V2_0, V2_1, callers

pytestmark = pytest.mark.django_db
UUID = "7b97f37c-899d-44e8-aaa0-543edbc4eaad"
Declare = Callable[[Any], Path]


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Lays a schema file for the service."""

    def lay(document: Any) -> Path:
        text = document if isinstance(document, str) else json.dumps(document)
        file = tmp_path / f"schema-{abs(hash(text))}.json"
        file.write_text(text, encoding="utf-8")
        changed = replace(settings.VITRINE[ImagesConfig], schema_image_file=file)
        monkeypatch.setitem(settings.VITRINE, ImagesConfig, changed)
        return file

    return lay


def served(name: str = "image") -> Any:
    (eve,) = callers("eve")
    answer = eve.call("GET", f"/v2/schemas/{name}")
    assert answer.status_code == 200
    return answer.json()


def test_schemas_are_served() -> None:
    (ada,) = callers("ada")
    image, images, member, members = (
        ada.call("GET", f"/v2/schemas/{name}").json()
        for name in ("image", "images", "member", "members")
    )
    assert image["name"] == "image"
    assert image["additionalProperties"] == {"type": "string"}
    assert [one["rel"] for one in image["links"]] == ["self", "enclosure", "describedby"]
    assert "required" not in image
    assert image["properties"]["disk_format"]["enum"][0] is None
    assert image["properties"]["owner"]["type"] == ["null", "string"]
    custom = {name for name, one in image["properties"].items() if one.get("is_base") is False}
    assert custom == {
        *("kernel_id", "ramdisk_id", "instance_uuid", "architecture", "os_distro", "os_version"),
        *("description", "cinder_encryption_key_id", "cinder_encryption_key_deletion_policy"),
    }
    assert set(image["properties"]) - custom == schemas.BASE
    assert images["properties"]["images"]["items"] == image
    assert [one["rel"] for one in images["links"]] == ["first", "next", "describedby"]
    assert member["properties"]["status"]["enum"] == ["pending", "accepted", "rejected"]
    assert members["properties"]["members"]["items"] == member
    assert ada.call("GET", "/v2/schemas/nothing").status_code == 404
    assert ada.call("GET", "/v2/schemas/image", "{}").status_code == 400


def test_what_is_declared_is_demanded() -> None:
    (ada,) = callers("ada")
    ok = ada.create(kernel_id=UUID, cinder_encryption_key_deletion_policy="do_not_delete")["id"]
    for name, value in (
        ("kernel_id", "x"),
        ("ramdisk_id", f"{UUID}\n"),
        ("cinder_encryption_key_deletion_policy", "burn"),
        ("architecture", None),
    ):
        assert ada.call("POST", "/v2/images", {name: value}).status_code == 400, name
        add = {"op": "add", "path": f"/{name}", "value": value}
        assert ada.patch(ok, add).status_code == 400, name
    nothing = ada.patch(ok, {"op": "replace", "path": "/kernel_id", "value": None})
    assert nothing.json()["kernel_id"] is None


@pytest.mark.parametrize("form", ["plain", "extended"])
def test_a_file_declares_other_properties(declare: Declare, form: str) -> None:
    properties = {
        "color": {"type": "string", "enum": ["red", "blue"], "description": "c"},
        "code": {"type": ["null", "string"], "pattern": "^[a-z]{2}$"},
        "free": {},
    }
    declare({"properties": properties} if form == "extended" else properties)
    assert checks.check_image_schema() == []
    found = served()["properties"]
    assert found["color"] == {**properties["color"], "is_base": False}
    assert found["free"] == {"type": "string", "is_base": False}
    assert "kernel_id" not in found, "the file takes the place of what is built in"
    (ada,) = callers("ada")
    ada.create(color="red", code="ab", free="x", kernel_id="anything")
    empty = ada.create(code=None, free="", kernel_id="")
    assert (empty["code"], empty["free"], empty["kernel_id"]) == (None, "", "")
    for wrong in ({"color": "green"}, {"code": "abc"}, {"free": 3}, {"free": None}):
        assert ada.call("POST", "/v2/images", wrong).status_code == 400, wrong


def test_what_is_required_is_asked_of_new_images_alone(declare: Declare) -> None:
    (ada,) = callers("ada")
    older = ada.create(name="older")["id"]
    declare({"properties": {"team": {"type": "string"}}, "required": ["team", "name"]})
    assert served()["required"] == ["team", "name"]
    refused = ada.call("POST", "/v2/images", {"name": "x"})
    assert refused.status_code == 400
    assert "requires team" in refused.json()["message"]
    assert ada.call("POST", "/v2/images", {"team": "a"}).status_code == 400
    newer = ada.create(name="x", team="a")["id"]
    for image_id in (older, newer):
        assert ada.patch(
            image_id, {"op": "replace", "path": "/min_ram", "value": 1}
        ).status_code == (200)
        added = ada.patch(image_id, {"add": "/other", "value": "1"}, content_type=V2_0)
        assert added.status_code == 200
        assert ada.patch(image_id).status_code == 200
        assert ada.call("PUT", f"/v2/images/{image_id}/tags/t").status_code == 204
    assert Artifact.objects.count() == 2


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "holds no JSON object"),
        ({"name": {"type": "string"}}, "property 'name' is a base property"),
        ({"checksum": {"type": ["null", "string"], "maxLength": 33}}, "property 'checksum'"),
        ({"a": {"type": "integer"}}, "has the type 'integer'; values are stored as text"),
        ({"a": {"type": ["string", "boolean"]}}, "has the type ['string', 'boolean']"),
        ({"a": {"type": "text"}}, "property 'a'"),
        ({"a": {"enum": "x"}}, "property 'a'"),
        ({"a": "string"}, "needs an object as its schema"),
        ({"a": {"pattern": "(?=x)"}}, "cannot be used"),
        ({"a": {"anyOf": [{"pattern": "(x"}]}}, "property 'a'"),
        ({"a": {"$ref": "http://127.0.0.1/schema"}}, "refers to another schema"),
        ({"x" * 256: {}}, "a name that no property can have"),
        ({"": {}}, "a name that no property can have"),
        ({"properties": [], "required": []}, "properties must be an object"),
        ({"properties": {"a": {}}, "required": "a"}, "required must be a list of names"),
        ({"properties": {"a": {}}, "required": ["b"]}, "requires 'b'"),
        ({"properties": {"a": {}}, "required": ["checksum"]}, "requires 'checksum'"),
    ],
)
def test_a_bad_file_refuses_the_start_with_one_line(
    declare: Declare, document: Any, said: str
) -> None:
    file = declare(document)
    (found,) = checks.check_image_schema()
    assert found.id == "images.E004"
    assert said in found.msg
    assert str(file) in found.msg
    assert "\n" not in found.msg


def test_a_file_that_is_not_there_refuses_the_start(declare: Declare) -> None:
    declare({}).unlink()
    assert [one.id for one in checks.check_image_schema()] == ["images.E004"]
    with pytest.raises(SchemaFileWrong):
        schemas.image()


def test_a_base_property_may_be_repeated(declare: Declare) -> None:
    base = schemas.base(settings.VITRINE[ImagesConfig])
    repeated = {
        "name": {**base["name"], "is_base": True, "description": "in other words"},
        "min_ram": base["min_ram"],
        "os_hash_algo": {"type": ["string", "null"], "maxLength": 64},
        "team": {"type": "string"},
    }
    declare(repeated)
    assert checks.check_image_schema() == []
    assert served()["properties"]["name"] == base["name"]


def test_a_property_may_be_named_as_the_forms_keys(declare: Declare) -> None:
    declare({"properties": {"type": "string"}, "other": {"type": "string"}})
    assert checks.check_image_schema() == []
    assert served()["properties"]["properties"] == {"type": "string", "is_base": False}


def test_a_refusal_says_the_form(declare: Declare) -> None:
    (ada,) = callers("ada")

    def said(**fields: Any) -> str:
        answer = ada.call("POST", "/v2/images", fields)
        assert answer.status_code == 400
        return str(answer.json()["message"])

    uuid = "is not a UUID such as 7b97f37c-899d-44e8-aaa0-543edbc4eaad"
    assert said(kernel_id="x") == f"invalid value for kernel_id: 'x' {uuid}"
    assert said(id="x" * 5000).endswith(f"… {uuid}")
    assert said(name="x" * 5000).endswith("… is too long")
    declare({"code": {"type": "string", "pattern": "^[a-z]{2}$"}})
    assert said(code="abc") == "invalid value for code: 'abc' is not of the form ^[a-z]{2}$"


@pytest.mark.parametrize("number", ["5.0", "5e0", "0.5e1", "5"])
def test_a_whole_number_is_one_however_it_is_written(number: str) -> None:
    (ada,) = callers("ada")
    made = ada.call("POST", "/v2/images", f'{{"min_ram": {number}, "min_disk": {number}}}')
    assert made.status_code == 201
    image_id = ada.create(name="a")["id"]
    change = f'{{"op": "replace", "path": "/min_disk", "value": {number}}}'
    patched = ada.call("PATCH", f"/v2/images/{image_id}", f"[{change}]", V2_1)
    assert patched.status_code == 200
    for shown in (made, ada.show(made.json()["id"]), patched, ada.show(image_id)):
        assert b'"min_disk":5,' in shown.content


def test_patterns_are_matched_in_linear_time(declare: Declare) -> None:
    declare({"a": {"pattern": "^(a+)+$"}})
    (ada,) = callers("ada")
    value = "a" * 5000 + "!"  # a backtracking matcher would not come back
    assert ada.call("POST", "/v2/images", {"a": value}).status_code == 400
