"""Application credentials: made by their user, shown once, lent to programs, ended with what they stand on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings

from catalog.conf import CatalogConfig
from catalog.models import Event
from identity.conf import IdentityConfig
from identity.hashers import Argon2Hasher
from identity.models import ApplicationCredential, FailedLogin, Token
from identity.services.assignments import unassign
from identity.services.projects import delete_project, update_project
from identity.services.roles import no_longer_imply
from identity.services.users import delete_user, set_password, update_user
from tests.identity.api import Api, by_credential, by_token
from tests.identity.factories import SYSTEM
from tests.support.identity import (
    give_role,
    make_admin,
    make_project,
    make_user,
    role,
    token_for,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(ours):
    return make_user("ada", ours, ["member", "manager"])


@pytest.fixture
def api(ada, ours) -> Api:
    return Api(token_for(ada, ours))


def path_of(user) -> str:
    return f"/users/{user.pk}/application_credentials"


def make(api: Api, user, **values) -> dict:
    answer = api.post(path_of(user), {"application_credential": {"name": "ci", **values}})
    assert answer.status_code == 201, answer.content
    return answer.json()["application_credential"]


def signed_in(secret: str, key: str | None = None, scope=None, **by_name):
    return Api().post("/auth/tokens", by_credential(secret, key, scope, **by_name))


def token_of(made: dict) -> str:
    answer = signed_in(made["secret"], made["id"])
    assert answer.status_code == 201, answer.content
    return answer["X-Subject-Token"]


def test_a_credential_lives(api, ada, ours) -> None:
    answer = api.post(path_of(ada), {"application_credential": {"name": "ci", "x": 1}})
    assert answer["Cache-Control"] == "no-store"
    made = answer.json()["application_credential"]
    secret = made.pop("secret")
    assert len(secret) == 89
    assert secret.startswith("vs-")
    assert made == {
        "id": made["id"],
        "name": "ci",
        "description": "",
        "user_id": ada.pk,
        "project_id": ours.pk,
        "roles": [
            {"id": role(name).pk, "name": name, "domain_id": None}
            for name in ("manager", "member", "reader")
        ],
        "expires_at": None,
        "unrestricted": False,
        "access_rules": [],
        "system": None,
        "links": {"self": f"http://testserver/identity/v3{path_of(ada)}/{made['id']}"},
    }
    one = f"{path_of(ada)}/{made['id']}"
    assert api.get(one).json()["application_credential"] == made
    assert api.get(path_of(ada)).json()["application_credentials"] == [made]
    assert api.get(f"{path_of(ada)}?name=other").json()["application_credentials"] == []
    assert secret not in str(list(ApplicationCredential.objects.values()))
    assert api.delete(one).status_code == 204
    assert api.delete(one).status_code == 404
    assert api.get(one).status_code == 404
    events = Event.objects.filter(object_id=made["id"]).order_by("id")
    assert [e.kind for e in events] == [
        "application_credential.created",
        "application_credential.deleted",
    ]
    assert {e.project_id for e in events} == {ours.pk}
    assert secret not in str(list(Event.objects.values()))


def test_a_program_signs_in_by_id_and_by_name(api, ada, ours) -> None:
    made = make(api, ada, roles=[{"name": "member"}])
    domain = {"id": "default"}
    for answer in (
        signed_in(made["secret"], made["id"]),
        signed_in(made["secret"], name="ci", user={"id": ada.pk}),
        signed_in(made["secret"], name="ci", user={"name": "ada", "domain": domain}),
        signed_in(made["secret"], name="ci", user={"name": "ada", "domain": {"name": "Default"}}),
    ):
        assert answer.status_code == 201, answer.content
        told = answer.json()["token"]
        assert told["methods"] == ["application_credential"]
        assert told["project"]["id"] == ours.pk
        assert told["user"]["name"] == "ada"
        assert [r["name"] for r in told["roles"]] == ["member", "reader"]
        assert told["application_credential"] == {
            "id": made["id"],
            "name": "ci",
            "restricted": True,
        }
        assert {one["type"] for one in told["catalog"]} >= {"identity", "image"}
    assert (
        signed_in(made["secret"], name="ci", user={"name": "bob", "domain": domain}).status_code
        == 401
    )
    assert signed_in(made["secret"], name="cd", user={"id": ada.pk}).status_code == 401
    assert signed_in(made["secret"], "absent").status_code == 401
    assert signed_in("", made["id"]).status_code == 401


@pytest.mark.parametrize(
    "scope",
    [
        {"project": {"id": "x"}},
        {"domain": {"id": "default"}},
        {"system": {"all": True}},
        "unscoped",
    ],
)
def test_a_credential_asks_for_no_scope(api, ada, scope) -> None:
    made = make(api, ada)
    answer = signed_in(made["secret"], made["id"], scope)
    assert answer.status_code == 401
    assert "scope" in answer.json()["error"]["message"]


def test_a_chosen_secret_is_kept_as_a_password_is(api, ada) -> None:
    made = make(api, ada, secret="ü pass phrase")
    assert made["secret"] == "ü pass phrase"
    kept = ApplicationCredential.objects.get().secret
    assert kept.startswith("argon2$argon2id$")
    assert token_of(made)
    assert signed_in("ü pass phras", made["id"]).status_code == 401


def test_a_made_secret_costs_no_slow_hash_and_a_wrong_one_always_one(api, ada, monkeypatch) -> None:
    made, chosen = make(api, ada), make(api, ada, name="chosen", secret="secret")
    hashed: list[str] = []
    for step in ("verify", "encode"):
        original = getattr(Argon2Hasher, step)

        def counted(*args, step=step, original=original, **options):
            hashed.append(step)
            return original(*args, **options)

        monkeypatch.setattr(Argon2Hasher, step, counted)
    costs = []
    for secret, key in (
        (made["secret"], made["id"]),
        ("wrong", made["id"]),
        ("wrong", chosen["id"]),
        ("wrong", "absent"),
        ("secret", chosen["id"]),
    ):
        hashed.clear()
        signed_in(secret, key)
        costs.append(len(hashed))
    assert costs == [0, 1, 1, 1, 1]


def test_who_guesses_waits_and_who_knows_does_not(api, ada, clock) -> None:
    made, chosen = make(api, ada), make(api, ada, name="chosen", secret="secret")
    for key in (made["id"], chosen["id"], "absent"):
        answers = [signed_in("wrong", key).status_code for _ in range(8)]
        assert answers == [401] * 5 + [429] * 3
    assert signed_in(made["secret"], made["id"]).status_code == 201
    slowed = signed_in("secret", chosen["id"])
    assert slowed.status_code == 429
    assert int(slowed["Retry-After"]) > 0
    FailedLogin.objects.all().delete()
    assert signed_in("secret", chosen["id"]).status_code == 201
    assert Api().sign_in("ada").status_code == 201


def test_nobody_lends_what_they_do_not_have(api, ada, ours) -> None:
    for wanted in ({"name": "admin"}, {"id": role("admin").pk}, {"name": "absent"}, {"id": "x"}):
        body = {"application_credential": {"name": "x", "roles": [wanted]}}
        answer = api.post(path_of(ada), body)
        assert answer.status_code == 400
        assert answer.json()["error"]["error_code"] == "application_credential_invalid"
    make_admin()
    give_role(ada, "admin", make_project("theirs"))
    body = {"application_credential": {"name": "x", "roles": [{"name": "admin"}]}}
    assert api.post(path_of(ada), body).status_code == 400
    unscoped = Api(token_for(ada))
    assert unscoped.post(path_of(ada), {"application_credential": {"name": "x"}}).status_code == 400
    assert ApplicationCredential.objects.count() == 0


def test_names_are_one_user_s(api, ada, ours) -> None:
    make(api, ada)
    again = api.post(path_of(ada), {"application_credential": {"name": "ci"}})
    assert again.status_code == 409
    bob = make_user("bob", ours)
    assert make(Api(token_for(bob, ours)), bob)["name"] == "ci"


def test_nobody_makes_or_sees_those_of_others(api, ada, ours) -> None:
    bob = make_user("bob", ours)
    theirs = make(Api(token_for(bob, ours)), bob)
    one = f"{path_of(bob)}/{theirs['id']}"
    body = {"application_credential": {"name": "x"}}
    assert api.post(path_of(bob), body).status_code == 403
    assert [api.call(m, one).status_code for m in ("GET", "DELETE")] == [403, 403]
    assert api.get(path_of(bob)).status_code == 403
    assert api.delete(f"{path_of(ada)}/{theirs['id']}").status_code == 404
    admin = Api(token_for(*make_admin()))
    assert admin.post(path_of(bob), body).status_code == 403
    assert admin.get(one).status_code == 200
    assert admin.delete(one).status_code == 204


def test_a_restricted_credential_makes_no_other(api, ada) -> None:
    made, free = make(api, ada), make(api, ada, name="free", unrestricted=True)
    restricted, unrestricted = Api(token_of(made)), Api(token_of(free))
    body = {"application_credential": {"name": "child"}}
    refused = restricted.post(path_of(ada), body)
    assert refused.status_code == 403
    assert refused.json()["error"]["error_code"] == "delegation_forbidden"
    assert restricted.delete(f"{path_of(ada)}/{free['id']}").status_code == 403
    assert restricted.get(path_of(ada)).status_code == 200
    exchanged = Api().post("/auth/tokens", by_token(token_of(made)))["X-Subject-Token"]
    assert Api(exchanged).post(path_of(ada), body).status_code == 403
    assert unrestricted.post(path_of(ada), body).status_code == 201
    assert unrestricted.delete(f"{path_of(ada)}/{made['id']}").status_code == 204


def test_an_unrestricted_credential_lends_no_more_than_it_has(api, ada) -> None:
    free = make(api, ada, unrestricted=True, roles=[{"name": "reader"}])
    program = Api(token_of(free))
    body = {"name": "child", "roles": [{"name": "member"}]}
    assert program.post(path_of(ada), {"application_credential": body}).status_code == 400
    assert [r["name"] for r in make(program, ada, name="child")["roles"]] == ["reader"]


def test_its_tokens_stay_on_its_project_with_its_roles(api, ada, ours) -> None:
    theirs = make_project("theirs")
    give_role(ada, "admin", theirs)
    made = make(api, ada, roles=[{"name": "reader"}])
    token = token_of(made)
    for scope in ({"project": {"id": theirs.pk}}, "unscoped"):
        assert Api().post("/auth/tokens", by_token(token, scope)).status_code == 403
    for scope in (None, {"project": {"id": ours.pk}}):
        told = Api().post("/auth/tokens", by_token(token, scope)).json()["token"]
        assert told["project"]["id"] == ours.pk
        assert [r["name"] for r in told["roles"]] == ["reader"]
        assert told["application_credential"]["id"] == made["id"]


def is_valid(token: str) -> bool:
    return Api(token).get("/auth/projects").status_code == 200


ENDING = {
    "the credential is deleted": lambda one: one["api"].delete(one["path"]),
    "the role is taken back": lambda one: unassign(
        one["user"], role("member").pk, project_id=one["project"], actor=SYSTEM
    ),
    "the user is disabled": lambda one: update_user(one["user"], enabled=False, actor=SYSTEM),
    "the user is deleted": lambda one: delete_user(one["user"], actor=SYSTEM),
    "the project is disabled": lambda one: update_project(
        one["project"], enabled=False, actor=SYSTEM
    ),
    "the project is deleted": lambda one: delete_project(one["project"], actor=SYSTEM),
}


@pytest.mark.parametrize("what", ENDING)
def test_it_ends_with_what_it_stands_on(ours, what) -> None:
    ada = make_user("ada", ours, ["member"])
    api = Api(token_for(ada, ours))
    made = make(api, ada)
    token = token_of(made)
    assert is_valid(token)
    path = f"{path_of(ada)}/{made['id']}"
    ENDING[what]({"api": api, "user": ada.pk, "project": ours.pk, "path": path})
    assert not is_valid(token)
    assert signed_in(made["secret"], made["id"]).status_code == 401
    assert Token.objects.filter(application_credential=made["id"]).count() == 0


def test_only_the_credentials_that_lend_a_lost_role_go(api, ada, ours) -> None:
    kept, lost = make(api, ada, roles=[{"name": "member"}]), make(api, ada, name="lost")
    unassign(ada.pk, role("manager").pk, project_id=ours.pk, actor=SYSTEM)
    assert signed_in(kept["secret"], kept["id"]).status_code == 201
    assert signed_in(lost["secret"], lost["id"]).status_code == 401
    assert ApplicationCredential.objects.get().name == "ci"
    kinds = Event.objects.filter(object_id=lost["id"]).values_list("kind", flat=True)
    assert "application_credential.deleted" in kinds


def test_roles_that_are_no_longer_implied_are_no_longer_lent(ours) -> None:
    bob = make_user("bob", ours, ["member"])
    made = make(Api(token_for(bob, ours)), bob, roles=[{"name": "reader"}])
    token = token_of(made)
    no_longer_imply(role("member").pk, role("reader").pk, actor=SYSTEM)
    assert not is_valid(token)
    assert signed_in(made["secret"], made["id"]).status_code == 401


def test_a_new_password_ends_tokens_and_leaves_the_credential(api, ada) -> None:
    made = make(api, ada)
    token = token_of(made)
    set_password(ada.pk, "new", actor=SYSTEM)
    assert not is_valid(token)
    assert is_valid(token_of(made))


def test_it_ends_when_it_says(api, ada, clock, monkeypatch) -> None:
    end = clock.moment + timedelta(minutes=10)
    made = make(api, ada, expires_at=end.replace(tzinfo=None).isoformat())
    assert made["expires_at"] == end.strftime("%Y-%m-%dT%H:%M:%S.%f")
    answer = signed_in(made["secret"], made["id"])
    assert answer.json()["token"]["expires_at"] == f"{made['expires_at']}Z"
    clock.move(minutes=11)
    assert not is_valid(answer["X-Subject-Token"])
    refused = signed_in(made["secret"], made["id"])
    assert refused.status_code == 401
    assert "expired" in refused.json()["error"]["message"]
    assert "expired" not in signed_in("wrong", made["id"]).json()["error"]["message"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", ...),
        ("name", ""),
        ("name", 1),
        ("name", "x" * 256),
        ("secret", 1),
        ("secret", " "),
        ("secret", "x" * 5000),
        ("roles", {}),
        ("roles", ["member"]),
        ("roles", [{}]),
        ("roles", [{"id": "x", "description": "y"}]),
        ("roles", [{"name": "member", "domain": {}}]),
        ("roles", [{"name": 1}]),
        ("expires_at", "tomorrow"),
        ("expires_at", 1),
        ("expires_at", "2001-01-01T00:00:00Z"),
        ("expires_at", "9999-12-31T23:59:59-23:00"),
        ("expires_at", "0001-01-01T00:00:00+23:00"),
        ("unrestricted", "yes"),
        ("unrestricted", None),
        ("access_rules", [{"path": "/v2/images", "method": "GET", "service": "image"}]),
        ("description", {}),
    ],
)
def test_what_makes_no_sense_is_named(api, ada, member, value) -> None:
    body = {"name": "x", member: value}
    if value is ...:
        del body[member]
    answer = api.post(path_of(ada), {"application_credential": body})
    assert answer.status_code == 400
    assert member in answer.json()["error"]["message"]
    assert ApplicationCredential.objects.count() == 0


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"id": "x"},
        {"secret": "x"},
        {"id": 1, "secret": "x"},
        {"id": "x", "secret": None},
        {"name": "x", "secret": "x"},
        {"name": "x", "secret": "x", "user": {}},
        {"name": "x", "secret": "x", "user": {"name": "x"}},
        {"name": "x", "secret": "x", "user": []},
    ],
)
def test_requests_that_cannot_be_read(db, given) -> None:
    body = by_credential("x", "x")
    body["auth"]["identity"]["application_credential"] = given
    assert Api().post("/auth/tokens", body).status_code == 400


def test_it_is_the_only_method(api, ada) -> None:
    made = make(api, ada)
    body = by_credential(made["secret"], made["id"])
    user = {"id": ada.pk, "password": "x"}
    body["auth"]["identity"] |= {
        "methods": ["application_credential", "password"],
        "password": {"user": user},
    }
    assert Api().post("/auth/tokens", body).status_code == 401


def test_listing_costs_the_same_for_many(api, ada, django_assert_max_num_queries) -> None:
    for number in range(12):
        make(api, ada, name=f"n{number}", secret=None)
    with django_assert_max_num_queries(5):
        page = api.get(f"{path_of(ada)}?limit=10").json()
    assert len(page["application_credentials"]) == 10
    assert page["links"]["next"]


def test_nobody_has_any_number_of_them(api, ada, ours, settings) -> None:
    config = replace(settings.VITRINE[IdentityConfig], application_credentials=2)
    settings.VITRINE = {**settings.VITRINE, IdentityConfig: config}
    made = [make(api, ada, name=f"n{number}") for number in range(2)]
    refused = api.post(path_of(ada), {"application_credential": {"name": "x"}})
    assert refused.status_code == 403
    assert refused.json()["error"]["error_code"] == "too_many_application_credentials"
    bob = make_user("bob", ours)
    assert make(Api(token_for(bob, ours)), bob)
    assert api.delete(f"{path_of(ada)}/{made[0]['id']}").status_code == 204
    assert make(api, ada, name="x")


def test_access_rules_are_none(api, ada) -> None:
    assert api.get(f"/users/{ada.pk}/access_rules").json()["access_rules"] == []
    assert api.get(f"/users/{ada.pk}/access_rules/x").status_code == 404
    assert api.get("/users/other/access_rules").status_code == 403


def test_roles_are_counted_first(ada, ours):
    api = Api(token_for(ada, ours))
    body = {"name": "many", "roles": [{"id": "r"}] * 1001}
    path = f"/users/{ada.pk}/application_credentials"
    answer = api.post(path, {"application_credential": body})
    assert answer.status_code == 413
    assert answer.json()["error"]["error_code"] == "too_many"


def test_a_page_of_heavy_credentials_is_shorter_and_leads_on(ada, ours, monkeypatch):
    config = replace(settings.VITRINE[CatalogConfig], page_bytes=150_000)
    monkeypatch.setitem(settings.VITRINE, CatalogConfig, config)
    for number in range(5):
        ApplicationCredential.objects.create(
            id=f"c{number}",
            user=ada,
            project=ours,
            name=f"c{number}",
            secret="x",
            description="d" * 60_000,
        )
    api, path = Api(token_for(ada, ours)), f"/users/{ada.pk}/application_credentials"
    found, lengths = [], []
    while path:
        answer = api.get(path.removeprefix("http://testserver")).json()
        page = [one["id"] for one in answer["application_credentials"]]
        found += page
        lengths.append(len(page))
        path = answer["links"]["next"]
    assert found == [f"c{number}" for number in range(5)]
    assert lengths == [2, 2, 1]
