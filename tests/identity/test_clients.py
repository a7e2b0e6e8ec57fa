"""The calls of openstacksdk and keystoneauth, against a listening server."""

from collections.abc import Callable
from typing import Any

import openstack
import pytest
from keystoneauth1 import exceptions as refused
from openstack import exceptions
from openstack.connection import Connection

from tests.identity.factories import PASSWORD
from tests.support.identity import make_admin, make_project, make_user, role

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


@pytest.fixture
def connect(live_server, tmp_path, monkeypatch) -> Callable[..., Connection]:
    monkeypatch.chdir(tmp_path)
    made: list[Connection] = []

    def build(**auth: Any) -> Connection:
        kind = auth.pop("auth_type", "password")
        found = openstack.connect(
            load_yaml_config=False,
            load_envvars=False,
            auth_type=kind,
            auth={"auth_url": f"{live_server.url}/identity/v3", **auth},
            region_name="RegionOne",
        )
        made.append(found)
        return found

    yield build
    for one in made:
        one.close()


def as_user(name: str, **scope: Any) -> dict[str, Any]:
    return {
        "username": name,
        "password": PASSWORD,
        "user_domain_id": "default",
        **(scope or {"project_name": "admin", "project_domain_id": "default"}),
    }


@pytest.fixture
def admin(connect) -> Connection:
    make_admin()
    return connect(**as_user("admin"))


def test_domains_projects_and_users(admin, connect) -> None:
    identity = admin.identity
    domain = identity.create_domain(name="research", description="d")
    project = identity.create_project(name="ours", domain_id=domain.id, is_enabled=True)
    user = identity.create_user(
        name="ada", domain_id=domain.id, password="first", default_project_id=project.id
    )
    member = identity.find_role("member")
    identity.assign_project_role_to_user(project, user, member)
    identity.assign_domain_role_to_user(domain, user, member)
    identity.assign_system_role_to_user(user, member, "all")
    assert identity.validate_user_has_project_role(project, user, member)
    assert identity.validate_user_has_domain_role(domain, user, member)
    assert identity.validate_user_has_system_role(user, member, "all")
    given = list(identity.role_assignments(user_id=user.id, include_names=True))
    assert len(given) == 3
    mine = {"username": "ada", "password": "first", "user_domain_name": "research"}
    for scope in (
        {"project_name": "ours", "project_domain_name": "research"},
        {"domain_id": domain.id},
        {"system_scope": "all"},
    ):
        assert connect(**mine, **scope).current_user_id == user.id
    identity.unassign_system_role_from_user(user, member, "all")
    with pytest.raises(exceptions.SDKException, match="401"):
        connect(**mine, system_scope="all").authorize()
    identity.update_user(user, description="x")
    assert identity.get_user(user.id).description == "x"
    assert [one.id for one in identity.user_projects(user)] == [project.id]
    assert list(identity.groups()) == []
    identity.update_domain(domain, is_enabled=False)
    with pytest.raises(exceptions.SDKException, match="401"):
        connect(**mine).authorize()
    identity.delete_domain(domain)
    assert identity.find_user("ada", ignore_missing=True) is None


def test_application_credentials(connect) -> None:
    ours = make_project("ours")
    ada = make_user("ada", ours, ["member"])
    mine = connect(**as_user("ada", project_id=ours.pk))
    identity = mine.identity
    made = identity.create_application_credential(
        ada.pk, "ci", roles=[{"name": "reader"}], expires_at="2040-01-01T00:00:00"
    )
    assert made.secret
    assert [one.name for one in identity.application_credentials(ada.pk)] == ["ci"]
    assert identity.find_application_credential(ada.pk, "ci").id == made.id
    program = connect(
        auth_type="v3applicationcredential",
        application_credential_id=made.id,
        application_credential_secret=made.secret,
    )
    assert program.current_project_id == ours.pk
    assert list(program.image.images()) == []
    with pytest.raises(exceptions.ForbiddenException):
        program.image.create_image(name="x", disk_format="raw", container_format="bare")
    with pytest.raises(exceptions.ForbiddenException):
        program.identity.create_application_credential(ada.pk, "child")
    by_name = connect(
        auth_type="v3applicationcredential",
        application_credential_name="ci",
        application_credential_secret=made.secret,
        username="ada",
        user_domain_name="Default",
    )
    assert by_name.current_user_id == ada.pk
    identity.delete_application_credential(ada.pk, made)
    with pytest.raises(refused.Unauthorized):
        list(program.image.images())


def test_services_endpoints_and_regions(admin, connect) -> None:
    identity = admin.identity
    region = identity.create_region(id="Oslo", description="d")
    service = identity.create_service(type="compute", name="nova", is_enabled=True)
    url = "https://nova.example.org/v2.1/%(project_id)s"
    endpoint = identity.create_endpoint(
        service_id=service.id, interface="public", url=url, region_id=region.id
    )
    fresh = connect(**as_user("admin"))
    catalog = fresh.session.auth.get_access(fresh.session).service_catalog
    found = catalog.url_for(service_type="compute", interface="public", region_name="Oslo")
    assert found == url % {"project_id": fresh.current_project_id}
    assert [one.id for one in identity.endpoints(service_id=service.id)] == [endpoint.id]
    identity.update_endpoint(endpoint, url="https://elsewhere.example.org")
    assert identity.get_endpoint(endpoint.id).url == "https://elsewhere.example.org"
    with pytest.raises(exceptions.ForbiddenException):
        identity.delete_region(region)
    identity.delete_endpoint(endpoint)
    identity.delete_service(service)
    identity.delete_region(region)
    assert identity.find_service("nova", ignore_missing=True) is None


def test_implied_roles_and_hierarchies(admin) -> None:
    identity = admin.identity
    auditor = identity.create_role(name="auditor", description="d")
    answer = identity.put(f"/roles/{auditor.id}/implies/{role('reader').pk}")
    assert answer.status_code == 201
    rules = identity.get("/role_inferences").json()["role_inferences"]
    assert "auditor" in {one["prior_role"]["name"] for one in rules}
    top = identity.create_project(name="top", domain_id="default")
    down = identity.create_project(name="down", parent_id=top.id, domain_id="default")
    answer = identity.get(f"/projects/{down.id}?parents_as_ids")
    assert answer.json()["project"]["parents"] == {top.id: {"default": None}}
    identity.delete_role(auditor)


def test_changing_one_s_own_password(connect) -> None:
    ours = make_project("ours")
    ada = make_user("ada", ours)
    mine = connect(**as_user("ada", project_id=ours.pk))
    assert mine.identity.get_user(ada.pk).name == "ada"
    body = {"user": {"password": "fresh", "original_password": PASSWORD}}
    assert mine.identity.post(f"/users/{ada.pk}/password", json=body).status_code == 204
    with pytest.raises(refused.Unauthorized):
        mine.identity.get_user(ada.pk)
    again = connect(**as_user("ada", project_id=ours.pk) | {"password": "fresh"})
    assert again.identity.get_user(ada.pk).name == "ada"
