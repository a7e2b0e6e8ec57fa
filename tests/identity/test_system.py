"""The whole system as a scope."""

import pytest

from identity.services.assignments import assign, unassign
from tests.identity.api import Api, by_token
from tests.identity.factories import SYSTEM
from tests.support.identity import make_admin, make_project, role, token_for

pytestmark = pytest.mark.django_db
ALL = {"system": {"all": True}}


def test_a_token_for_the_system(ada) -> None:
    assert Api().sign_in("ada", scope=ALL).status_code == 401
    unscoped = Api(token_for(ada))
    assert unscoped.get("/auth/system").json()["system"] == []
    assign(ada.pk, role("admin").pk, system=True, actor=SYSTEM)
    assert unscoped.get("/auth/system").json()["system"] == [{"all": True}]
    answer = Api().sign_in("ada", scope=ALL)
    told = answer.json()["token"]
    assert told["system"] == {"all": True}
    assert {"project", "domain"} & told.keys() == set()
    assert "admin" in {r["name"] for r in told["roles"]}
    assert {one["type"] for one in told["catalog"]} >= {"identity", "image"}
    operator = Api(answer["X-Subject-Token"])
    assert operator.get("/users").status_code == 200
    assert operator.post("/projects", {"project": {"name": "new"}}).status_code == 201
    assert Api(token_for(ada, ada.default_project)).get("/users").status_code == 403
    unassign(ada.pk, role("admin").pk, system=True, actor=SYSTEM)
    assert operator.get("/users").status_code == 401


def test_a_token_for_the_system_leads_to_no_project(ada) -> None:
    assign(ada.pk, role("reader").pk, system=True, actor=SYSTEM)
    assign(ada.pk, role("reader").pk, domain_id="default", actor=SYSTEM)
    token = Api().sign_in("ada", scope=ALL)["X-Subject-Token"]
    for scope in ({"project": {"id": ada.default_project_id}}, {"domain": {"id": "default"}}):
        assert Api().post("/auth/tokens", by_token(token, scope)).status_code == 403
    for scope in (ALL, None):
        told = Api().post("/auth/tokens", by_token(token, scope)).json()["token"]
        assert told["system"] == {"all": True}
    told = Api().post("/auth/tokens", by_token(token, "unscoped")).json()["token"]
    assert "system" not in told


def test_roles_on_the_system_are_listed_with_the_others(ada) -> None:
    api = Api(token_for(*make_admin()))
    path = f"/system/users/{ada.pk}/roles"
    assert api.put(f"{path}/{role('manager').pk}").status_code == 204
    assert [r["name"] for r in api.get(path).json()["roles"]] == ["manager"]
    assert api.get(f"{path}/{role('manager').pk}").status_code == 204
    assert api.head(f"{path}/{role('member').pk}").status_code == 404
    assert api.get("/system/users/absent/roles").status_code == 404
    query = "/role_assignments?scope.system=all&effective&include_names"
    rows = api.get(query).json()["role_assignments"]
    assert {(r["user"]["name"], r["role"]["name"]) for r in rows} == {
        ("ada", "manager"),
        ("ada", "member"),
        ("ada", "reader"),
    }
    assert all(r["scope"] == {"system": {"all": True}} for r in rows)
    (given,) = [r for r in rows if r["role"]["name"] == "manager"]
    address = f"http://testserver/identity/v3{path}/{role('manager').pk}"
    assert given["links"] == {"assignment": address}
    assert api.delete(f"{path}/{role('manager').pk}").status_code == 204
    assert api.delete(f"{path}/{role('manager').pk}").status_code == 404


def test_a_reader_of_the_system_reads_and_changes_nothing(ada) -> None:
    assign(ada.pk, role("reader").pk, system=True, actor=SYSTEM)
    auditor = Api(Api().sign_in("ada", scope=ALL)["X-Subject-Token"])
    top = make_project("top")
    make_project("below", parent_id=top.pk)
    shown = auditor.get(f"/projects/{top.pk}?subtree_as_list").json()["project"]
    assert [one["project"]["name"] for one in shown["subtree"]] == ["below"]
    assert auditor.get("/role_assignments?scope.system=all").status_code == 200
    assert auditor.delete(f"/projects/{top.pk}").status_code == 403
    assert auditor.post("/users", {"user": {"name": "new"}}).status_code == 403
    path = f"/system/users/{ada.pk}/roles/{role('admin').pk}"
    assert auditor.put(path).status_code == 403
    others = token_for(*make_admin())
    assert auditor.get("/auth/tokens", X_Subject_Token=others).status_code == 200
    assert auditor.delete("/auth/tokens", X_Subject_Token=others).status_code == 403
    on_project = Api(token_for(ada, ada.default_project))
    assert on_project.get("/users").status_code == 403  # the scope counts, not the assignment


def test_members_give_themselves_nothing(ada) -> None:
    mine = Api(token_for(ada, ada.default_project))
    path = f"/system/users/{ada.pk}/roles"
    assert mine.put(f"{path}/{role('admin').pk}").status_code == 403
    assert mine.get(path).status_code == 403
    assert mine.get(f"/role_assignments?user.id={ada.pk}").status_code == 200
    assert mine.get("/role_assignments?scope.system=all").status_code == 403
