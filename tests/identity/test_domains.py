"""Several domains: the same names in each, tokens for a domain, and what happens when one is disabled."""

import pytest

from identity.services.assignments import assign
from identity.services.domains import update_domain
from tests.identity.api import Api, by_password, by_token
from tests.identity.factories import PASSWORD, SYSTEM, DomainFactory
from tests.support.identity import make_admin, make_project, make_user, role, token_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api(token_for(*make_admin()))


@pytest.fixture
def other():
    return DomainFactory(name="other")


def sign_in(name: str, domain: dict[str, str], scope=None, password: str = PASSWORD):
    body = by_password(name, password, scope)
    body["auth"]["identity"]["password"]["user"]["domain"] = domain
    return Api().post("/auth/tokens", body)


def test_one_name_in_two_domains_is_two_users_and_two_projects(other) -> None:
    first = make_user("ada", make_project("ours"))
    second = make_user("ada", make_project("ours", domain_id=other.pk), domain_id=other.pk)
    second.set_password("another")
    second.save()
    for domain, user, password in (
        ({"id": "default"}, first, PASSWORD),
        ({"name": "Default"}, first, PASSWORD),
        ({"id": other.pk}, second, "another"),
        ({"name": "other"}, second, "another"),
    ):
        scope = {"project": {"name": "ours", "domain": domain}}
        told = sign_in("ada", domain, scope, password).json()["token"]
        assert told["user"]["id"] == user.pk
        assert told["project"]["id"] == user.default_project_id
        assert told["project"]["domain"]["id"] == user.domain_id
    assert sign_in("ada", {"id": "default"}, password="another").status_code == 401
    elsewhere = {"project": {"name": "ours", "domain": {"id": other.pk}}}
    assert sign_in("ada", {"id": "default"}, elsewhere).status_code == 401
    assert sign_in("ada", {"name": "absent"}).status_code == 401


def test_a_token_for_a_domain(other) -> None:
    ada = make_user("ada", domain_id=other.pk)
    scope = {"domain": {"name": "other"}}
    assert sign_in("ada", {"id": other.pk}, scope).status_code == 401
    assign(ada.pk, role("manager").pk, domain_id=other.pk, actor=SYSTEM)
    answer = sign_in("ada", {"id": other.pk}, scope)
    told = answer.json()["token"]
    assert told["domain"] == {"id": other.pk, "name": "other"}
    assert "project" not in told
    assert [r["name"] for r in told["roles"]] == ["manager", "member", "reader"]
    mine = Api(answer["X-Subject-Token"])
    assert mine.get(f"/domains/{other.pk}").status_code == 200
    assert mine.get("/domains/default").status_code == 403
    assert [d["name"] for d in mine.get("/auth/domains").json()["domains"]] == ["other"]
    assert sign_in("ada", {"id": other.pk}, {"domain": {"id": "default"}}).status_code == 401


def test_a_disabled_domain_lets_nobody_in(api, other) -> None:
    ours = make_project("ours", domain_id=other.pk)
    ada, bob = make_user("ada", ours, domain_id=other.pk), make_user("bob", ours)
    assign(bob.pk, role("member").pk, domain_id=other.pk, actor=SYSTEM)
    scopes = ({"project": {"id": ours.pk}}, {"domain": {"id": other.pk}})
    theirs = [sign_in("bob", {"id": "default"}, scope) for scope in scopes]
    tokens = [token_for(ada, ours), token_for(ada), *(a["X-Subject-Token"] for a in theirs)]
    kept = token_for(bob)
    assert all(Api(token).get("/auth/projects").status_code == 200 for token in (*tokens, kept))
    path = f"/domains/{other.pk}"
    assert api.patch(path, {"domain": {"enabled": False}}).status_code == 200
    assert all(Api(token).get("/auth/projects").status_code == 401 for token in tokens)
    assert sign_in("ada", {"id": other.pk}).status_code == 401
    assert all(sign_in("bob", {"id": "default"}, s).status_code == 401 for s in scopes)
    assert Api(kept).get("/auth/projects").json()["projects"] == []
    assert Api(kept).get("/auth/domains").json()["domains"] == []
    update_domain(other.pk, enabled=True, actor=SYSTEM)
    assert all(Api(token).get("/auth/projects").status_code == 401 for token in tokens)
    assert sign_in("ada", {"id": other.pk}).status_code == 201


def test_a_domain_is_shown_to_those_in_it(other) -> None:
    ours = make_project("ours", domain_id=other.pk)
    ada = make_user("ada", ours)
    mine = Api(token_for(ada, ours))
    assert mine.get(f"/domains/{other.pk}").json()["domain"]["name"] == "other"
    assert mine.get("/domains/default").status_code == 403
    assert mine.get("/domains/absent").status_code == 403
    assert Api(token_for(ada)).get(f"/domains/{other.pk}").status_code == 403


def test_a_role_on_a_domain_is_none_on_its_projects(other) -> None:
    ours = make_project("ours", domain_id=other.pk)
    ada = make_user("ada", domain_id=other.pk)
    assign(ada.pk, role("member").pk, domain_id=other.pk, actor=SYSTEM)
    scope = {"project": {"id": ours.pk}}
    assert sign_in("ada", {"id": other.pk}, scope).status_code == 401


def test_images_take_tokens_for_projects(client, other) -> None:
    admin, project = make_admin()
    assign(admin.pk, role("admin").pk, domain_id=other.pk, actor=SYSTEM)
    assign(admin.pk, role("admin").pk, system=True, actor=SYSTEM)
    unscoped = token_for(admin)
    for scope, word in (
        ({"domain": {"id": other.pk}}, "domain"),
        ({"system": {"all": True}}, "system"),
    ):
        token = Api().post("/auth/tokens", by_token(unscoped, scope))["X-Subject-Token"]
        headers = {"X-Auth-Token": token}
        for path in ("images", "images?name=x", "metadefs/namespaces"):
            answer = client.get(f"/image/v2/{path}", headers=headers)
            assert answer.status_code == 403
            assert f"scoped to the {word}" in answer.content.decode() or (
                f"scoped to a {word}" in answer.content.decode()
            )
        made = client.post("/image/v2/images", "{}", "application/json", headers=headers)
        assert made.status_code == 403
    headers = {"X-Auth-Token": token_for(admin, project)}
    assert client.get("/image/v2/images", headers=headers).status_code == 200


def test_project_hierarchies_are_told(api) -> None:
    top = make_project("top")
    middle = make_project("middle", parent_id=top.pk)
    leaves = [make_project(name, parent_id=middle.pk) for name in ("a", "b")]

    def ask(project, query: str) -> dict:
        return api.get(f"/projects/{project.pk}?{query}").json()["project"]

    a, b = leaves
    assert ask(a, "parents_as_ids")["parents"] == {middle.pk: {top.pk: {"default": None}}}
    assert ask(top, "parents_as_ids")["parents"] == {"default": None}
    assert ask(top, "subtree_as_ids")["subtree"] == {middle.pk: {a.pk: None, b.pk: None}}
    assert ask(a, "subtree_as_ids")["subtree"] is None
    listed = ask(middle, "parents_as_list&subtree_as_list")
    assert [one["project"]["name"] for one in listed["parents"]] == ["top"]
    assert [one["project"]["name"] for one in listed["subtree"]] == ["a", "b"]
    assert "parents" not in ask(middle, "")
    assert api.get(f"/projects/{a.pk}?parents_as_list&parents_as_ids").status_code == 400
    ada = make_user("ada", middle)
    assign(ada.pk, role("member").pk, project_id=a.pk, actor=SYSTEM)
    mine = Api(token_for(ada, middle))
    told = mine.get(f"/projects/{middle.pk}?subtree_as_list&parents_as_list").json()["project"]
    assert [one["project"]["name"] for one in told["subtree"]] == ["a"]
    assert told["parents"] == []


def test_a_number_at_the_edge_of_a_double_is_kept(api: Api, other) -> None:
    answer = api.patch(f"/domains/{other.pk}", {"domain": {"far": 1.7976931348623157e308}})
    assert answer.status_code == 200, answer.content
    assert api.get(f"/domains/{other.pk}").json()["domain"]["far"] == 1.7976931348623157e308
