"""Both dialects of PATCH: every field, verb and value with the answer it gets, and nothing changed by a refusal."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.models import Artifact
from catalog.models import Event
from images import schemas
from tests.support.images import V2_0, V2_1, Caller, administrator, callers

pytestmark = pytest.mark.django_db
CLOUD, SMILE = "☁", "😀"
WRITABLE: dict[str, tuple[Any, ...]] = {
    # field: legal values, other than the image has
    "name": ("n", None, "", "x" * 255, f"{CLOUD}{SMILE}"),
    "visibility": ("private", "community"),
    "protected": (True,),
    "os_hidden": (True,),
    "container_format": ("bare", None),
    "disk_format": ("raw", None),
    "min_ram": (1, 2**31 - 1),
    "min_disk": (1, 2**31 - 1),
    "tags": ([], ["a"], ["b", "a", "b"], ["x" * 255, SMILE]),
}
REFUSED: dict[str, tuple[Any, ...]] = {
    "name": (1, True, [], {}, "x" * 256, "a\x00b"),
    "visibility": ("all", None, 1, "Public"),
    "protected": ("true", 1, None),
    "os_hidden": ("false", 0, None),
    "container_format": ("box", 1, ""),
    "disk_format": ("floppy", 1, "RAW"),
    "min_ram": (-1, 2**31, 2**70, 1e300, -1.0, "1", 1.5, True, None, []),
    "min_disk": (-1, 2**31, "1", 1.5, None),
    "tags": ("a", None, {}, [1], [None], [["a"]], ["x" * 256], {"0": "a"}),
    "owner": (1, [], "x" * 256),
    "free": (1, True, None, [], {}, ["a"], "a\x00b"),
    "kernel_id": ("x", 1),
}
CLOSED = sorted(schemas.READ_ONLY | schemas.RESERVED | {"os_glance_x", "os_glance"})


@pytest.fixture
def image(ada: Caller) -> dict[str, Any]:
    return ada.create(
        name="old", disk_format="qcow2", container_format="ova", tags=["old"], has="it", min_ram=7
    )


def operation(dialect: str, verb: str, path: str, *value: Any) -> dict[str, Any]:
    """One operation in either dialect; without a value when none is given."""
    found = {"op": verb, "path": path} if dialect == V2_1 else {verb: path}
    return found | ({"value": value[0]} if value else {})


def refused(
    ada: Caller, image: dict[str, Any], status: int, *operations: Any, dialect: str = V2_1
) -> None:
    """The whole patch is refused: also what stood before the operation in question."""
    first = operation(dialect, "add", "/before", "1")
    answer = ada.patch(image["id"], first, *operations, content_type=dialect)
    assert answer.status_code == status, (operations, answer.content)
    assert ada.show(image["id"]).json() == image, operations


@pytest.mark.parametrize("dialect", [V2_1, V2_0], ids=["v2.1", "v2.0"])
def test_fields_take_legal_values(ada: Caller, image: dict[str, Any], dialect: str) -> None:
    for name, values in WRITABLE.items():
        for value in values:
            one = operation(dialect, "replace", f"/{name}", value)
            answer = ada.patch(image["id"], one, content_type=dialect)
            assert answer.status_code == 200, (one, answer.content)
            expected = sorted(set(value)) if name == "tags" else value
            assert answer.json()[name] == expected
            assert ada.show(image["id"]).json() == answer.json()
            add = operation(dialect, "add", f"/{name}", value)
            status = ada.patch(image["id"], add, content_type=dialect).status_code
            assert status == (200 if dialect == V2_1 else 409), (name, "add")


@pytest.mark.parametrize("dialect", [V2_1, V2_0], ids=["v2.1", "v2.0"])
@pytest.mark.parametrize("verb", ["add", "replace"])
def test_fields_take_no_other_values(
    ada: Caller, image: dict[str, Any], dialect: str, verb: str
) -> None:
    for name, values in REFUSED.items():
        for value in values:
            refused(ada, image, 400, operation(dialect, verb, f"/{name}", value), dialect=dialect)


@pytest.mark.parametrize("dialect", [V2_1, V2_0], ids=["v2.1", "v2.0"])
def test_what_is_the_services_own_is_403_for_every_verb(
    ada: Caller, image: dict[str, Any], dialect: str
) -> None:
    for name in CLOSED:
        for verb in ("add", "replace", "remove"):
            refused(ada, image, 403, operation(dialect, verb, f"/{name}", "x"), dialect=dialect)
    root = administrator()
    answer = root.patch(image["id"], operation(V2_1, "replace", "/status", "active"))
    assert answer.status_code == 403, "administrators are no exception"


@pytest.mark.parametrize("dialect", [V2_1, V2_0], ids=["v2.1", "v2.0"])
def test_what_is_there_and_what_is_not(ada: Caller, image: dict[str, Any], dialect: str) -> None:
    def ask(status: int, verb: str, path: str, *value: Any) -> Any:
        one = operation(dialect, verb, path, *value)
        if status != 200:
            refused(ada, image, status, one, dialect=dialect)
            return None
        answer = ada.patch(image["id"], one, content_type=dialect)
        assert answer.status_code == 200, (one, answer.content)
        return answer.json()

    for name in (*WRITABLE, "owner"):
        ask(403, "remove", f"/{name}")
    ask(409, "replace", "/lacks", "1")
    ask(409, "remove", "/lacks")
    ask(409, "remove", "/kernel_id")
    ask(200 if dialect == V2_1 else 409, "add", "/has", "more")
    assert ask(200, "replace", "/has", "other")["has"] == "other"
    assert ask(200, "add", "/lacks", "")["lacks"] == ""
    assert "has" not in ask(200, "remove", "/has")
    assert ask(200, "add", "/kernel_id", None)["kernel_id"] is None
    assert ask(200, "add", f"/{SMILE}~1~0", SMILE)[f"{SMILE}/~"] == SMILE
    assert ask(200, "add", f"/{'k' * 255}", "v" * 70_000)["k" * 255] == "v" * 70_000
    image |= ada.show(image["id"]).json()
    del image["has"]
    ask(400, "add", f"/{'k' * 256}", "v")


PATHS = ["", "name", "/", "//", "/name/", "/a//b", "/~", "/a~2", "/~~1", 1, None, [], {}]
DEEP = ["/tags/-", "/tags/0", "/name/x", "/has/x", "/new/x/y"]


@pytest.mark.parametrize("dialect", [V2_1, V2_0], ids=["v2.1", "v2.0"])
def test_paths_name_one_field(ada: Caller, image: dict[str, Any], dialect: str) -> None:
    for path in [*PATHS, *DEEP]:
        for verb in ("add", "replace", "remove"):
            one = {"op": verb, "path": path} if dialect == V2_1 else {verb: path}
            refused(ada, image, 400, {**one, "value": "x"}, dialect=dialect)


SHAPES: list[tuple[str, Any]] = [
    (V2_1, {"path": "/name", "value": "x"}),
    (V2_1, {"op": "replace", "value": "x"}),
    (V2_1, {"op": "replace", "path": "/name"}),
    (V2_1, {"op": "add", "path": "/name"}),
    (V2_1, {"op": "test", "path": "/name", "value": "old"}),
    (V2_1, {"op": "move", "from": "/name", "path": "/x"}),
    (V2_1, {"op": "copy", "from": "/name", "path": "/x"}),
    (V2_1, {"op": "Replace", "path": "/name", "value": "x"}),
    (V2_1, {"op": ["replace"], "path": "/name", "value": "x"}),
    (V2_1, {"replace": "/name", "value": "x"}),
    (V2_0, {"value": "x"}),
    (V2_0, {"replace": "/name"}),
    (V2_0, {"add": "/new", "replace": "/name", "value": "x"}),
    (V2_0, {"test": "/name", "value": "x"}),
    (V2_0, {"op": "replace", "path": "/name", "value": "x"}),
    *((dialect, one) for dialect in (V2_1, V2_0) for one in ("x", 1, None, [], True, {})),
]


@pytest.mark.parametrize(("dialect", "one"), SHAPES)
def test_operations_have_a_shape(
    ada: Caller, image: dict[str, Any], dialect: str, one: Any
) -> None:
    refused(ada, image, 400, one, dialect=dialect)


@pytest.mark.parametrize("dialect", [V2_1, V2_0], ids=["v2.1", "v2.0"])
def test_the_body_is_a_list_of_operations(ada: Caller, image: dict[str, Any], dialect: str) -> None:
    where = f"/v2/images/{image['id']}"
    whole = json.dumps([operation(dialect, "replace", "/name", "x")])
    for body in (" ", "{}", '"x"', "1", "null", "true", "[", whole[:-1], "[" * 5000, b"\xff\xfe"):
        assert ada.call("PATCH", where, body, dialect).status_code == 400, body
    revision = Artifact.objects.get().revision
    assert ada.call("PATCH", where, "[]", dialect).json() == image
    assert Artifact.objects.get().revision == revision
    assert Event.objects.filter(kind="image.update").count() == 0


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        (V2_1, 200),
        (f"{V2_1}; charset=utf-8", 200),
        (V2_1.upper(), 200),
        (V2_0, 400),
        ("application/json", 415),
        ("application/json-patch+json", 415),
        ("application/openstack-images-v2.2-json-patch", 415),
        ("text/plain", 415),
        ("", 415),
    ],
)
def test_media_types(ada: Caller, image: dict[str, Any], media_type: str, status: int) -> None:
    body = [operation(V2_1, "replace", "/name", "new")]
    answer = ada.call("PATCH", f"/v2/images/{image['id']}", body, media_type)
    assert answer.status_code == status
    assert ada.show(image["id"]).json()["name"] == ("new" if status == 200 else "old")
    if status == 415:
        assert {one.strip() for one in answer["Accept-Patch"].split(",")} == {V2_1, V2_0}


def test_operations_follow_each_other(ada: Caller, image: dict[str, Any]) -> None:
    answer = ada.patch(
        image["id"],
        operation(V2_1, "add", "/a", "1"),
        operation(V2_1, "replace", "/a", "2"),
        operation(V2_1, "remove", "/has"),
        operation(V2_1, "add", "/has", "again"),
        operation(V2_1, "add", "/gone", "1"),
        operation(V2_1, "remove", "/gone"),
        operation(V2_1, "replace", "/min_ram", 1),
        operation(V2_1, "replace", "/min_ram", 2),
    )
    assert answer.status_code == 200
    assert answer.json() | {"updated_at": image["updated_at"]} == {
        **image,
        "a": "2",
        "has": "again",
        "min_ram": 2,
    }
    image = answer.json()
    refused(ada, image, 409, {"op": "remove", "path": "/a"}, {"op": "remove", "path": "/a"})
    again = operation(V2_0, "add", "/before", "2")
    refused(ada, image, 409, again, dialect=V2_0)


def test_all_operations_are_read_before_one_is_applied(ada: Caller, image: dict[str, Any]) -> None:
    conflict = operation(V2_1, "replace", "/lacks", "1")
    refused(ada, image, 409, conflict)
    refused(ada, image, 400, conflict, operation(V2_1, "add", "/min_ram", "much"))
    refused(ada, image, 403, conflict, operation(V2_1, "replace", "/status", "active"))
    (eve,) = callers("eve")
    bad = [{"op": "add", "path": "/min_ram", "value": "much"}]
    assert eve.patch(image["id"], *bad).status_code == 404, "what is hidden stays so"


def test_what_is_hidden_is_absent_to_a_good_patch_too(ada: Caller, image: dict[str, Any]) -> None:
    (eve,) = callers("eve")
    good = {"op": "replace", "path": "/name", "value": "new"}
    for visibility, status in (("shared", 404), ("private", 404), ("community", 403)):
        change = {"op": "replace", "path": "/visibility", "value": visibility}
        assert ada.patch(image["id"], change).status_code == 200
        assert eve.patch(image["id"], good).status_code == status, visibility
    assert ada.show(image["id"]).json()["name"] == "old"
    assert eve.patch(image["id"], {"op": "add"}).status_code == 400, "what is shown is judged"
    Artifact.objects.filter(pk=image["id"]).update(type="other")
    assert ada.patch(image["id"], good).status_code == 404, (
        "an artifact of another type is no image"
    )


def test_a_write_reads_nothing_twice(ada: Caller, image: dict[str, Any]) -> None:
    def read(method: str) -> list[str]:
        with CaptureQueriesContext(connection) as asked:
            if method == "POST":
                ada.create(name="new", tags=["b", "a"], free="1")
            else:
                change = {"op": "replace", "path": "/tags", "value": ["b", "a"]}
                assert ada.patch(image["id"], change).json()["tags"] == ["a", "b"]
        found = [
            re.search(r"^[\s(]*SELECT\b.*?\sFROM\s+\W?(\w+)", one["sql"], re.DOTALL)
            for one in asked
        ]
        return [one[1] for one in found if one]

    ada.show(image["id"])
    assert read("POST") == ["metadefs_epoch"]
    assert read("PATCH") == ["artifacts_artifact", "artifacts_tag"]


def test_one_of_many_errors_is_told(ada: Caller, image: dict[str, Any]) -> None:
    many = operation(V2_1, "replace", "/tags", list(range(1000)))
    refused(ada, image, 400, many)
    answer = ada.call("POST", "/v2/images", {f"p{n}": n for n in range(128)})
    assert answer.status_code == 400
    assert len(answer.content) < 2000


def test_formats_are_open_until_there_is_data(ada: Caller, image: dict[str, Any]) -> None:
    changes = [operation(V2_1, "replace", f"/{n}_format", None) for n in ("disk", "container")]
    same = operation(V2_1, "replace", "/disk_format", "qcow2")
    for status in ("saving", "uploading", "active", "deactivated"):
        Artifact.objects.filter(pk=image["id"]).update(status=status)
        image = ada.show(image["id"]).json()
        for change in changes:
            refused(ada, image, 403, change)
        assert ada.patch(image["id"], same).status_code == 200, "it changes nothing"
    for status in ("queued", "importing"):
        Artifact.objects.filter(pk=image["id"]).update(status=status)
        assert ada.patch(image["id"], *changes).status_code == 200
        assert ada.patch(image["id"], same).status_code == 200


@pytest.mark.parametrize("verb", ["add", "replace"])
def test_only_administrators_give_images_away(
    ada: Caller, image: dict[str, Any], verb: str
) -> None:
    for value in ("somebody", None, "", ada.project.pk):
        refused(ada, image, 403, operation(V2_1, verb, "/owner", value))
    root = administrator()
    for value in ("somebody", SMILE, "x" * 255, None):
        answer = root.patch(image["id"], operation(V2_1, verb, "/owner", value))
        assert (answer.status_code, answer.json()["owner"]) == (200, value)


@pytest.fixture
def everything(ada: Caller) -> dict[str, Any]:
    """A document with every field that a client may set."""
    return {
        "id": "7B97F37C-899d-44e8-aaa0-543edbc4eaad",
        "name": f"{CLOUD} {SMILE}",
        "visibility": "private",
        "protected": False,
        "os_hidden": True,
        "owner": ada.project.pk,
        "container_format": "bare",
        "disk_format": "raw",
        "min_ram": 2**31 - 1,
        "min_disk": 2**31 - 1,
        "tags": [SMILE],
        "k" * 255: "",
        SMILE: SMILE,
    }


def test_creating_takes_every_field_that_a_client_may_set(
    ada: Caller, everything: dict[str, Any]
) -> None:
    made = ada.create(**everything)
    assert made == {**made, **everything}
    again = ada.call("POST", "/v2/images", everything)
    assert again.status_code == 409
    assert ada.create()["name"] is None, "and needs none"


@pytest.mark.parametrize("body", ["", "[]", "1", '"x"', "null", "true", "{", '[{"name": "x"}]'])
def test_creating_takes_an_object(ada: Caller, body: str) -> None:
    assert ada.call("POST", "/v2/images", body).status_code == 400
    assert not Artifact.objects.exists()


def test_creating_refuses_what_a_patch_refuses(ada: Caller) -> None:
    for name, values in REFUSED.items():
        for value in values:
            answer = ada.call("POST", "/v2/images", {name: value})
            owner = name == "owner" and isinstance(value, str)
            assert answer.status_code == 400 or (owner and answer.status_code == 403), (name, value)
    for name in (*CLOSED, "locations"):
        if name == "id":
            continue
        for value in ("x", None, []):
            answer = ada.call("POST", "/v2/images", {name: value})
            assert answer.status_code == 403, (name, value)
    assert ada.call("POST", "/v2/images", {"": "x"}).status_code == 400
    assert ada.call("POST", "/v2/images", {"k" * 256: "x"}).status_code == 400
    assert not Artifact.objects.exists()
    assert not Event.objects.filter(kind__startswith="image").exists()
