"""What is shown can be sent back: whatever GET shows, the schema that is served takes, and so does POST without what is
read-only; and then it is shown again as it was.
"""

import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator

from artifacts.models import Artifact
from tests.support.images import Caller, callers

pytestmark = pytest.mark.django_db
Document = dict[str, Any]
several = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NUMBERS = count()

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
names = (
    st.text("abcXYZ019 _.:-äλ☁", min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda one: one not in {"", ".", ".."})
)
whole = st.one_of(st.integers(0, 2**31 - 1), st.integers(0, 9).map(float))
uuids = st.uuids().map(str).flatmap(lambda one: st.sampled_from([one, one.upper()]))
images = st.fixed_dictionaries(
    {},
    optional={
        "name": st.one_of(st.none(), texts),
        "visibility": st.sampled_from(["private", "shared", "community"]),
        "protected": st.booleans(),
        "os_hidden": st.booleans(),
        "disk_format": st.sampled_from([None, "raw", "qcow2", "iso"]),
        "container_format": st.sampled_from([None, "bare", "ova"]),
        "min_ram": whole,
        "min_disk": whole,
        "tags": st.lists(names, max_size=4),
        "kernel_id": st.one_of(st.none(), uuids),
        "ramdisk_id": st.one_of(st.none(), uuids),
        "architecture": texts,
        "description": texts,
        "cinder_encryption_key_deletion_policy": st.sampled_from(
            ["on_image_deletion", "do_not_delete"]
        ),
    },
)
properties = st.dictionaries(names.map(lambda one: f"x {one}"), texts, max_size=4)


def writable(document: Document, schema: Mapping[str, Any], *others: str) -> Document:
    """What is neither read-only nor one of the others, at any depth that the schema knows."""
    known = schema.get("properties", {})
    return {
        key: _inside(value, known.get(key, {}))
        for key, value in document.items()
        if not known.get(key, {}).get("readOnly") and key not in others
    }


def _inside(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inside(one, schema.get("items", {})) for one in value]
    return writable(value, schema) if isinstance(value, dict) else value


def accepts(schema: Mapping[str, Any], document: Any) -> None:
    """By the newest dialect of JSON Schema and by the one that old clients know."""
    for dialect in (Draft202012Validator, Draft4Validator):
        assert [error.message for error in dialect(schema).iter_errors(document)] == []


def same(one: Document, other: Document, schema: Mapping[str, Any], *but: str) -> None:
    assert writable(one, schema, *but) == writable(other, schema, *but)


# -- images


def schema_of(caller: Caller, name: str) -> Document:
    answer = caller.call("GET", f"/v2/schemas/{name}")
    assert answer.status_code == 200
    return dict(answer.json())


@several
@given(document=images, free=properties, changes=images, more=properties)
def test_images(
    ada: Caller, document: Document, free: Document, changes: Document, more: Document
) -> None:
    schema, page = schema_of(ada, "image"), schema_of(ada, "images")
    made = ada.create(**{**free, **document})
    patch = [
        {"op": "add", "path": "/" + key.replace("~", "~0").replace("/", "~1"), "value": value}
        for key, value in {**more, **changes}.items()
    ]
    assert ada.patch(made["id"], *patch).status_code == 200
    shown = ada.show(made["id"]).json()
    again = ada.create(**writable(shown, schema, "id"))
    same(shown, again, schema, "id")
    accepts(schema, shown)
    accepts(page, ada.call("GET", "/v2/images").json())
    accepts(page, ada.call("GET", "/v2/images?os_hidden=true").json())


def test_what_terraform_does_with_a_kernel(ada: Caller) -> None:
    schema = schema_of(ada, "image")
    made = ada.create(kernel_id=None, ramdisk_id=None, description="")
    assert (made["kernel_id"], made["ramdisk_id"], made["description"]) == (None, None, "")
    for key in ("kernel_id", "ramdisk_id", "description"):
        change = {"op": "replace", "path": f"/{key}", "value": made[key]}
        assert ada.patch(made["id"], change).status_code == 200
    accepts(schema, ada.show(made["id"]).json())


def test_a_taken_over_null_is_shown_as_what_the_schema_takes(ada: Caller) -> None:
    made = ada.create(name="a")
    nothing = {"kernel_id": None, "ramdisk_id": "", "architecture": None, "free": None}
    Artifact.objects.filter(pk=made["id"]).update(properties=nothing)
    shown = ada.show(made["id"]).json()
    assert {name: shown[name] for name in nothing} == {
        "kernel_id": None,
        "ramdisk_id": None,
        "architecture": "",
        "free": "",
    }
    accepts(schema_of(ada, "image"), shown)


@several
@given(member=names, status=st.sampled_from(["accepted", "rejected", "pending"]))
def test_members(root: Caller, member: str, status: str) -> None:
    images_of = [root.create(name=one)["id"] for one in "ab"]
    paths = [f"/v2/images/{one}/members" for one in images_of]
    made = root.call("POST", paths[0], {"member": member}).json()
    answered = root.call("PUT", f"{paths[0]}/{member}", {**made, "status": status})
    assert answered.status_code == 200
    again = root.call("POST", paths[1], answered.json())
    assert (again.status_code, again.json()["member_id"]) == (200, member)
    accepts(schema_of(root, "member"), answered.json())
    accepts(schema_of(root, "members"), root.call("GET", paths[0]).json())


def test_families() -> None:
    """A family's image may be hidden from who reads it: it is null then, and stays what it is."""
    ada, ben = callers("ada", "ben")
    image = ada.create(name="a")["id"]
    made = ada.call("POST", "/v2/families", {"name": "lts", "image_id": image}).json()
    assert made["image_id"] == image
    sent = {key: made[key] for key in ("name", "image_id", "visibility")}
    assert ada.call("PATCH", "/v2/families/lts", sent).json()["image_id"] == image
    ada.call("DELETE", "/v2/families/lts")
    again = ada.call("POST", "/v2/families", sent).json()
    assert {key: again[key] for key in sent} == sent
    ada.call("DELETE", f"/v2/images/{image}")
    shown = ada.call("GET", "/v2/families/lts").json()
    assert shown["image_id"] is None
    kept = ada.call("PATCH", "/v2/families/lts", {key: shown[key] for key in sent})
    assert (kept.status_code, kept.json()["image_id"]) == (200, None)
    assert ben.call("GET", "/v2/families/lts").status_code == 404


# -- metadata definitions

definitions = st.one_of(
    st.fixed_dictionaries(
        {"title": texts, "type": st.just("string")},
        optional={
            "description": texts,
            "enum": st.lists(names, min_size=1, max_size=3, unique=True),
            "pattern": st.sampled_from(["^[a-z]+$", "x"]),
            "maxLength": st.integers(5, 60),
            "minLength": st.sampled_from([0, 1.0]),
            "readonly": st.booleans(),
            "operators": st.just(["<or>"]),
        },
    ),
    st.fixed_dictionaries(
        {"title": texts, "type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": st.sampled_from([0, 1.5, -3]),
            "maximum": st.integers(10, 99),
            "default": st.integers(2, 9),
        },
    ),
    st.fixed_dictionaries(
        {"title": texts, "type": st.just("array")},
        optional={
            "items": st.fixed_dictionaries({"type": st.just("string")}),
            "minItems": st.sampled_from([0, 1.0]),
            "maxItems": st.sampled_from([2, 3.0]),
            "uniqueItems": st.booleans(),
        },
    ),
    st.fixed_dictionaries(
        {"title": texts, "type": st.just("boolean")}, optional={"default": st.booleans()}
    ),
)
kinds = st.dictionaries(names, definitions, max_size=3)
namespaces = st.fixed_dictionaries(
    {},
    optional={
        "display_name": texts.filter(str.strip),
        "description": texts,
        "visibility": st.sampled_from(["public", "private"]),
        "protected": st.booleans(),
        "properties": kinds,
        "tags": st.lists(names, max_size=3, unique_by=str.lower).map(
            lambda found: [{"name": one} for one in found]
        ),
        "objects": st.lists(
            st.fixed_dictionaries(
                {"name": names, "properties": kinds}, optional={"description": texts}
            ),
            max_size=2,
            unique_by=lambda one: one["name"],
        ),
        "resource_type_associations": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["OS::Glance::Image", "OS::Nova::Flavor"])},
                optional={"prefix": names, "properties_target": names},
            ),
            max_size=2,
            unique_by=lambda one: one["name"],
        ),
    },
)
ROOT = "/v2/metadefs/namespaces"


def made_of(caller: Caller, path: str, document: Any, status: int = 201) -> Document:
    answer = caller.call("POST", path, document)
    assert answer.status_code == status, (document, answer.content)
    return dict(answer.json())


@several
@given(document=namespaces)
def test_namespaces(root: Caller, document: Document) -> None:
    number = next(NUMBERS)
    schema = schema_of(root, "metadefs/namespace")
    made_of(root, ROOT, {**document, "namespace": f"one {number}"})
    shown = root.call("GET", f"{ROOT}/one {number}").json()
    accepts(schema, shown)
    sent = writable(shown, schema) | {"namespace": f"two {number}"}
    made_of(root, ROOT, sent)
    again = root.call("GET", f"{ROOT}/two {number}").json()
    assert _unordered(writable(again, schema, "namespace")) == _unordered(
        writable(shown, schema, "namespace")
    )
    changed = root.call("PUT", f"{ROOT}/two {number}", writable(again, schema))
    assert changed.status_code == 200, changed.content
    accepts(schema_of(root, "metadefs/namespaces"), root.call("GET", ROOT).json())


def _unordered(document: Document) -> Document:
    return {
        key: sorted(value, key=json.dumps) if isinstance(value, list) else value
        for key, value in document.items()
    }


@several
@given(name=names, definition=definitions, kind=kinds)
def test_contents_of_namespaces(
    root: Caller, name: str, definition: Document, kind: Document
) -> None:
    number = next(NUMBERS)
    bases = [f"{ROOT}/{one}{number}" for one in ("a", "b")]
    for one in ("a", "b"):
        made_of(root, ROOT, {"namespace": f"{one}{number}"})
    for noun, document in (
        ("property", {"name": name, **definition}),
        ("object", {"name": name, "properties": kind}),
        ("resource_type", {"name": "OS::Glance::Image", "prefix": "p:"}),
    ):
        nouns = {"property": "properties"}.get(noun, f"{noun}s")
        schema = schema_of(root, f"metadefs/{noun}")
        shown = made_of(root, f"{bases[0]}/{nouns}", document)
        accepts(schema, shown)
        again = made_of(root, f"{bases[1]}/{nouns}", writable(shown, schema))
        same(shown, again, schema)
        listed = root.call("GET", f"{bases[0]}/{nouns}").json()
        accepts(schema_of(root, f"metadefs/{nouns}"), listed)
    tag = made_of(root, f"{bases[0]}/tags/{name}", None)
    accepts(schema_of(root, "metadefs/tag"), tag)
    listed = root.call("GET", f"{bases[0]}/tags").json()
    accepts(schema_of(root, "metadefs/tags"), listed)
    made_of(root, f"{bases[1]}/tags", listed)
    assert root.call("GET", f"{bases[1]}/tags").json() == listed


# -- artifacts

templates = st.fixed_dictionaries(
    {"name": texts.filter(bool)},
    optional={
        "description": texts,
        "tags": st.lists(names.filter(lambda one: not set(one) & set(",/")), max_size=3),
        "metadata": st.dictionaries(names, texts.filter(bool), max_size=3),
    },
)


@several
@given(document=templates)
def test_artifacts(ada: Caller, document: Document) -> None:
    ask = _asking(ada.token)
    schema = ask("GET", "/artifact/schemas/heat_templates").json()["schemas"]["heat_templates"]
    path = "/artifact/artifacts/heat_templates"
    made = ask("POST", path, {**document, "version": f"{next(NUMBERS)}.0.0"})
    assert made.status_code == 201, made.content
    shown = ask("GET", f"{path}/{made.json()['id']}").json()
    accepts(schema, shown)
    sent = {**writable(shown, schema), "version": f"{next(NUMBERS)}.0.0"}
    again = ask("POST", path, sent)
    assert again.status_code == 201, again.content
    same(shown, again.json(), schema, "version")


def _asking(token: str) -> Callable[..., Any]:
    def call(method: str, path: str, document: Any = None) -> Any:
        data = b"" if document is None else json.dumps(document)
        headers = {"X-Auth-Token": token}
        return Client().generic(method, path, data, "application/json", headers=headers)

    return call


# -- identity

NOUNS = {
    "users": {"name": "one", "email": "a@b.example", "description": "d", "phone": "1"},
    "projects": {"name": "one", "description": "d", "tags": ["a", "b"], "cost": 1.5},
    "roles": {"name": "one", "description": "d"},
    "domains": {"name": "one", "description": "d"},
    "regions": {"id": "one", "description": "d"},
    "services": {"type": "one", "name": "n", "description": "d"},
}
KEYS = {"regions": "id", "services": "type"}


@pytest.mark.parametrize("nouns", NOUNS)
@pytest.mark.parametrize("full", [True, False])
def test_identity(root: Caller, nouns: str, full: bool) -> None:
    """Without `id` and `links`, which its answers alone have."""
    ask = _asking(root.token)
    noun, key, path = nouns.removesuffix("s"), KEYS.get(nouns, "name"), f"/identity/v3/{nouns}"
    given = NOUNS[nouns] if full else {key: "one"}
    made = ask("POST", path, {noun: given})
    assert made.status_code == 201, made.content
    shown = ask("GET", f"{path}/{made.json()[noun]['id']}").json()[noun]
    sent = {k: v for k, v in shown.items() if k not in {"id", "links"}} | {key: "two"}
    again = ask("POST", path, {noun: sent})
    assert again.status_code == 201, again.content
    kept = {"id", "links", key}
    found = ask("GET", f"{path}/{again.json()[noun]['id']}").json()[noun]
    assert {k: v for k, v in found.items() if k not in kept} == {
        k: v for k, v in shown.items() if k not in kept
    }
    changed = ask("PATCH", f"{path}/{found['id']}", {noun: {**found, "description": "other"}})
    assert changed.status_code == 200, changed.content


def test_application_credentials(ada: Caller) -> None:
    """The secret is told once, and is not shown again."""
    ask, path = _asking(ada.token), f"/identity/v3/users/{ada.user.pk}/application_credentials"
    noun = "application_credential"
    given = {"name": "one", "roles": [{"name": "member"}], "expires_at": "2199-01-01T00:00:00"}
    made = ask("POST", path, {noun: given}).json()[noun]
    shown = ask("GET", f"{path}/{made['id']}").json()[noun]
    again = ask("POST", path, {noun: {**shown, "name": "two"}})
    assert again.status_code == 201, again.content
    kept = {"id", "links", "name", "secret"}
    found = again.json()[noun]
    assert {k: v for k, v in found.items() if k not in kept} == {
        k: v for k, v in shown.items() if k not in kept
    }


def test_endpoints(root: Caller) -> None:
    ask, path = _asking(root.token), "/identity/v3/endpoints"
    service = ask("POST", "/identity/v3/services", {"service": {"type": "s"}}).json()["service"]
    given = {"service_id": service["id"], "interface": "public", "url": "http://a.example/v1"}
    made = ask("POST", path, {"endpoint": given}).json()["endpoint"]
    shown = ask("GET", f"{path}/{made['id']}").json()["endpoint"]
    again = ask("POST", path, {"endpoint": {**shown, "interface": "admin"}})
    assert again.status_code == 201, again.content
    changed = ask("PATCH", f"{path}/{made['id']}", {"endpoint": {**shown, "enabled": False}})
    assert changed.status_code == 200, changed.content
