"""Who may do what, set up and used with the stock client, on both profiles."""

import json
from typing import Any

import pytest
import yaml

from tests.support.service import Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def add_cloud(service: Service, name: str, *, kind: str = "password", **auth: str) -> None:
    """Add a cloud with its own way to sign in to the client's configuration."""
    path = service.folder / "clouds.yaml"
    document = yaml.safe_load(path.read_text())
    address = document["clouds"]["vitrine"]["auth"]["auth_url"]
    document["clouds"][name] = {
        "auth_type": kind,
        "auth": {"auth_url": address, **auth},
        "region_name": "RegionOne",
        "identity_api_version": 3,
    }
    path.write_text(yaml.safe_dump(document))


def rows(service: Service, *arguments: str, cloud: str = "vitrine") -> Any:
    return json.loads(service.openstack(*arguments, "-f", "json", cloud=cloud))


@pytest.fixture(scope="module")
def world(service: Service) -> Service:
    """A domain with a project, and a user who is a member there and an administrator of the system."""
    service.openstack("domain", "create", "research")
    service.openstack("project", "create", "--domain", "research", "lab")
    service.openstack(
        *("user", "create", "--domain", "research", "--password", "grace-secret-1", "grace")
    )
    who = ("--user", "grace", "--user-domain", "research")
    where = ("--project", "lab", "--project-domain", "research")
    service.openstack("role", "add", *who, *where, "member")
    service.openstack("role", "add", *who, "--system", "all", "admin")
    mine = {
        "username": "grace",
        "password": "grace-secret-1",
        "user_domain_name": "research",
    }
    add_cloud(service, "grace", **mine, project_name="lab", project_domain_name="research")
    add_cloud(service, "system", **mine, system_scope="all")
    return service


def test_roles_are_listed_where_they_count(world: Service) -> None:
    found = rows(
        *(world, "role", "assignment", "list", "--names"),
        *("--user", "grace", "--user-domain", "research"),
    )
    assert {(r["Role"], r["Project"], r["System"]) for r in found} == {
        ("member", "lab@research", ""),
        ("admin", "", "all"),
    }


def test_a_program_signs_in_with_an_application_credential(world: Service) -> None:
    made = rows(
        world,
        *("application", "credential", "create", "--role", "reader", "ci"),
        cloud="grace",
    )
    add_cloud(
        world,
        "ci",
        kind="v3applicationcredential",
        application_credential_id=made.get("id") or made["ID"],
        application_credential_secret=made.get("secret") or made["Secret"],
    )
    assert rows(world, "image", "list", cloud="ci") == []
    refused = ("image", "create", "--disk-format", "raw", "--container-format", "bare", "x")
    assert "403" in world.openstack(*refused, cloud="ci", expect=1)
    world.openstack("application", "credential", "delete", "ci", cloud="grace")
    assert "401" in world.openstack("image", "list", cloud="ci", expect=1)


def test_the_system_is_administered_and_has_no_images(world: Service) -> None:
    names = {row["Name"] for row in rows(world, "user", "list", cloud="system")}
    assert {"admin", "grace"} <= names
    refused = world.openstack("image", "list", cloud="system", expect=1)
    assert "scoped to a project" in refused


def test_the_catalog_tells_of_a_new_service(world: Service) -> None:
    world.openstack("service", "create", "--name", "nova", "compute")
    world.openstack(
        *("endpoint", "create", "--region", "RegionOne", "compute", "public"),
        "https://nova.example.org/v2.1",
    )
    shown = world.openstack("catalog", "show", "compute", cloud="grace")
    assert "https://nova.example.org/v2.1" in shown
    assert len(rows(world, "endpoint", "list", "--service", "compute")) == 1
    world.openstack("service", "delete", "nova")
    assert "compute" not in world.openstack("catalog", "list", cloud="grace")


def test_a_password_is_changed_by_its_owner(world: Service) -> None:
    world.openstack("user", "create", "--password", "henry-secret-1", "henry")
    mine = {"username": "henry", "user_domain_name": "Default"}
    for number in "12":
        add_cloud(world, f"henry{number}", **mine, password=f"henry-secret-{number}")
    change = ("user", "password", "set", "--password", "henry-secret-2", "--original-password")
    world.openstack(*change, "wrong", cloud="henry1", expect=1)
    world.openstack(*change, "henry-secret-1", cloud="henry1")
    world.openstack("token", "issue", cloud="henry1", expect=1)
    world.openstack("token", "issue", cloud="henry2")
