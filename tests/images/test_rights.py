"""Who sees and may do what: roles, ownership, visibility, membership and verb, as one table."""

import re
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.models import Artifact
from catalog.clock import now
from images.policies import DEFAULTS
from tests.images.rights import OF_MEMBERS, STAGED, VERBS, Verb, cast, image_of, played, sent
from tests.support.images import Caller

pytestmark = pytest.mark.django_db
# The columns are `rights.VERBS`, in order: show list patch tag untag, publicize communitize hide give-away delete,
# upload download download-deactivated deactivate reactivate, add-member list-members show-member show-own,
# accept answer-own remove-member (of the accepted one where it is not the own). y: done; n: 403; -: 404, or not listed.
MATRIX = """
private
    admin              yyyyyyyyyyyyyyynn--nnn
    owner manager      yyyyynyynyyynyynn--nnn
    owner member       yyyyynyynyyynyynn--nnn
    owner reader       yynnnnnnnnnnnnnnn--nnn
    owner service      -n--------------------
    stranger manager   ----------------------
    stranger member    ----------------------
    stranger reader    ----------------------
    stranger service   -n--------------------
    pending member     ----------------------
    accepted member    ----------------------
    rejected member    ----------------------
    accepted manager   ----------------------
    accepted reader    ----------------------
    accepted service   -n--------------------
shared
    admin              yyyyyyyyyyyyyyyyyy-y-y
    owner manager      yyyyynyynyyynyyyyy-n-y
    owner member       yyyyynyynyyynyyyyy-n-y
    owner reader       yynnnnnnnnnnnnnnyy-n-n
    owner service      -n--------------------
    stranger manager   ----------------------
    stranger member    ----------------------
    stranger reader    ----------------------
    stranger service   -n--------------------
    pending member     y-nnnnnnnnnynnnny-y-y-
    accepted member    yynnnnnnnnnynnnnyyyyyn
    rejected member    y-nnnnnnnnnynnnny-y-y-
    accepted manager   yynnnnnnnnnynnnnyyyyyn
    accepted reader    yynnnnnnnnnnnnnnyyynnn
    accepted service   -n--------------------
community
    admin              y-yyyyyyyyyyyyynn--nnn
    owner manager      yyyyynyynyyynyynn--nnn
    owner member       yyyyynyynyyynyynn--nnn
    owner reader       yynnnnnnnnnnnnnnn--nnn
    owner service      -n--------------------
    stranger manager   y-nnnnnnnnnynnnnn--nnn
    stranger member    y-nnnnnnnnnynnnnn--nnn
    stranger reader    y-nnnnnnnnnnnnnnn--nnn
    stranger service   -n--------------------
    pending member     y-nnnnnnnnnynnnnn--nnn
    accepted member    y-nnnnnnnnnynnnnn--nnn
    rejected member    y-nnnnnnnnnynnnnn--nnn
    accepted manager   y-nnnnnnnnnynnnnn--nnn
    accepted reader    y-nnnnnnnnnnnnnnn--nnn
    accepted service   -n--------------------
public
    admin              yyyyyyyyyyyyyyynn--nnn
    owner manager      yyyyyyyynyyynyynn--nnn
    owner member       yyyyyyyynyyynyynn--nnn
    owner reader       yynnnnnnnnnnnnnnn--nnn
    owner service      -n--------------------
    stranger manager   yynnnnnnnnnynnnnn--nnn
    stranger member    yynnnnnnnnnynnnnn--nnn
    stranger reader    yynnnnnnnnnnnnnnn--nnn
    stranger service   -n--------------------
    pending member     yynnnnnnnnnynnnnn--nnn
    accepted member    yynnnnnnnnnynnnnn--nnn
    rejected member    yynnnnnnnnnynnnnn--nnn
    accepted manager   yynnnnnnnnnynnnnn--nnn
    accepted reader    yynnnnnnnnnnnnnnn--nnn
    accepted service   -n--------------------
unowned private
    admin              yyyyyyyyyyyyyyynn--nnn
    owner manager      ----------------------
    owner member       ----------------------
    owner reader       ----------------------
    owner service      -n--------------------
    stranger manager   ----------------------
    stranger member    ----------------------
    stranger reader    ----------------------
    stranger service   -n--------------------
    pending member     ----------------------
    accepted member    ----------------------
    rejected member    ----------------------
    accepted manager   ----------------------
    accepted reader    ----------------------
    accepted service   -n--------------------
unowned shared
    admin              yyyyyyyyyyyyyyyyyy-y-y
    owner manager      ----------------------
    owner member       ----------------------
    owner reader       ----------------------
    owner service      -n--------------------
    stranger manager   ----------------------
    stranger member    ----------------------
    stranger reader    ----------------------
    stranger service   -n--------------------
    pending member     ----------------------
    accepted member    ----------------------
    rejected member    ----------------------
    accepted manager   ----------------------
    accepted reader    ----------------------
    accepted service   -n--------------------
"""
# add_image: own, of another project, of nobody, public, community
CREATING = {
    "admin": "yyyyy",
    "owner manager": "ynnny",
    "owner member": "ynnny",
    "owner reader": "nnnnn",
    "owner service": "nnnnn",
}


def sections() -> dict[str, dict[str, str]]:
    """Visibility → caller → answers."""
    found: dict[str, dict[str, str]] = {}
    for block in re.split(r"\n(?=\w)", MATRIX.strip()):
        visibility, *lines = block.splitlines()
        rows = [line.strip().rsplit(maxsplit=1) for line in lines]
        found[visibility] = {caller.strip(): answers for caller, answers in rows}
    return found


@pytest.mark.parametrize("visibility", sections())
def test_every_cell(visibility: str) -> None:
    people, expected = cast(), sections()[visibility]
    assert expected.keys() == people.keys()
    owner = None if visibility.startswith("unowned") else "ours"
    image_id = image_of(visibility.removeprefix("unowned "), owner=owner)
    for name, person in people.items():
        answers = {verb: played(verb, person, image_id) for verb in VERBS}
        assert answers == dict(zip(VERBS, expected[name], strict=True)), name


def test_who_creates_what() -> None:
    people = cast(*CREATING, "stranger member")
    documents: list[dict[str, Any]] = [
        {},
        {"owner": people["stranger member"].project},
        {"owner": None},
        {"visibility": "public"},
        {"visibility": "community"},
    ]
    for name, expected in CREATING.items():
        caller = people[name].caller
        answers = [caller.call("POST", "/v2/images", one).status_code for one in documents]
        assert answers == [{"y": 201, "n": 403}[one] for one in expected], name
    assert Artifact.objects.count() == "".join(CREATING.values()).count("y")


MEMBER = "role:member and project_id:%(project_id)s"
OVERRIDES = [
    # rule, expression, then verb and caller on a shared image, without and with the override
    ("deactivate", "role:admin", "deactivate", "owner member", "yn"),
    ("publicize_image", MEMBER, "publicize", "owner member", "ny"),
    ("communitize_image", "role:manager", "communitize", "owner member", "yn"),
    ("communitize_image", "role:manager", "communitize", "owner manager", "yy"),
    ("modify_image", "role:reader and project_id:%(project_id)s", "patch", "owner reader", "ny"),
    ("delete_image", "role:manager", "delete", "owner member", "yn"),
    ("upload_image", "role:uploader", "upload", "owner member", "yn"),
    ("download_image", "role:reader", "download", "owner reader", "ny"),
    ("download_image", "'yes':%(shareable)s", "download", "owner member", "yn"),
    ("download_image", "'raw':%(disk_format)s", "download", "stranger member", "--"),
    ("download_image", "'raw':%(disk_format)s", "download", "accepted service", "-y"),
    ("get_images", "role:service", "list", "owner member", "yn"),
    ("add_member", "!", "add member", "owner member", "yn"),
    ("get_members", "role:admin", "list members", "accepted member", "yn"),
    ("get_member", "role:admin", "show own", "accepted member", "y-"),
    ("modify_member", MEMBER, "accept", "owner member", "ny"),
    ("delete_member", "role:member", "remove member", "accepted member", "ny"),
]


@pytest.mark.parametrize(("rule", "expression", "verb", "name", "expected"), OVERRIDES)
def test_overrides_decide(
    rules: Any, rule: str, expression: str, verb: str, name: str, expected: str
) -> None:
    person = cast(name)[name]
    image_id = image_of("shared")
    found = played(verb, person, image_id)
    rules(f'"{rule}": "{expression}"\n')
    assert found + played(verb, person, image_id) == expected


def test_a_property_named_as_an_attribute_does_not_fool_a_rule(rules: Any) -> None:
    owner, stranger = cast("owner member", "stranger member").values()
    image_id = image_of("public")
    Artifact.objects.filter(pk=image_id).update(
        properties={"project_id": stranger.project, "tenant": stranger.project, "member_id": "x"}
    )
    assert played("patch", stranger, image_id) == "n"
    rules('"modify_image": "tenant:%(tenant)s and project_id:%(member_id)s"\n')
    assert played("patch", stranger, image_id) == "n"
    assert played("patch", owner, image_id) == "n", "there is no member to speak of"


def test_every_rule_of_images_is_known() -> None:
    known = {one.name for one in DEFAULTS} | {"context_is_admin"}
    assert known == set(
        "default add_image delete_image modify_image upload_image communitize_image set_image_location"
        " deactivate reactivate add_member delete_member get_image download_image"
        " download_from_store get_images get_image_location publicize_image delete_image_location"
        " copy_image add_image_location fetch_image_location get_member get_members modify_member"
        " stores_info_detail service_api context_is_admin".split()
    )


def people_of() -> dict[str, Caller]:
    """The four that single stories need."""
    names = {"owner": "owner member", "stranger": "stranger member", "member": "accepted member"}
    found = cast("admin", *names.values())
    return {"admin": found["admin"].caller} | {k: found[v].caller for k, v in names.items()}


def test_community_images_are_listed_when_asked_for() -> None:
    people = people_of()
    image_id = people["owner"].create(visibility="community")["id"]
    for name in ("admin", "stranger", "owner"):
        for asked in ("community", "all"):
            assert image_id in people[name].ids(f"visibility={asked}"), (name, asked)


def test_membership_counts_in_lists_once_it_is_accepted() -> None:
    people = people_of()
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
    people = people_of()
    image_id = people["owner"].create()["id"]
    path = f"/v2/images/{image_id}/members"
    for name in ("member", "stranger"):
        people["owner"].call("POST", path, {"member": people[name].project.pk})
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
    people = people_of()
    owner, admin = people["owner"], people["admin"]
    image = admin.create(name="gift", owner=owner.project.pk)
    assert owner.show(image["id"]).status_code == 200
    given = admin.patch(
        image["id"], {"op": "replace", "path": "/owner", "value": people["stranger"].project.pk}
    )
    assert given.status_code == 200
    assert owner.show(image["id"]).status_code == 404
    assert people["stranger"].show(image["id"]).status_code == 200


BY_ID: dict[str, Verb] = {
    "events": sent("GET", "/events"),
    "restore": sent("POST", "/actions/restore"),
    "purge": sent("DELETE", "?purge=true"),
    "locations": sent("GET", "/locations"),
    **{name: verb for name, verb in VERBS.items() if name not in STAGED | OF_MEMBERS | {"list"}},
}


def _statements(ask: Any) -> list[str]:
    """What the database is asked, without values."""
    with CaptureQueriesContext(connection) as captured:
        ask()
    found = [one["sql"] for one in captured.captured_queries]
    return [re.sub(r"'[^']*'", "?", sql) for sql in found if "SAVEPOINT" not in sql]


@pytest.mark.parametrize("deleted", [False, True])
def test_hidden_and_absent_are_the_same_to_the_database_too(deleted: bool) -> None:
    """Or the time that an answer takes would tell them apart."""
    stranger = cast("stranger member")["stranger member"]
    hidden, absent = image_of("private"), str(uuid4())
    if deleted:
        Artifact.objects.filter(pk=hidden).update(deleted_at=now())
    for name, verb in BY_ID.items():
        verb(stranger, absent)
        statements = [_statements(partial(verb, stranger, one)) for one in (hidden, absent)]
        assert statements[0] == statements[1], name
