"""Sharing: who may add, answer, see and remove memberships, and what outlives what."""

from typing import Any
from urllib.parse import quote

import pytest

from artifacts.models import Member
from tests.support.images import Caller, administrator, callers

pytestmark = pytest.mark.django_db
MEMBER = "/v2/schemas/member"


class Shared:
    """An image of ada's that bob's project is a member of; eve has nothing to do with it."""

    def __init__(self, **fields: Any) -> None:
        self.ada, self.bob, self.eve = callers("ada", "bob", "eve")
        self.image = self.ada.create(name="it", **fields)["id"]
        self.path = f"/v2/images/{self.image}/members"
        self.bobs = f"{self.path}/{self.bob.project.pk}"

    def share(self, caller: Caller | None = None, member: Any = None) -> Any:
        return (caller or self.ada).call(
            "POST", self.path, {"member": member or self.bob.project.pk}
        )

    def become(self, visibility: str) -> None:
        operation = {"op": "replace", "path": "/visibility", "value": visibility}
        assert administrator_of(self).patch(self.image, operation).status_code == 200


def administrator_of(shared: Shared) -> Caller:
    if not hasattr(shared, "root"):
        shared.root = administrator()  # type: ignore[attr-defined]
    return shared.root  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def shared() -> Shared:
    return Shared()


def statuses(caller: Caller, *calls: tuple[Any, ...]) -> list[int]:
    return [caller.call(*one).status_code for one in calls]


def test_what_a_member_looks_like(shared: Shared) -> None:
    answer = shared.share()
    assert answer.status_code == 200, "not 201"
    member = answer.json()
    assert set(member) == {
        "member_id", "image_id", "status", "created_at", "updated_at", "schema",
    }  # fmt: skip
    assert (member["member_id"], member["image_id"]) == (shared.bob.project.pk, shared.image)
    assert (member["status"], member["schema"]) == ("pending", MEMBER)
    assert shared.ada.call("GET", shared.bobs).json() == member
    listed = shared.ada.call("GET", shared.path).json()
    assert listed == {"members": [member], "schema": "/v2/schemas/members"}


def test_each_sees_the_rows_that_concern_it(shared: Shared) -> None:
    shared.share()
    shared.share(member="somebody")
    root = administrator_of(shared)
    names = {
        caller: {m["member_id"] for m in caller.call("GET", shared.path).json()["members"]}
        for caller in (shared.ada, shared.bob, root)
    }
    everybody = {shared.bob.project.pk, "somebody"}
    assert names == {shared.ada: everybody, root: everybody, shared.bob: {shared.bob.project.pk}}
    other = f"{shared.path}/somebody"
    assert statuses(shared.ada, ("GET", other)) == statuses(root, ("GET", other)) == [200]
    assert statuses(shared.bob, ("GET", shared.bobs), ("GET", other)) == [200, 404]
    assert statuses(shared.eve, ("GET", shared.path), ("GET", shared.bobs)) == [404, 404]


def test_who_may_answer(shared: Shared) -> None:
    shared.share()
    accept = ("PUT", shared.bobs, {"status": "accepted"})
    assert statuses(shared.ada, accept) == [403], "the owner does not answer for others"
    assert statuses(shared.eve, accept) == [404]
    assert shared.ada.call("GET", shared.bobs).json()["status"] == "pending"
    assert shared.bob.call(*accept).json()["status"] == "accepted"
    assert statuses(administrator_of(shared), ("PUT", shared.bobs, {"status": "rejected"})) == [200]
    assert shared.bob.show(shared.image).status_code == 200, "rejected members can fetch by id"
    bad: list[Any] = [
        {},
        [],
        None,
        "accepted",
        {"status": "maybe"},
        {"status": None},
        {"status": 1},
    ]
    assert statuses(shared.bob, *(("PUT", shared.bobs, body) for body in bad)) == [400] * len(bad)
    assert shared.ada.call("GET", shared.bobs).json()["status"] == "rejected"


def test_who_may_add(shared: Shared) -> None:
    assert shared.share(shared.eve).status_code == 404
    assert shared.share(shared.ada).status_code == 200
    assert shared.share(shared.bob, "somebody").status_code == 403, "members do not share on"
    assert shared.share(shared.ada).status_code == 409
    bad: list[Any] = [{}, [], None, [{"member": "x"}], {"member": ""}, {"member": 1}, {"member": "x" * 256}]  # fmt: skip
    calls = (("POST", shared.path, body) for body in bad)
    assert statuses(shared.ada, *calls) == [400] * len(bad)
    assert shared.share(member="☁😀").status_code == 200, "an id is any text"
    assert Member.objects.filter(artifact=shared.image).count() == 2


def test_who_may_remove(shared: Shared) -> None:
    shared.share()
    remove = ("DELETE", shared.bobs)
    assert statuses(shared.bob, remove) == [403], "a member does not remove itself"
    assert statuses(shared.eve, remove) == [404]
    assert statuses(shared.ada, remove, remove) == [204, 404]
    assert shared.bob.show(shared.image).status_code == 404
    shared.share()
    assert statuses(administrator_of(shared), remove) == [204]


@pytest.mark.parametrize("visibility", ["private", "public", "community"])
def test_only_shared_images_have_members(shared: Shared, visibility: str) -> None:
    shared.share()
    shared.become(visibility)
    assert shared.share(member="another").status_code == 403
    calls: list[tuple[Any, ...]] = [
        ("GET", shared.path),
        ("GET", shared.bobs),
        ("PUT", shared.bobs, {"status": "accepted"}),
        ("DELETE", shared.bobs),
    ]
    assert statuses(shared.ada, *calls) == [403, 404, 403, 403]
    assert Member.objects.filter(artifact=shared.image).count() == 1


def test_members_outlive_a_change_of_visibility(shared: Shared) -> None:
    shared.share()
    shared.bob.call("PUT", shared.bobs, {"status": "accepted"})
    shared.become("private")
    assert (shared.bob.show(shared.image).status_code, shared.bob.ids()) == (404, [])
    shared.become("shared")
    assert shared.bob.ids() == [shared.image]
    assert shared.ada.call("GET", shared.bobs).json()["status"] == "accepted"


def test_a_membership_that_comes_back_is_as_old_as_it_was(shared: Shared) -> None:
    first = shared.share().json()
    shared.bob.call("PUT", shared.bobs, {"status": "accepted"})
    born = Member.objects.get(artifact=shared.image).created_at
    shared.share(member="another")
    shared.ada.call("DELETE", shared.bobs)
    again = shared.share().json()
    assert (again["created_at"], again["status"]) == (first["created_at"], "pending")
    assert (
        Member.objects.get(artifact=shared.image, member_id=shared.bob.project.pk).created_at
        == born
    )
    assert shared.bob.ids() == []


def test_the_quota_of_members(shared: Shared, settings: Any) -> None:
    from dataclasses import replace

    from images.conf import ImagesConfig

    config = replace(settings.VITRINE[ImagesConfig], member_quota=1)
    settings.VITRINE = {**settings.VITRINE, ImagesConfig: config}
    assert [shared.share(member=m).status_code for m in ("a", "b", "a")] == [200, 413, 409]


def test_ids_that_cannot_be_are_absent(shared: Shared) -> None:
    shared.share()
    odd = ["x" * 300, "a%00b", "%F0%9F%98%80"]
    for one in odd:
        assert statuses(shared.ada, ("GET", f"{shared.path}/{one}"), ("DELETE", f"{shared.path}/{one}")) == [404, 404]  # fmt: skip


@pytest.mark.parametrize("member", ["a/b", "ü 😀", "%2F", "x" * 255])
def test_any_text_names_a_member(shared: Shared, member: str) -> None:
    assert shared.share(member=member).json()["member_id"] == member
    address = f"{shared.path}/{quote(member, safe='')}"
    assert shared.ada.call("GET", address).json()["member_id"] == member
    accepted = {"status": "accepted"}
    assert administrator_of(shared).call("PUT", address, accepted).json()["status"] == "accepted"
    assert statuses(shared.ada, ("DELETE", address), ("GET", address)) == [204, 404]


def test_bodies_and_methods(shared: Shared) -> None:
    shared.share()
    assert statuses(shared.ada, ("GET", shared.path, {}), ("DELETE", shared.bobs, {})) == [400, 400]
    wrong = shared.ada.call("PATCH", shared.path)
    assert (wrong.status_code, "POST" in wrong["Allow"]) == (405, True)
    assert statuses(shared.ada, ("GET", f"{shared.path}/"), ("GET", f"{shared.bobs}/")) == [
        200,
        200,
    ]
