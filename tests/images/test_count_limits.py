"""How many images, families and artifacts a project may have, where operators set nothing and where they do."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from artifacts import count_limits
from artifacts.conf import ArtifactsConfig
from artifacts.count_limits import Countable
from artifacts.models import Alias, Artifact
from catalog.actors import Actor
from catalog.errors import LimitExceeded
from images.conf import ImagesConfig
from images.models import ProjectLimit, RegisteredLimit
from images.services.limits import set_default, set_for_project
from images.services.metadata import create_image
from tests.identity.factories import SYSTEM
from tests.support.configuring import Configure
from tests.support.images import Caller, callers

pytestmark = pytest.mark.django_db
NAMES = count()
TEMPLATES = "/artifact/artifacts/heat_templates"


def image(caller: Caller) -> Any:
    return caller.call("POST", "/v2/images", {"name": "one"})


def family(caller: Caller) -> Any:
    target = Artifact.objects.filter(type="images").first()
    target_id = target.pk if target else caller.create()["id"]
    body = {"name": f"f{next(NAMES)}", "image_id": target_id}
    return caller.call("POST", "/v2/families", body)


def template(caller: Caller) -> Any:
    return Client().post(
        TEMPLATES,
        {"name": f"t{next(NAMES)}"},
        content_type="application/json",
        headers={"X-Auth-Token": caller.token},
    )


EACH = pytest.mark.parametrize(
    ("make", "section", "field", "resource"),
    [
        (image, ImagesConfig, "count_limit", "image_count_total"),
        (family, ArtifactsConfig, "family_limit", "family_count_total"),
        (template, ArtifactsConfig, "count_limit", "artifact_count_total"),
    ],
)


def number(resource: str) -> int:
    if resource == "family_count_total":
        return Alias.objects.count()
    kind = "images" if resource == "image_count_total" else "heat_templates"
    return Artifact.objects.filter(type=kind).count()


@EACH
def test_the_settings_limit_every_project(
    ada: Caller, configure: Configure, make: Any, section: type, field: str, resource: str
) -> None:
    configure(section, **{field: 2})
    assert [make(ada).status_code for _ in range(3)] == [201, 201, 413]
    refused = make(ada)
    said = f"{resource} is limited to 2 "
    assert said in refused.content.decode(), refused.content
    assert "2 are used already, and 1 more were asked for" in refused.content.decode()
    assert "limit_exceeded" in refused.content.decode()
    assert number(resource) == 2, "nothing is left of what was refused"
    (bob,) = callers("bob")
    assert make is family or make(bob).status_code == 201, "each project has its own"


@EACH
@pytest.mark.parametrize("none", [0, -1])
def test_no_number_is_no_limit(
    ada: Caller,
    configure: Configure,
    make: Any,
    section: type,
    field: str,
    resource: str,
    none: int,
) -> None:
    configure(section, **{field: none})
    assert [make(ada).status_code for _ in range(3)] == [201, 201, 201]


@EACH
def test_what_operators_set_counts_instead(
    ada: Caller, configure: Configure, make: Any, section: type, field: str, resource: str
) -> None:
    configure(section, **{field: 1})
    set_for_project(ada.project.pk, resource, 2, actor=SYSTEM)
    assert [make(ada).status_code for _ in range(3)] == [201, 201, 413]
    set_for_project(ada.project.pk, resource, None, actor=SYSTEM)
    call_command("set_limit", resource, "3")
    assert [make(ada).status_code for _ in range(2)] == [201, 413]
    set_for_project(ada.project.pk, resource, -1, actor=SYSTEM)
    assert [make(ada).status_code for _ in range(2)] == [201, 201]
    set_for_project(ada.project.pk, resource, 0, actor=SYSTEM)
    count_limits.forget()  # or a few seconds later
    assert make(ada).status_code == 413


def test_who_is_over_a_limit_keeps_changes_and_deletes(ada: Caller, configure: Configure) -> None:
    first, second, third = (ada.create()["id"] for _ in range(3))
    configure(ImagesConfig, count_limit=2)
    configure(ArtifactsConfig, restore_grace=3600)
    change = {"op": "add", "path": "/a", "value": "1"}
    assert ada.patch(first, change).status_code == 200
    assert len(ada.ids()) == 3
    for one in (second, third):
        assert image(ada).status_code == 413
        assert ada.call("DELETE", f"/v2/images/{one}").status_code == 204
    assert image(ada).status_code == 201
    restored = ada.call("POST", f"/v2/images/{second}/actions/restore")
    assert restored.status_code == 413, "it held no bytes and did not count"
    assert Artifact.objects.get(pk=second).deleted_at is not None
    assert ada.call("DELETE", f"/v2/images/{first}").status_code == 204
    assert ada.call("POST", f"/v2/images/{second}/actions/restore").status_code in {200, 204}


def test_families_that_are_too_many_move_and_go(ada: Caller, configure: Configure) -> None:
    made = [family(ada).json()["name"] for _ in range(2)]
    configure(ArtifactsConfig, family_limit=1)
    other = ada.create()["id"]
    moved = ada.call("PATCH", f"/v2/families/{made[0]}", {"image_id": other})
    assert moved.status_code == 200
    assert family(ada).status_code == 413
    for one in made:
        assert ada.call("DELETE", f"/v2/families/{one}").status_code == 204
    assert family(ada).status_code == 201


def test_images_that_keystone_limits_are_its_own(
    ada: Caller, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("images.limits.enforcing.require", lambda *_: None)
    configure(ImagesConfig, limits="keystone", count_limit=1)
    RegisteredLimit.objects.create(resource="image_count_total", limit=1)
    set_default("family_count_total", 1, actor=SYSTEM)
    assert [image(ada).status_code for _ in range(2)] == [201, 201]
    assert [family(ada).status_code for _ in range(2)] == [201, 413]


def test_usage_tells_of_the_number_of_images_where_limits_are_local(
    ada: Caller, configure: Configure
) -> None:
    configure(ImagesConfig, count_limit=7)
    ProjectLimit.objects.create(project_id=ada.project.pk, resource="family_count_total", limit=1)
    assert ada.call("GET", "/v2/info/usage").json() == {"usage": {}}
    configure(ImagesConfig, limits="local")
    shown = ada.call("GET", "/v2/info/usage").json()["usage"]
    assert len(shown) == 4
    assert shown["image_count_total"] == {"limit": 7, "usage": 0}


def test_creating_asks_nothing_more_where_there_is_room(configure: Configure) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            create_image({"name": "one"}, actor=actor)
        return len(asked)

    actor = Actor(project_id="p", user_id="u", roles=frozenset({"member"}))
    create_image({"name": "one"}, actor=actor)
    remembered = statements()
    configure(ImagesConfig, count_limit=0)
    create_image({"name": "one"}, actor=actor)
    assert remembered == statements()


@pytest.mark.parametrize("limit", [1, 99, 100, 250, 1_234])
def test_a_process_counts_seldom_and_never_lets_too_many_pass(limit: int) -> None:
    made, counted = 0, []

    def used(project_id: str) -> int:
        counted.append(made)
        return made

    things = Countable("things", "things", lambda: limit, used)
    for _ in range(limit):
        count_limits.require(things, "p")
        made += 1
    for _ in range(2):
        with pytest.raises(LimitExceeded, match=f"limited to {limit} things .* {limit} are used"):
            count_limits.require(things, "p")
    last = range(max(0, limit - 98), limit)
    assert set(last) <= set(counted), "the last ones are counted one by one"
    assert limit < 1_000 or len(counted) < limit / 3


def test_nobodys_things_are_not_counted() -> None:
    things = Countable("things", "things", lambda: 1, lambda _: 5)
    count_limits.require(things, None)


@pytest.mark.django_db(transaction=True)
@EACH
def test_two_at_once_do_not_both_take_the_last_place(
    ada: Caller, configure: Configure, make: Any, section: type, field: str, resource: str
) -> None:
    family(ada)  # with an image that it leads to
    make(ada)
    configure(section, **{field: 4})
    present, together = number(resource), Barrier(4)

    def attempt(_: int) -> int:
        try:
            together.wait(20)
            return int(make(ada).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(attempt, range(4)))
    assert number(resource) == 4
    assert answers.count(201) == 4 - present
    assert set(answers) == {201, 413}
