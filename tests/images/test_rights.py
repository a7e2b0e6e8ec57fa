"""Who sees and may do what: roles, ownership, visibility and verb, as one table."""

import pytest

from artifacts.models import Artifact
from tests.support.identity import make_project
from tests.support.images import Caller

pytestmark = pytest.mark.django_db
CALLERS = ("admin", "owner", "owner-reader", "stranger", "stranger-reader", "member", "roleless")
VERBS = ("show", "patch", "delete", "share", "deactivate", "publish", "communitize")

# rows: visibility; columns: caller; cells: answers to the verbs in order
OK, NO, HIDDEN = "y", "n", "-"
TABLE = {
    "private": {
        "admin": "yyynyyy",
        "owner": "yyynyny",
        "owner-reader": "ynnnnnn",
        "stranger": "-------",
        "stranger-reader": "-------",
        "member": "-------",
        "roleless": "-------",
    },
    "shared": {
        "admin": "yyyyyyy",
        "owner": "yyyyyny",
        "owner-reader": "ynnnnnn",
        "stranger": "-------",
        "stranger-reader": "-------",
        "member": "ynnnnnn",
        "roleless": "-------",
    },
    "community": {
        "admin": "yyynyyy",
        "owner": "yyynyny",
        "owner-reader": "ynnnnnn",
        "stranger": "ynnnnnn",
        "stranger-reader": "ynnnnnn",
        "member": "ynnnnnn",
        "roleless": "-------",
    },
    "public": {
        "admin": "yyynyyy",
        "owner": "yyynyyy",
        "owner-reader": "ynnnnnn",
        "stranger": "ynnnnnn",
        "stranger-reader": "ynnnnnn",
        "member": "ynnnnnn",
        "roleless": "-------",
    },
}
LISTED = {
    "private": {"admin", "owner", "owner-reader"},
    "shared": {"admin", "owner", "owner-reader", "member"},
    "community": {"owner", "owner-reader"},
    "public": {"admin", "owner", "owner-reader", "stranger", "stranger-reader", "member"},
}
STATUS = {OK: {200, 204}, NO: {403}, HIDDEN: {404}}


def cast() -> dict[str, Caller]:
    ours, theirs, others = make_project("ours"), make_project("theirs"), make_project("others")
    return {
        "admin": Caller("admin", make_project("administrators"), ("admin",)),
        "owner": Caller("owner", ours),
        "owner-reader": Caller("owner-reader", ours, ("reader",)),
        "stranger": Caller("stranger", theirs),
        "stranger-reader": Caller("stranger-reader", theirs, ("reader",)),
        "member": Caller("member", others),
        "roleless": Caller("roleless", make_project("nothing"), ("service",)),
    }


def image_of(people: dict[str, Caller], visibility: str) -> str:
    image = people["owner"].create(name="it", visibility="shared")
    shared = people["owner"].call(
        "POST", f"/v2/images/{image['id']}/members", {"member": people["member"].project.pk}
    )
    assert shared.status_code == 200
    accepted = people["member"].call(
        "PUT",
        f"/v2/images/{image['id']}/members/{people['member'].project.pk}",
        {"status": "accepted"},
    )
    assert accepted.status_code == 200
    Artifact.objects.filter(pk=image["id"]).update(visibility=visibility, status="active")
    return str(image["id"])


def attempt(caller: Caller, verb: str, image_id: str) -> int:
    path = f"/v2/images/{image_id}"
    change = {"op": "replace", "path": "/visibility"}
    calls = {
        "show": lambda: caller.show(image_id),
        "patch": lambda: caller.patch(image_id, {"op": "add", "path": "/x", "value": "1"}),
        "delete": lambda: caller.call("DELETE", path),
        "share": lambda: caller.call("POST", f"{path}/members", {"member": "somebody"}),
        "deactivate": lambda: caller.call("POST", f"{path}/actions/deactivate"),
        "publish": lambda: caller.patch(image_id, {**change, "value": "public"}),
        "communitize": lambda: caller.patch(image_id, {**change, "value": "community"}),
    }
    return int(calls[verb]().status_code)


@pytest.mark.parametrize("visibility", TABLE)
@pytest.mark.parametrize("caller", CALLERS)
def test_every_cell(visibility: str, caller: str) -> None:
    people = cast()
    for verb, expected in zip(VERBS, TABLE[visibility][caller], strict=True):
        image_id = image_of(people, visibility)
        before = Artifact.objects.filter(pk=image_id).values().get()
        status = attempt(people[caller], verb, image_id)
        assert status in STATUS[expected], f"{caller} {verb} {visibility}: {status}"
        if expected != OK:
            assert Artifact.objects.filter(pk=image_id).values().get() == before
        Artifact.objects.filter(pk=image_id).update(deleted_at="2020-01-01T00:00:00Z")
        people["owner"].call("DELETE", f"/v2/images/{image_id}")
        from artifacts.models import Member

        Member.objects.filter(artifact=image_id).delete()


@pytest.mark.parametrize("visibility", TABLE)
def test_lists_show_what_is_ones_own_shared_or_public(visibility: str) -> None:
    people = cast()
    image_id = image_of(people, visibility)
    found = {
        name for name, caller in people.items() if name != "roleless" and image_id in caller.ids()
    }
    assert found == LISTED[visibility]
    assert people["roleless"].call("GET", "/v2/images").status_code == 403


def test_community_images_are_listed_when_asked_for() -> None:
    people = cast()
    image_id = image_of(people, "community")
    for name in ("admin", "stranger", "owner"):
        for asked in ("community", "all"):
            assert image_id in people[name].ids(f"visibility={asked}"), (name, asked)


def test_membership_counts_in_lists_once_it_is_accepted() -> None:
    people = cast()
    image = people["owner"].create(name="it")
    people["owner"].call(
        "POST", f"/v2/images/{image['id']}/members", {"member": people["member"].project.pk}
    )
    member = people["member"]
    assert member.show(image["id"]).status_code == 200, "pending members can fetch by id"
    assert image["id"] not in member.ids()
    assert member.ids("member_status=pending") == [image["id"]]
    path = f"/v2/images/{image['id']}/members/{member.project.pk}"
    assert people["owner"].call("PUT", path, {"status": "accepted"}).status_code == 403, (
        "only the member answers"
    )
    assert people["stranger"].call("PUT", path, {"status": "accepted"}).status_code == 404
    assert member.call("PUT", path, {"status": "perhaps"}).status_code == 400
    assert member.call("PUT", path, {"status": "rejected"}).status_code == 200
    assert member.ids("member_status=all") == [image["id"]]
    assert member.ids() == []
    assert member.call("DELETE", path).status_code == 403
    assert people["owner"].call("DELETE", path).status_code == 204
    assert member.show(image["id"]).status_code == 404


def test_members_are_listed_to_those_concerned() -> None:
    people = cast()
    image_id = image_of(people, "shared")
    path = f"/v2/images/{image_id}/members"
    people["owner"].call("POST", path, {"member": people["stranger"].project.pk})
    names = {
        n: len(people[n].call("GET", path).json().get("members", []))
        for n in ("owner", "admin", "member", "stranger")
    }
    assert names == {"owner": 2, "admin": 2, "member": 1, "stranger": 1}
    assert (
        people["owner"].call("POST", path, {"member": people["stranger"].project.pk}).status_code
        == 409
    )
    for body in ({}, [], {"member": ""}, {"member": 3}, {"member": "x" * 256}):
        assert people["owner"].call("POST", path, body).status_code == 400
    Artifact.objects.filter(pk=image_id).update(visibility="private")
    assert people["owner"].call("GET", path).status_code == 403
    assert people["owner"].call("GET", f"{path}/{people['member'].project.pk}").status_code == 404


def test_an_administrator_may_create_for_others_and_give_away() -> None:
    people = cast()
    owner, admin = people["owner"], people["admin"]
    image = admin.create(name="gift", owner=owner.project.pk)
    assert owner.show(image["id"]).status_code == 200
    given = admin.patch(
        image["id"], {"op": "replace", "path": "/owner", "value": people["stranger"].project.pk}
    )
    assert given.status_code == 200
    assert owner.show(image["id"]).status_code == 404
    assert people["stranger"].show(image["id"]).status_code == 200
