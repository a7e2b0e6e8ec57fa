"""Getting tokens, looking at them, ending them: the wire contract of `/v3/auth`."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Event
from identity.models import Token
from identity.services.assignments import assign, unassign
from identity.services.domains import update_domain
from identity.services.offering import create_endpoint, create_service
from identity.services.projects import delete_project, update_project
from identity.services.roles import delete_role, imply, no_longer_imply
from identity.services.users import delete_user, set_password, update_user
from tests.identity.api import Api, by_password, by_token
from tests.identity.factories import PASSWORD, SYSTEM
from tests.support.identity import make_admin, make_project, make_user, role, token_for

pytestmark = pytest.mark.django_db


def is_valid(token: str) -> bool:
    return Api(token).get("/auth/projects").status_code == 200


def test_a_password_gives_a_token_for_the_default_project(ada, ours) -> None:
    answer = Api().sign_in("ada")
    assert answer.status_code == 201
    token = answer["X-Subject-Token"]
    assert token.startswith("vt-")
    assert answer["Cache-Control"] == "no-store"
    told = answer.json()["token"]
    domain = {"id": "default", "name": "Default"}
    assert told["user"] == {
        "id": ada.pk,
        "name": "ada",
        "domain": domain,
        "password_expires_at": None,
    }
    assert told["project"] == {"id": ours.pk, "name": "ours", "domain": domain}
    assert told["methods"] == ["password"]
    assert told["is_domain"] is False
    assert [r["name"] for r in told["roles"]] == ["member", "reader"]
    assert len(told["audit_ids"]) == 1
    issued, expires = (datetime.fromisoformat(told[k]) for k in ("issued_at", "expires_at"))
    assert expires - issued == timedelta(hours=1)
    assert told["expires_at"].endswith("Z")
    catalog = {entry["type"]: entry for entry in told["catalog"]}
    assert set(catalog) >= {"identity", "image", "artifact", "search"}
    images = {e["interface"]: e["url"] for e in catalog["image"]["endpoints"]}
    assert images == dict.fromkeys(("public", "internal", "admin"), "http://testserver/image")
    assert {e["region_id"] for e in catalog["image"]["endpoints"]} == {"RegionOne"}
    assert "catalog" not in Api().post("/auth/tokens?nocatalog", by_password("ada")).json()["token"]


def test_the_token_itself_is_not_in_the_database(ada) -> None:
    token = Api().sign_in("ada")["X-Subject-Token"]
    row = Token.objects.get()
    assert token not in str(Token.objects.values().get())
    assert len(row.digest) == 64
    assert row.digest not in token


@pytest.mark.parametrize(
    "user",
    [
        lambda u: {"id": u.pk},
        lambda _u: {"name": "ada", "domain": {"id": "default"}},
        lambda _u: {"name": "ada", "domain": {"name": "Default"}},
    ],
)
def test_a_user_may_be_named_in_three_ways(ada, user) -> None:
    body = by_password("ada")
    body["auth"]["identity"]["password"]["user"] = {**user(ada), "password": PASSWORD}
    assert Api().post("/auth/tokens", body).status_code == 201
    body["auth"]["identity"]["password"]["user"]["password"] = "wrong"
    assert Api().post("/auth/tokens", body).status_code == 401


@pytest.mark.parametrize(
    "scope",
    [
        lambda p: {"project": {"id": p.pk}},
        lambda p: {"project": {"name": p.name, "domain": {"id": "default"}}},
        lambda p: {"project": {"name": p.name, "domain": {"name": "Default"}}},
    ],
)
def test_a_project_may_be_named_in_three_ways(ada, scope) -> None:
    second, theirs = make_project("second"), make_project("theirs")
    assign(ada.pk, role("reader").pk, project_id=second.pk, actor=SYSTEM)
    told = Api().sign_in("ada", scope=scope(second)).json()["token"]
    assert (told["project"]["id"], [r["name"] for r in told["roles"]]) == (second.pk, ["reader"])
    assert Api().sign_in("ada", scope=scope(theirs)).status_code == 401


def test_without_a_role_on_the_default_project_the_token_is_unscoped(ours) -> None:
    make_user("bob", ours, [])
    told = Api().sign_in("bob").json()["token"]
    assert not told.keys() & {"project", "roles", "catalog", "domain", "system"}


@pytest.mark.parametrize("scope", ["unscoped", {"unscoped": {}}])
def test_an_unscoped_token_tells_where_one_may_go(ada, ours, scope) -> None:
    make_project("theirs")
    answer = Api().sign_in("ada", scope=scope)
    assert "project" not in answer.json()["token"]
    api = Api(answer["X-Subject-Token"])
    assert [p["id"] for p in api.get("/auth/projects").json()["projects"]] == [ours.pk]
    assert api.get("/auth/domains").json()["domains"] == []
    assert api.get("/auth/system").json()["system"] == []
    assert api.get("/auth/catalog").status_code == 403


def test_domain_and_system_scopes(ada) -> None:
    for scope in ({"domain": {"name": "Default"}}, {"domain": {"id": "default"}}):
        assert Api().sign_in("ada", scope=scope).status_code == 401
    assert Api().sign_in("ada", scope={"system": {"all": True}}).status_code == 401
    assign(ada.pk, role("reader").pk, domain_id="default", actor=SYSTEM)
    assign(ada.pk, role("member").pk, system=True, actor=SYSTEM)
    told = Api().sign_in("ada", scope={"domain": {"id": "default"}}).json()["token"]
    assert told["domain"]["name"] == "Default"
    assert [r["name"] for r in told["roles"]] == ["reader"]
    assert "project" not in told
    answer = Api().sign_in("ada", scope={"system": {"all": True}})
    assert answer.json()["token"]["system"] == {"all": True}
    api = Api(answer["X-Subject-Token"])
    assert api.get("/auth/system").json()["system"] == [{"all": True}]
    assert [d["id"] for d in api.get("/auth/domains").json()["domains"]] == ["default"]


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("ada", ""), ("Ada", PASSWORD), ("nobody", PASSWORD)]
)
def test_wrong_names_and_passwords_get_one_answer(ada, name, password) -> None:
    answer = Api().sign_in(name, password)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Keystone uri="http://testserver/identity"'
    assert answer.json()["error"] == {
        "code": 401,
        "title": "Unauthorized",
        "message": "The request you have made requires authentication.",
        "error_code": "sign_in_failed",
    }
    assert Token.objects.count() == 0


def test_looking_at_tokens(ada, ours) -> None:
    mine = token_for(ada, ours)
    other = make_user("bob", ours)
    theirs = token_for(other, ours)
    answer = Api(mine).get("/auth/tokens", X_Subject_Token=mine)
    assert (answer.status_code, answer["X-Subject-Token"]) == (200, mine)
    assert answer.json()["token"]["project"]["id"] == ours.pk
    assert Api(mine).head("/auth/tokens", X_Subject_Token=mine).status_code == 200
    assert Api(mine).get("/auth/tokens", X_Subject_Token=theirs).status_code == 403
    assert Api(mine).get("/auth/tokens", X_Subject_Token="vt-none").status_code == 404
    assert Api(mine).get("/auth/tokens").status_code == 400
    for name in ("admin", "service"):
        strong = Api(token_for(make_user(f"by-{name}", ours, [name]), ours))
        assert strong.get("/auth/tokens", X_Subject_Token=theirs).status_code == 200
        assert strong.get("/auth/tokens", X_Subject_Token="vt-none").status_code == 404


def test_revoking_tokens(ada, ours) -> None:
    mine, second = token_for(ada, ours), token_for(ada, ours)
    theirs = token_for(make_user("bob", ours), ours)
    assert Api(mine).delete("/auth/tokens", X_Subject_Token=theirs).status_code == 403
    assert is_valid(theirs)
    assert is_valid(second)
    assert Api(mine).delete("/auth/tokens", X_Subject_Token=second).status_code == 204
    assert not is_valid(second)
    assert is_valid(mine)
    admin = Api(token_for(*make_admin()))
    assert admin.delete("/auth/tokens", X_Subject_Token=theirs).status_code == 204
    assert admin.delete("/auth/tokens", X_Subject_Token=theirs).status_code == 404
    assert not is_valid(theirs)
    event = Event.objects.filter(kind="token.revoked").first()
    assert event.actor_user_id == ada.pk
    assert event.object_id not in (second, theirs)


def test_a_token_ends(ada, ours, clock) -> None:
    token = token_for(ada, ours)
    assert is_valid(token)
    clock.move(minutes=59, seconds=59)
    assert is_valid(token)
    clock.move(seconds=1)
    assert not is_valid(token)
    assert Api().post("/auth/tokens", by_token(token)).status_code == 401


def test_a_token_from_a_token_ends_with_the_first(ada, ours, clock) -> None:
    first = Api().sign_in("ada", scope="unscoped")
    told = first.json()["token"]
    clock.move(minutes=30)
    scope = {"project": {"id": ours.pk}}
    second = Api().post("/auth/tokens", by_token(first["X-Subject-Token"], scope))
    derived = second.json()["token"]
    assert derived["expires_at"] == told["expires_at"]
    assert derived["methods"] == ["password", "token"]
    assert derived["audit_ids"][1:] == told["audit_ids"]
    assert derived["audit_ids"][0] != told["audit_ids"][0]
    third = Api().post("/auth/tokens", by_token(second["X-Subject-Token"]))
    assert third.json()["token"]["audit_ids"][1:] == told["audit_ids"]
    tokens = [a["X-Subject-Token"] for a in (first, second, third)]
    assert all(map(is_valid, tokens))
    Api(tokens[1]).delete("/auth/tokens", X_Subject_Token=tokens[1])
    assert [is_valid(t) for t in tokens] == [True, False, False]


def test_both_methods_must_prove_the_same_user(ada, ours) -> None:
    bob = make_user("bob", ours)
    for owner, status in ((ada, 201), (bob, 401)):
        body = by_password("ada")
        identity = body["auth"]["identity"]
        identity["methods"].append("token")
        identity["token"] = {"id": token_for(owner)}
        assert Api().post("/auth/tokens", body).status_code == status


ENDING = {
    "the user is disabled": lambda u, _p: update_user(u.pk, enabled=False, actor=SYSTEM),
    "the user is deleted": lambda u, _p: delete_user(u.pk, actor=SYSTEM),
    "the password changes": lambda u, _p: set_password(u.pk, "another", actor=SYSTEM),
    "the project is disabled": lambda _u, p: update_project(p.pk, enabled=False, actor=SYSTEM),
    "the project is deleted": lambda _u, p: delete_project(p.pk, actor=SYSTEM),
    "the domain is disabled": lambda _u, _p: update_domain("default", enabled=False, actor=SYSTEM),
    "the role is taken": lambda u, p: unassign(
        u.pk, role("member").pk, project_id=p.pk, actor=SYSTEM
    ),
    "the role is deleted": lambda _u, _p: delete_role(role("member").pk, actor=SYSTEM),
}


@pytest.mark.parametrize("what", ENDING)
def test_tokens_end_at_once_when(ada, ours, what) -> None:
    """…and do not come back when it is undone; another user's token on another project stays."""
    token, theirs = token_for(ada, ours), make_project("theirs")
    other = token_for(make_user("bob", theirs, ["admin"]), theirs)
    assert is_valid(token)
    ENDING[what](ada, ours)
    assert not is_valid(token)
    if "domain" not in what:
        assert is_valid(other)
    if "disabled" in what:
        update_domain("default", enabled=True, actor=SYSTEM)
        update_user(ada.pk, enabled=True, actor=SYSTEM)
        update_project(ours.pk, enabled=True, actor=SYSTEM)
        assert not is_valid(token)
        assert is_valid(token_for(ada, ours))


def test_taking_one_project_away_leaves_the_other(ada, ours) -> None:
    second = make_project("second")
    assign(ada.pk, role("member").pk, project_id=second.pk, actor=SYSTEM)
    first, kept, unscoped = token_for(ada, ours), token_for(ada, second), token_for(ada)
    unassign(ada.pk, role("member").pk, project_id=ours.pk, actor=SYSTEM)
    assert [is_valid(t) for t in (first, kept, unscoped)] == [False, True, True]


def test_disabled_users_and_projects_get_no_token(ada, ours) -> None:
    scope = {"project": {"id": ours.pk}}
    update_project(ours.pk, enabled=False, actor=SYSTEM)
    assert Api().sign_in("ada", scope=scope).status_code == 401
    assert "project" not in Api().sign_in("ada").json()["token"]
    update_user(ada.pk, enabled=False, actor=SYSTEM)
    assert Api().sign_in("ada").status_code == 401


def test_implied_roles_follow_what_operators_say(ada, ours) -> None:
    token = token_for(ada, ours)

    def roles() -> list[str]:
        told = Api(token).get("/auth/tokens", X_Subject_Token=token).json()["token"]
        return [r["name"] for r in told["roles"]]

    auditor = role("auditor")
    assert roles() == ["member", "reader"]
    imply(role("reader").pk, auditor.pk, actor=SYSTEM)
    assert roles() == ["auditor", "member", "reader"]
    no_longer_imply(role("member").pk, role("reader").pk, actor=SYSTEM)
    assert roles() == ["member"]


def test_ended_tokens_are_swept_when_others_are_made(ada, ours, clock) -> None:
    for _ in range(3):
        token_for(ada, ours)
    clock.move(hours=2)
    token_for(ada, ours)
    assert Token.objects.count() == 1


def test_discovery() -> None:
    answer = Api().get("/identity/")
    assert answer.status_code == 300
    (version,) = answer.json()["versions"]["values"]
    assert version["links"] == [{"rel": "self", "href": "http://testserver/identity/v3/"}]
    for path in ("/identity/v3", "/identity/v3/"):
        answer = Api().get(path)
        assert answer.status_code == 200
        assert answer.json()["version"] == version
    assert (version["id"][:2], version["status"]) == ("v3", "stable")
    answer = Api().get("/nothing/here")
    assert answer.status_code == 404
    assert answer.json()["error"]["title"] == "Not Found"
    assert Api().call("DELETE", "/identity/v3").status_code == 405


@pytest.mark.parametrize("token", [None, "", "vt-wrong", "x", "vt-" + "x" * 500, "vt-ü"])
def test_nobody_gets_401(db, token) -> None:
    answer = Api(token).get("/users")
    assert answer.status_code == 401
    assert "Keystone uri=" in answer["WWW-Authenticate"]


def test_a_sign_in_asks_as_much_with_much_to_know(ada, ours) -> None:
    """The catalog, roles and projects may grow; the number of questions to the database does not."""

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert Api().sign_in("ada", scope={"project": {"id": ours.pk}}).status_code == 201
        return len(captured)

    Api().sign_in("ada")
    few = asked()
    for number in range(6):
        imply(role("reader").pk, role(f"role{number}").pk, actor=SYSTEM)
        assign(ada.pk, role("member").pk, project_id=make_project(f"p{number}").pk, actor=SYSTEM)
        service = create_service(type=f"t{number}", actor=SYSTEM)
        create_endpoint(service_id=service.pk, interface="public", url="http://x", actor=SYSTEM)
    assert asked() == few <= 25
