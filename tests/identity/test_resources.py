"""Domains, projects, users, roles and assignments on the wire, as administrators see them."""

import pytest

from catalog.models import Event
from identity.models import Assignment, Project, User
from tests.identity.api import Api
from tests.identity.factories import PASSWORD
from tests.support.identity import make_admin, make_project, make_user, role, token_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api(token_for(*make_admin()))


def test_a_project_lives(api) -> None:
    answer = api.post("/projects", {"project": {"name": "p", "description": "🌍"}})
    assert answer.status_code == 201
    project = answer.json()["project"]
    assert project == {
        "id": project["id"],
        "name": "p",
        "domain_id": "default",
        "parent_id": "default",
        "is_domain": False,
        "description": "🌍",
        "enabled": True,
        "tags": [],
        "options": {},
        "links": {"self": f"http://testserver/identity/v3/projects/{project['id']}"},
    }
    assert len(project["id"]) == 32
    path = f"/projects/{project['id']}"
    assert api.get(path).json()["project"] == project
    changed = api.patch(path, {"project": {"enabled": False, "description": None}})
    assert changed.json()["project"] == project | {"enabled": False, "description": ""}
    child = {"name": "c", "parent_id": project["id"], "domain_id": "default"}
    child = api.post("/projects", {"project": child}).json()["project"]
    assert child["parent_id"] == project["id"]
    assert api.delete(path).status_code == 403
    assert api.delete(f"/projects/{child['id']}").status_code == 204
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
    kinds = Event.objects.filter(object_id=project["id"]).order_by("id")
    assert [e.kind for e in kinds] == ["project.created", "project.updated", "project.deleted"]
    assert kinds[1].changes == {"enabled": [True, False], "description": ["🌍", ""]}


def test_a_user_lives_and_no_answer_or_event_tells_its_password(api) -> None:
    ours = make_project("ours")
    wanted = {
        "name": "ada",
        "password": PASSWORD,
        "email": "ada@example.org",
        "default_project_id": ours.pk,
    }
    answer = api.post("/users", {"user": wanted})
    assert answer.status_code == 201
    user = answer.json()["user"]
    assert user == {
        "id": user["id"],
        "name": "ada",
        "domain_id": "default",
        "enabled": True,
        "email": "ada@example.org",
        "description": "",
        "default_project_id": ours.pk,
        "password_expires_at": None,
        "options": {},
        "links": {"self": f"http://testserver/identity/v3/users/{user['id']}"},
    }
    path = f"/users/{user['id']}"
    assert Api().sign_in("ada").status_code == 201
    changes = {"password": "another one", "name": "ada2", "default_project_id": None}
    assert api.patch(path, {"user": changes}).json()["user"]["name"] == "ada2"
    assert Api().sign_in("ada2", PASSWORD).status_code == 401
    assert Api().sign_in("ada2", "another one").status_code == 201
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404
    told = str(list(Event.objects.values()))
    assert "another one" not in told
    assert PASSWORD not in told
    assert "argon2" not in told
    assert "user.deleted" in told


def test_users_without_a_password_cannot_sign_in(api) -> None:
    for given in ({}, {"password": None}):
        user = {"name": f"silent{len(given)}", **given}
        assert api.post("/users", {"user": user}).status_code == 201
        for guess in ("", "None", "!"):
            assert Api().sign_in(user["name"], guess).status_code == 401


def test_changing_one_s_own_password(api) -> None:
    ada = make_user("ada", make_project("ours"))
    bob = make_user("bob")
    token = token_for(ada)
    path = f"/users/{ada.pk}/password"
    wanted = {"password": "fresh", "original_password": "wrong"}
    assert Api().post(path, {"user": wanted}).status_code == 401
    wanted["original_password"] = PASSWORD
    assert Api(token).post(f"/users/{bob.pk}/password", {"user": wanted}).status_code == 204
    assert Api().sign_in("ada").status_code == 201
    assert Api(token).post(path, {"user": wanted}).status_code == 204
    assert Api(token).get("/auth/projects").status_code == 401
    assert Api().sign_in("ada", "fresh").status_code == 201
    event = Event.objects.filter(object_id=ada.pk, kind="user.updated").get()
    assert event.actor_user_id == ada.pk
    assert event.changes == {"password": [None, None]}


def test_a_role_lives(api) -> None:
    made = api.post("/roles", {"role": {"name": "auditor"}}).json()["role"]
    assert made["domain_id"] is None
    path = f"/roles/{made['id']}"
    assert api.patch(path, {"role": {"name": "Auditor"}}).json()["role"]["name"] == "Auditor"
    assert [r["id"] for r in api.get("/roles?name=Auditor").json()["roles"]] == [made["id"]]
    assert api.get("/roles?name=auditor").json()["roles"] == []
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_implications_live(api) -> None:
    member, reader, service = (role(n) for n in ("member", "reader", "service"))
    path = f"/roles/{member.pk}/implies/{service.pk}"
    assert api.get(path).status_code == 404
    for _ in range(2):
        answer = api.put(path)
        assert answer.status_code == 201
        assert answer.json()["role_inference"]["implies"]["name"] == "service"
    told = api.get(f"/roles/{member.pk}/implies").json()["role_inference"]
    assert told["prior_role"]["name"] == "member"
    assert [r["name"] for r in told["implies"]] == ["reader", "service"]
    rules = api.get("/role_inferences").json()["role_inferences"]
    assert {r["prior_role"]["name"]: len(r["implies"]) for r in rules} == {
        "admin": 1,
        "manager": 1,
        "member": 2,
    }
    assert api.head(path).status_code == 204
    assert api.delete(path).status_code == 204
    assert api.delete(path).status_code == 404
    for circle in (
        f"/roles/{reader.pk}/implies/{member.pk}",
        f"/roles/{reader.pk}/implies/{reader.pk}",
    ):
        assert api.put(circle).status_code == 409
    assert api.put(f"/roles/{reader.pk}/implies/absent").status_code == 404


def test_assignments_live(api) -> None:
    ours = make_project("ours")
    ada = make_user("ada")
    member = role("member")
    for target in (f"/projects/{ours.pk}", "/domains/default", "/system"):
        path = f"{target}/users/{ada.pk}/roles"
        grant = f"{path}/{member.pk}"
        assert api.head(grant).status_code == 404
        assert [api.put(grant).status_code for _ in range(2)] == [204, 204]
        assert [r["name"] for r in api.get(path).json()["roles"]] == ["member"]
        assert api.head(grant).status_code == 204
        assert api.delete(grant).status_code == 204
        assert api.delete(grant).status_code == 404
    for absent in (
        f"/projects/absent/users/{ada.pk}/roles/{member.pk}",
        f"/projects/{ours.pk}/users/absent/roles/{member.pk}",
        f"/projects/{ours.pk}/users/{ada.pk}/roles/absent",
        f"/domains/absent/users/{ada.pk}/roles/{member.pk}",
        f"/system/users/absent/roles/{member.pk}",
    ):
        assert api.put(absent).status_code == 404
    assert Assignment.objects.filter(user=ada).count() == 0


def test_listing_assignments(api, django_assert_max_num_queries) -> None:
    ours, theirs = make_project("ours"), make_project("theirs", parent_id=make_project("up").pk)
    ada, bob = make_user("ada", ours, ["member"]), make_user("bob", theirs, ["reader"])
    api.put(f"/system/users/{bob.pk}/roles/{role('reader').pk}")

    def ask(query: str) -> list[tuple[str, str]]:
        found = api.get(f"/role_assignments?include_names{query}").json()["role_assignments"]
        return [(one["user"]["name"], one["role"]["name"]) for one in found]

    assert ask(f"&user.id={ada.pk}") == [("ada", "member")]
    assert ask(f"&user.id={ada.pk}&effective") == [("ada", "member"), ("ada", "reader")]
    assert ask(f"&user.id={ada.pk}&effective=0") == [("ada", "member")]
    assert ask(f"&scope.project.id={theirs.pk}") == [("bob", "reader")]
    assert ask(f"&scope.project.id={theirs.parent_id}") == []
    assert ask(f"&scope.project.id={theirs.parent_id}&include_subtree") == [("bob", "reader")]
    assert ask("&scope.system=all") == [("bob", "reader")]
    assert ask("&scope.domain.id=default") == []
    assert ask("&group.id=any") == []
    reader = role("reader").pk
    assert ask(f"&role.id={reader}&scope.project.id={ours.pk}") == []
    assert ask(f"&role.id={reader}&scope.project.id={ours.pk}&effective") == [("ada", "reader")]
    plain = api.get(f"/role_assignments?user.id={ada.pk}").json()["role_assignments"]
    assert plain == [
        {
            "role": {"id": role("member").pk},
            "user": {"id": ada.pk},
            "scope": {"project": {"id": ours.pk}},
            "links": {
                "assignment": f"http://testserver/identity/v3/projects/{ours.pk}/users/{ada.pk}"
                f"/roles/{role('member').pk}"
            },
        }
    ]
    for number in range(10):
        make_user(f"more{number}", ours, ["member"])
    with django_assert_max_num_queries(4):
        assert len(ask("&effective")) > 20


def test_lists_filter(api) -> None:
    up = make_project("up")
    make_project("down", parent_id=up.pk)
    make_project("off", enabled=False)
    make_user("ada", up)
    make_user("off", enabled=False)

    def names(query: str) -> list[str]:
        noun = query.partition("?")[0]
        return [row["name"] for row in api.get(f"/{query}").json()[noun]]

    assert names("projects") == ["admin", "down", "off", "up"]
    assert names("projects?name=up") == ["up"]
    assert names("projects?name=UP") == []
    assert names("projects?name=") == []
    assert names(f"projects?parent_id={up.pk}") == ["down"]
    assert names("projects?parent_id=default") == ["admin", "off", "up"]
    assert names("projects?enabled=false") == ["off"]
    assert names("projects?enabled=True&domain_id=default") == ["admin", "down", "up"]
    assert names("projects?is_domain=true") == []
    assert names("projects?domain_id=absent") == []
    assert names("users?enabled=0") == ["off"]
    assert names("users?name=ada&domain_id=default") == ["ada"]
    assert names(f"users?default_project_id={up.pk}") == ["ada"]
    assert names("domains?name=Default") == ["Default"]
    assert names("domains?enabled=false") == []
    assert names("roles?domain_id=default") == []


def test_lists_come_in_pages(api, django_assert_max_num_queries) -> None:
    for number in range(5):
        make_user(f"user{number}")
    path, seen, pages = "/users?limit=2", [], 0
    while path:
        with django_assert_max_num_queries(3):
            page = api.get(path).json()
        seen += [user["name"] for user in page["users"]]
        path, pages = page["links"]["next"], pages + 1
        path = path and path.removeprefix("http://testserver")
    assert seen == ["admin", *(f"user{n}" for n in range(5))]
    assert pages == 3


LONG = ["2147483647", "9" * 19, "9" * 5000, "0000000001"]


@pytest.mark.parametrize("limit", LONG)
def test_no_limit_is_too_long(api, limit) -> None:
    answer = api.get(f"/users?limit={limit}")
    assert (answer.status_code, len(answer.json()["users"])) == (200, 1)


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "limit=٣", "marker=absent"])
def test_a_parameter_that_means_nothing_is_refused(api, query) -> None:
    answer = api.get(f"/users?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["error"]["message"]


def test_names_are_taken_once_per_domain(api) -> None:
    other = api.post("/domains", {"domain": {"name": "other"}}).json()["domain"]["id"]
    for noun, row in (("project", {"name": "x"}), ("user", {"name": "x", "password": "p"})):
        path = f"/{noun}s"
        first = api.post(path, {noun: row}).json()[noun]
        assert api.post(path, {noun: row}).status_code == 409
        assert api.post(path, {noun: row | {"domain_id": other}}).status_code == 201
        second = api.post(path, {noun: row | {"name": "X"}})
        assert second.status_code == 201
        renamed = api.patch(f"{path}/{second.json()[noun]['id']}", {noun: {"name": "x"}})
        assert renamed.status_code == 409
        assert renamed.json()["error"]["error_code"] == "name_taken"
        same = api.patch(f"{path}/{first['id']}", {noun: {"name": "x", "domain_id": "default"}})
        assert same.status_code == 200
        moved = api.patch(f"{path}/{first['id']}", {noun: {"domain_id": other}})
        assert moved.status_code == 400
    assert api.post("/roles", {"role": {"name": "admin"}}).status_code == 409
    assert api.post("/domains", {"domain": {"name": "other"}}).status_code == 409


def test_a_domain_goes_when_it_is_disabled_with_what_is_in_it(api) -> None:
    domain = api.post("/domains", {"domain": {"name": "d"}}).json()["domain"]
    path = f"/domains/{domain['id']}"
    row = {"project": {"name": "p", "domain_id": domain["id"]}}
    project = api.post("/projects", row).json()["project"]
    assert api.delete(path).status_code == 403
    inner = {"name": "q", "domain_id": domain["id"], "parent_id": project["id"]}
    inner = api.post("/projects", {"project": inner}).json()["project"]
    row = {"user": {"name": "u", "domain_id": domain["id"]}}
    user = api.post("/users", row).json()["user"]
    api.patch(path, {"domain": {"enabled": False}})
    assert api.delete(path).status_code == 204
    for gone in (f"projects/{project['id']}", f"projects/{inner['id']}", f"users/{user['id']}"):
        assert api.get(f"/{gone}").status_code == 404
        assert Event.objects.filter(
            kind=f"{gone.split('s/')[0]}.deleted", object_id=gone.split("/")[1]
        ).exists()
    assert api.get("/projects?name=p").json()["projects"] == []
    assert api.get(path).status_code == 404
    assert api.delete("/domains/default").status_code == 403


def test_projects_lie_in_their_parent_s_domain_and_not_too_deep(api) -> None:
    other = api.post("/domains", {"domain": {"name": "other"}}).json()["domain"]["id"]
    top = make_project("top")
    crossed = {"name": "x", "domain_id": other, "parent_id": top.pk}
    assert api.post("/projects", {"project": crossed}).status_code == 400
    parent, statuses = top.pk, []
    for number in range(6):
        row = {"name": f"level{number}", "parent_id": parent}
        answer = api.post("/projects", {"project": row})
        statuses.append(answer.status_code)
        parent = answer.json().get("project", {}).get("id", parent)
    assert statuses == [201, 201, 201, 201, 403, 403]


def test_the_catalog_in_parts(api, settings) -> None:
    services = api.get("/services").json()["services"]
    assert {s["type"] for s in services} >= {"identity", "image", "artifact", "search"}
    (image,) = api.get("/services?type=image").json()["services"]
    assert api.get(f"/services/{image['id']}").json()["service"] == image
    (public,) = api.get(f"/endpoints?service_id={image['id']}&interface=public").json()["endpoints"]
    assert public["url"] == "http://testserver/image"
    assert api.get(f"/endpoints/{public['id']}").json()["endpoint"] == public
    assert [r["id"] for r in api.get("/regions").json()["regions"]] == ["RegionOne"]


def test_text_of_any_script_is_kept(api) -> None:
    name = "Ünïcodé 日本 🚀 '\"%_"
    made = api.post("/users", {"user": {"name": name, "description": name}}).json()["user"]
    assert (made["name"], made["description"]) == (name, name)
    from urllib.parse import quote

    assert len(api.get(f"/users?name={quote(name)}").json()["users"]) == 1
    assert User.objects.get(pk=made["id"]).name == name
    assert Project.objects.filter(name=name).count() == 0
