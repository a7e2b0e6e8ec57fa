"""What projects may have: quotas of the configuration, limits per project, where they come from and what counts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from typing_extensions import override

from artifacts.models import Artifact, Blob, Location
from catalog.actors import Actor
from catalog.clock import now
from catalog.conf import ConfigurationError, parse
from catalog.errors import TooLarge, Unavailable
from catalog.models import Event
from images import checks
from images.conf import ImagesConfig
from images.limits import sources
from images.limits.enforcing import require, require_upload, room
from images.limits.resources import Resource
from images.limits.sources import LimitSource
from images.limits.usage import usage
from images.models import ProjectLimit, RegisteredLimit
from images.services.limits import InvalidLimit, set_default, set_for_project
from images.sizes import MIB
from tests.identity.factories import SYSTEM
from tests.support.identity import make_admin
from tests.support.images import V2_0, administrator, callers

pytestmark = pytest.mark.django_db
Configure = Callable[..., None]
P = "the-project"
ACTOR = Actor(project_id=P, user_id="u")


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Configure:
    def change(**values: Any) -> None:
        changed = replace(settings.VITRINE[ImagesConfig], **values)
        monkeypatch.setitem(settings.VITRINE, ImagesConfig, changed)

    return change


def image(
    size: int | None = None, *, status: str = "active", places: int = 1, **values: Any
) -> Artifact:
    """A row of the project with `size` MiB in `places` places."""
    made = Artifact.objects.create(
        type="images",
        status=status,
        size=None if size is None else size * MIB,
        **{"project_id": P, **values},
    )
    if size is not None:
        blob = Blob.objects.create(artifact=made, slot="image", status="active")
        for number in range(places):
            Location.objects.create(blob=blob, store=f"s{number}", url=f"x:{number}")
    return made


def used() -> tuple[int, ...]:
    """Total MiB, staged MiB, images, images under way."""
    return tuple(usage(P).values())


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], (0, 0, 0, 0)),
        ([{"size": 3}, {"size": 2}], (5, 0, 2, 0)),
        ([{"size": 3, "places": 2}], (6, 0, 1, 0)),
        ([{"size": 3, "hidden": True, "visibility": "public"}], (3, 0, 1, 0)),
        ([{"size": 3, "project_id": "other"}, {"size": 3, "project_id": None}], (0, 0, 0, 0)),
        ([{"size": 3, "status": "deactivated"}], (3, 0, 1, 0)),
        ([{"status": "queued"}, {"status": "saving"}], (0, 0, 2, 1)),
        ([{"size": 4, "places": 0, "status": "uploading"}], (0, 4, 1, 1)),
        ([{"size": 4, "places": 0, "status": "importing"}], (0, 4, 1, 1)),
        ([{"size": 4, "properties": {"os_glance_importing_to_stores": "a"}}], (4, 4, 1, 1)),
        ([{"size": 4, "properties": {"os_glance_importing_to_stores": ""}}], (4, 0, 1, 0)),
        ([{"size": 4, "deleted_at": now(), "status": "deleted"}], (4, 0, 1, 0)),
        ([{"deleted_at": now(), "status": "deleted"}], (0, 0, 0, 0)),
        ([{"deleted_at": now(), "scrubbed_at": now(), "status": "deleted"}], (0, 0, 0, 0)),
    ],
)
def test_what_counts(rows: list[dict[str, Any]], expected: tuple[int, ...]) -> None:
    for row in rows:
        image(**row)
    assert used() == expected


def test_sizes_are_rounded_down() -> None:
    for row in (image(1), image(1)):
        Artifact.objects.filter(pk=row.pk).update(size=MIB - 1)
    assert used()[0] == 1, "the sum is, not each"


@pytest.mark.parametrize("resource", Resource)
def test_usage_is_read_through_an_index(resource: Resource) -> None:
    for number in range(150):
        image(1, project_id=P if number < 3 else f"other-{number}")
    if connection.vendor == "postgresql":  # else it plans for what other tests left behind
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE artifacts_artifact, artifacts_blob, artifacts_location")
    with CaptureQueriesContext(connection) as asked:
        usage(P, (resource,))
    query = asked.captured_queries[0]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        kind = "QUERY PLAN" if connection.vendor == "sqlite" else ""
        cursor.execute(f"EXPLAIN {kind} {query['sql']}")
        plan = str(cursor.fetchall())
    assert "artifact_usage" in plan, plan
    assert "SCAN artifacts_" not in plan, plan
    assert "Seq Scan" not in plan, plan


def test_no_bytes_are_limited_unless_it_is_said(configure: Configure) -> None:
    image(5)
    RegisteredLimit.objects.create(resource="image_size_total", limit=0)
    with CaptureQueriesContext(connection) as asked:
        for resource in Resource:
            require(ACTOR, resource, 10**6)
    assert not asked.captured_queries, "and nothing is asked for it"
    (ada,) = callers("ada")
    assert ada.call("GET", "/v2/info/usage").json() == {"usage": {}}


def test_local_limits_are_a_default_and_exceptions(configure: Configure) -> None:
    configure(limits="local")
    image(3)
    require(ACTOR, Resource.SIZE_TOTAL, 10**6)
    set_default("image_size_total", 5, actor=SYSTEM)
    require(ACTOR, Resource.SIZE_TOTAL, 2)
    with pytest.raises(TooLarge) as refused:
        require(ACTOR, Resource.SIZE_TOTAL, 3)
    assert refused.value.facts == {
        "resource": "image_size_total",
        "limit": 5,
        "usage": 3,
        "delta": 3,
    }
    require(replace(ACTOR, project_id="other"), Resource.SIZE_TOTAL, 5)
    require(replace(ACTOR, project_id=None), Resource.SIZE_TOTAL, 10**6)
    set_for_project(P, "image_size_total", 10, actor=SYSTEM)
    require(ACTOR, Resource.SIZE_TOTAL, 7)
    set_for_project(P, "image_size_total", -1, actor=SYSTEM)
    require(ACTOR, Resource.SIZE_TOTAL, 10**6)
    set_for_project(P, "image_size_total", None, actor=SYSTEM)
    set_default("image_size_total", 2, actor=SYSTEM)
    with pytest.raises(TooLarge):
        require(ACTOR, Resource.SIZE_TOTAL, 0)
    set_default("image_size_total", None, actor=SYSTEM)
    require(ACTOR, Resource.SIZE_TOTAL, 10**6)
    changes = [(e.kind, e.project_id, e.changes["limit"]) for e in Event.objects.order_by("pk")]
    assert changes == [
        ("limit.update", None, [None, 5]),
        ("limit.update", P, [None, 10]),
        ("limit.update", P, [10, -1]),
        ("limit.update", P, [-1, None]),
        ("limit.update", None, [5, 2]),
        ("limit.update", None, [2, None]),
    ]


def test_uploads_need_room_and_a_place_in_the_queue(configure: Configure) -> None:
    configure(limits="local")
    set_default("image_size_total", 5, actor=SYSTEM)
    set_default("image_count_uploading", 1, actor=SYSTEM)
    image(5)
    require_upload(ACTOR, None)
    require_upload(ACTOR, MIB - 1)
    with pytest.raises(TooLarge, match="image_size_total"):
        require_upload(ACTOR, MIB)
    image(status="saving")
    with pytest.raises(TooLarge, match="image_count_uploading"):
        require_upload(ACTOR, None)


def test_a_413_is_json_for_who_names_it(configure: Configure) -> None:
    (ada,) = callers("ada")
    configure(tag_quota=1)
    body = {"tags": ["a", "b"]}
    for accept in ("application/json", "", "*/*, application/json;q=0.5"):
        answer = ada.call("POST", "/v2/images", body, Accept=accept)
        assert (answer.status_code, answer["Content-Type"]) == (413, "application/json")
        assert answer.json()["code"] == "413 Request Entity Too Large"
        assert answer.json()["error_code"] == "too_large"
    for accept in ("*/*", "text/html", "application/json;q=0"):
        answer = ada.call("POST", "/v2/images", body, Accept=accept)
        assert (answer.status_code, answer["Content-Type"]) == (413, "text/plain; charset=UTF-8")
        assert answer.content.startswith(b"413 Request Entity Too Large\n\n")


def test_creating_is_refused_with_413_in_plain_text(configure: Configure) -> None:
    configure(limits="local")
    (ada, bob) = callers("ada", "bob")
    set_default("image_count_total", 1, actor=SYSTEM)
    made = ada.create()
    answer = ada.call("POST", "/v2/images", {"name": "second"}, Accept="*/*")
    assert answer.status_code == 413
    assert answer["Content-Type"].startswith("text/plain")
    assert "image_count_total is limited to 1 images for this project: 1 are used already" in (
        answer.content.decode()
    )
    assert Artifact.objects.count() == 1
    bob.create()
    given = administrator().create(owner=ada.project.pk)
    assert given["owner"] == ada.project.pk, "the caller's project counts"
    for one in (made, given):
        assert ada.call("DELETE", f"/v2/images/{one['id']}").status_code == 204
    ada.create()
    shown = ada.call("GET", "/v2/info/usage").json()["usage"]
    assert shown == {
        "image_size_total": {"limit": -1, "usage": 0},
        "image_stage_total": {"limit": -1, "usage": 0},
        "image_count_total": {"limit": 1, "usage": 1},
        "image_count_uploading": {"limit": -1, "usage": 0},
    }
    assert ada.call("POST", "/v2/info/usage").status_code == 405


class Given(LimitSource):
    """A source of limits as another app provides it."""

    def __init__(self, limits: Mapping[Resource, int] | None) -> None:
        self.limits = limits

    @override
    def limits_for(self, project_id: str) -> Mapping[Resource, int]:
        if self.limits is None:
            raise Unavailable("Keystone does not answer")
        return self.limits


@pytest.fixture
def given(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """The service's limits come from this source."""
    monkeypatch.setattr(sources._factories, "_values", dict(sources._factories))

    def provide(limits: Mapping[Resource, int] | None) -> None:
        sources._factories._values.pop("keystone", None)
        sources.provide("keystone", lambda: Given(limits))
        configure(limits="keystone")

    yield provide
    sources._made.cache_clear()


def test_another_source_may_be_provided(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (ada,) = callers("ada")
    given({Resource.COUNT_TOTAL: 1})
    assert checks.check_limits() == []
    ada.create()
    assert ada.call("POST", "/v2/images", {}).status_code == 413
    with pytest.raises(TooLarge, match="limited to 0 MiB"):
        require(ACTOR, Resource.SIZE_TOTAL, 1)
    given(None)
    assert ada.call("POST", "/v2/images", {}).status_code == 503
    assert ada.call("GET", "/v2/info/usage").status_code == 503


def test_a_source_that_nobody_provides_refuses_the_start(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sources, "_factories", {k: v for k, v in sources._factories.items() if k != "keystone"}
    )
    configure(limits="keystone")
    (found,) = checks.check_limits()
    assert (found.id, "keystone" in found.msg) == ("images.E005", True)


@pytest.mark.parametrize(
    ("resource", "limit"),
    [("image_size", 1), ("image_size_total", -2), ("image_size_total", 1 << 63)],
)
def test_limits_that_make_no_sense_are_refused(resource: str, limit: int) -> None:
    with pytest.raises(InvalidLimit):
        set_default(resource, limit, actor=SYSTEM)
    with pytest.raises(InvalidLimit):
        set_for_project(P, resource, limit, actor=SYSTEM)
    assert not RegisteredLimit.objects.exists()
    assert not ProjectLimit.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.urls("tests.admin.urls")
def test_operators_set_limits_on_the_admin_pages(client: Client) -> None:
    client.force_login(make_admin()[0])
    add = {"resource": "image_count_total", "limit": "7"}
    page = "/admin/images/registeredlimit/"
    assert client.post(f"{page}add/", add).status_code == 302
    assert client.get(page).status_code == 200
    change = client.post(f"{page}image_count_total/change/", {"limit": "8"})
    assert change.status_code == 302
    assert RegisteredLimit.objects.get().limit == 8
    page = "/admin/images/projectlimit/"
    assert client.post(f"{page}add/", {**add, "project_id": P}).status_code == 302
    refused = client.post(f"{page}add/", {**add, "project_id": "other", "limit": "-5"})
    assert b"a limit is a number from 0 up" in refused.content
    row = ProjectLimit.objects.get()
    assert client.post(f"{page}{row.pk}/change/", {"limit": "9"}).status_code == 302
    assert ProjectLimit.objects.get().limit == 9
    assert client.post(f"{page}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not ProjectLimit.objects.exists()
    kinds = [e.changes["limit"] for e in Event.objects.filter(kind="limit.update").order_by("pk")]
    assert kinds == [[None, 7], [7, 8], [None, 7], [7, 9], [9, None]]


def test_operators_set_limits_by_command(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("set_limit", "image_count_total", "7")
    call_command("set_limit", "image_count_total", "-1", "--project", P)
    assert capsys.readouterr().out.splitlines() == [
        "image_count_total: 7",
        f"image_count_total: -1 for {P}",
    ]
    assert RegisteredLimit.objects.get().limit == 7
    assert ProjectLimit.objects.get().limit == -1
    call_command("set_limit", "image_count_total", "default")
    call_command("set_limit", "image_count_total", "default", "--project", P)
    assert not RegisteredLimit.objects.exists()
    assert not ProjectLimit.objects.exists()
    for wrong in ("many", "-2", str(1 << 63)):
        with pytest.raises(CommandError):
            call_command("set_limit", "image_count_total", wrong)
    with pytest.raises(CommandError):
        call_command("set_limit", "image_count", "1")


def test_the_storage_quota_bounds_the_bytes_of_a_project(configure: Configure) -> None:
    assert room(ACTOR) == 1 << 40
    configure(user_storage_quota="5 MB")
    assert room(ACTOR) == 5 * MIB
    image(2)
    assert room(ACTOR) == 3 * MIB
    assert room(ACTOR, 3 * MIB) == 3 * MIB
    assert room(replace(ACTOR, project_id="other")) == 5 * MIB
    with pytest.raises(TooLarge, match="may store 5 MB; 3145728 bytes are left"):
        room(ACTOR, 3 * MIB + 1)
    image(3)
    with pytest.raises(TooLarge):
        room(ACTOR)
    configure(limits="local")
    assert room(ACTOR) == 1 << 40, "other limits are in force then"


def test_an_image_has_a_largest_size(configure: Configure) -> None:
    configure(size_cap=100)
    assert room(ACTOR, 100) == 100
    with pytest.raises(TooLarge):
        room(ACTOR, 101)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("500", 500),
        ("7B", 7),
        ("7 kb", 7 << 10),
        ("7MB", 7 << 20),
        ("7GB", 7 << 30),
        (" 2TB ", 2 << 40),
    ],
)
def test_sizes_have_units(text: str, expected: int) -> None:
    assert parse(ImagesConfig, {"VITRINE_IMAGES_USER_STORAGE_QUOTA": text}, {}).storage_quota == (
        expected
    )


@pytest.mark.parametrize("text", ["7 PB", "-1", "1.5GB", "GB", "", "9" * 30, "٣"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="VITRINE_IMAGES_USER_STORAGE_QUOTA"):
        parse(ImagesConfig, {"VITRINE_IMAGES_USER_STORAGE_QUOTA": text}, {})


def test_quotas_of_the_configuration_are_413(configure: Configure) -> None:
    (ada,) = callers("ada")
    configure(property_quota=2, tag_quota=2, member_quota=1)
    assert ada.call("POST", "/v2/images", {"a": "1", "b": "1", "c": "1"}).status_code == 413
    assert ada.call("POST", "/v2/images", {"tags": ["a", "b", "c"]}).status_code == 413
    made = ada.create(a="1", b="1", tags=["a", "b"])["id"]
    add = {"op": "add", "path": "/c", "value": "1"}
    answer = ada.patch(made, add)
    assert answer.status_code == 413
    assert "at most 2 properties" in answer.json()["message"]
    assert ada.patch(made, {"add": "/c", "value": "1"}, content_type=V2_0).status_code == 413
    assert ada.patch(made, {"op": "remove", "path": "/a"}, add).status_code == 200
    assert ada.call("PUT", f"/v2/images/{made}/tags/c").status_code == 413
    assert ada.call("PUT", f"/v2/images/{made}/tags/a").status_code == 204
    tags = {"op": "replace", "path": "/tags", "value": ["x", "y", "z"]}
    assert ada.patch(made, tags).status_code == 413
    assert ada.patch(made, {**tags, "value": ["x", "y", "x"]}).status_code == 200
    path = f"/v2/images/{made}/members"
    assert ada.call("POST", path, {"member": "p1"}).status_code == 200
    assert ada.call("POST", path, {"member": "p2"}).status_code == 413
    configure(property_quota=-1, tag_quota=-1, member_quota=-1)
    assert ada.patch(made, {**add, "path": "/d"}).status_code == 200
    assert ada.call("PUT", f"/v2/images/{made}/tags/c").status_code == 204
    assert ada.call("POST", path, {"member": "p2"}).status_code == 200


def test_tags_over_a_quota_hinder_no_other_change(configure: Configure) -> None:
    (ada,) = callers("ada")
    made = ada.create(tags=["a", "b", "c"])["id"]
    configure(tag_quota=1)
    assert ada.patch(made, {"op": "replace", "path": "/name", "value": "n"}).status_code == 200
    path = f"/v2/images/{made}/tags"
    answers = [ada.call("PUT", f"{path}/{tag}").status_code for tag in ("a", "d")]
    assert answers == [204, 413], "only a new one is one too many"
    swapped = {"op": "replace", "path": "/tags", "value": ["a", "d"]}
    assert ada.patch(made, swapped).status_code == 413
    fewer = {"op": "replace", "path": "/tags", "value": ["a", "b"]}
    assert ada.patch(made, fewer).status_code == 200
    assert ada.call("DELETE", f"{path}/b").status_code == 204


def test_over_a_quota_less_is_allowed_and_more_is_not(configure: Configure) -> None:
    (ada,) = callers("ada")
    made = ada.create(a="1", b="1", c="1")["id"]
    Artifact.objects.filter(pk=made).update(
        properties={"a": "1", "b": "1", "c": "1", "os_glance_import_task": "t"}
    )
    configure(property_quota=1)
    replaced = {"op": "replace", "path": "/a", "value": "2"}
    assert ada.patch(made, replaced).status_code == 200
    assert ada.patch(made, {"op": "remove", "path": "/a"}).status_code == 200
    assert ada.patch(made, {"op": "add", "path": "/z", "value": ""}).status_code == 413
    assert ada.patch(made, {"op": "remove", "path": "/b"}).status_code == 200
    assert ada.patch(made, {"op": "remove", "path": "/c"}).status_code == 200
    assert ada.patch(made, {"op": "add", "path": "/z", "value": ""}).status_code == 200, (
        "the service's own properties do not count"
    )
