"""The same walk with each of OpenStack's clients: two projects share an image, and every right is tried."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import openstack
import pytest
from glanceclient import Client as GlanceClient
from glanceclient import exc as glance_errors
from keystoneauth1 import session as keystone_session
from keystoneauth1.identity import v3
from openstack import exceptions as sdk_errors

from tests.support.disks import qcow2
from tests.support.service import Service

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(900),
    # What openstacksdk says of itself.
    pytest.mark.filterwarnings("ignore:Support for InfluxDB"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.parametrize(
        "service", ["embedded", "production-redis"], indirect=True, scope="module"
    ),
]
PEOPLE = ("ada", "bob")


@pytest.fixture(scope="module")
def world(service: Service) -> Service:
    """Two projects with a member each; the clients know them as the clouds `ada` and `bob`."""
    import yaml

    token = service.token()

    def call(method: str, path: str, body: Any = None) -> Any:
        status, answer, _ = service.call(method, f"/identity/v3/{path}", body, token=token)
        assert status < 300, answer
        return json.loads(answer) if answer else None

    roles = {one["name"]: one["id"] for one in call("GET", "roles")["roles"]}
    path = service.folder / "clouds.yaml"
    clouds = yaml.safe_load(path.read_text())
    for name in PEOPLE:
        project = call("POST", "projects", {"project": {"name": name, "domain_id": "default"}})
        person = {"name": name, "password": f"{name}-secret-1", "domain_id": "default"}
        user = call("POST", "users", {"user": person})["user"]["id"]
        call("PUT", f"projects/{project['project']['id']}/users/{user}/roles/{roles['member']}")
        mine = json.loads(json.dumps(clouds["clouds"]["vitrine"]))
        mine["auth"] |= {"username": name, "password": f"{name}-secret-1", "project_name": name}
        clouds["clouds"][name] = mine
    path.write_text(yaml.safe_dump(clouds))
    return service


def project_of(world: Service, name: str) -> str:
    answer = world.get(f"/identity/v3/projects?name={name}", world.token())[1]
    return str(json.loads(answer)["projects"][0]["id"])


def listed(world: Service, cloud: str, *filters: str) -> set[str]:
    rows = json.loads(world.openstack("image", "list", *filters, "-f", "json", cloud=cloud))
    return {row["ID"] for row in rows}


def test_openstackclient(world: Service, tmp_path: Path) -> None:
    disk, copy = qcow2(tmp_path / "disk.qcow2"), tmp_path / "copy"
    create = ["--disk-format", "qcow2", "--container-format", "bare", "--file", str(disk)]
    made = world.openstack("image", "create", *create, "walk", "-f", "json", cloud="ada")
    image_id = str(json.loads(made)["id"])
    assert listed(world, "ada", "--name", "walk") == {image_id}
    world.openstack("image", "save", "--file", str(copy), "walk", cloud="ada")
    assert copy.read_bytes() == disk.read_bytes()
    world.openstack("image", "set", "--tag", "golden", image_id, cloud="ada")
    assert listed(world, "ada", "--tag", "golden") == {image_id}
    world.openstack("image", "unset", "--tag", "golden", image_id, cloud="ada")
    assert listed(world, "ada", "--tag", "golden") == set()

    bob = project_of(world, "bob")
    world.openstack("image", "show", image_id, cloud="bob", expect=1)
    world.openstack("image", "add", "project", image_id, bob, cloud="ada")
    assert image_id not in listed(world, "bob")
    world.openstack("image", "set", "--accept", "--project", bob, image_id, cloud="bob")
    assert image_id in listed(world, "bob", "--shared")
    world.openstack("image", "set", "--name", "mine", image_id, cloud="bob", expect=1)

    world.openstack("image", "set", "--deactivate", image_id, cloud="ada")
    world.openstack("image", "save", "--file", str(copy), image_id, cloud="bob", expect=1)
    world.openstack("image", "set", "--activate", "--hidden", image_id, cloud="ada")
    assert image_id not in listed(world, "ada")
    assert listed(world, "ada", "--hidden") == {image_id}
    world.openstack("image", "set", "--unhidden", "--protected", image_id, cloud="ada")
    world.openstack("image", "delete", image_id, cloud="ada", expect=1)
    world.openstack("image", "set", "--unprotected", image_id, cloud="ada")
    world.openstack("image", "delete", image_id, cloud="ada")
    world.openstack("image", "show", image_id, cloud="ada", expect=1)


def glance(world: Service, name: str) -> Any:
    login = v3.Password(
        auth_url=f"{world.url}/identity/v3",
        username=name,
        password=f"{name}-secret-1",
        project_name=name,
        user_domain_id="default",
        project_domain_id="default",
    )
    return GlanceClient("2", session=keystone_session.Session(auth=login))


def test_glanceclient(world: Service) -> None:
    ada, bob, content = glance(world, "ada"), glance(world, "bob"), b"content" * 5000
    image = ada.images.create(
        name="walk2", disk_format="raw", container_format="bare", os_distro="debian"
    )
    ada.images.upload(image.id, io.BytesIO(content))
    [found] = ada.images.list(filters={"name": "walk2", "os_distro": "debian"})
    assert (found.id, found.status) == (image.id, "active")
    assert found.os_hash_value == hashlib.sha512(content).hexdigest()
    assert b"".join(ada.images.data(image.id)) == content
    ada.image_tags.update(image.id, "golden")
    assert [one.id for one in ada.images.list(filters={"tag": ["golden"]})] == [image.id]
    ada.image_tags.delete(image.id, "golden")
    assert ada.images.get(image.id).tags == []

    theirs = project_of(world, "bob")
    with pytest.raises(glance_errors.HTTPNotFound):
        bob.images.get(image.id)
    ada.image_members.create(image.id, theirs)
    assert [one.status for one in bob.image_members.list(image.id)] == ["pending"]
    bob.image_members.update(image.id, theirs, "accepted")
    assert image.id in {one.id for one in bob.images.list()}
    with pytest.raises(glance_errors.HTTPForbidden):
        bob.images.update(image.id, name="mine")
    with pytest.raises(glance_errors.HTTPForbidden):
        ada.image_members.update(image.id, theirs, "rejected")

    ada.images.deactivate(image.id)
    with pytest.raises(glance_errors.HTTPForbidden):
        bob.images.data(image.id)
    ada.images.reactivate(image.id)
    ada.images.update(image.id, os_hidden=True)
    assert image.id not in {one.id for one in ada.images.list()}
    ada.images.update(image.id, os_hidden=False, protected=True, remove_props=["os_distro"])
    with pytest.raises(glance_errors.HTTPForbidden):
        ada.images.delete(image.id)
    ada.image_members.delete(image.id, theirs)
    with pytest.raises(glance_errors.HTTPNotFound):
        bob.images.get(image.id)
    ada.images.update(image.id, protected=False)
    ada.images.delete(image.id)
    with pytest.raises(glance_errors.HTTPNotFound):
        ada.images.get(image.id)


def connection(world: Service, name: str) -> Any:
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth_url=f"{world.url}/identity/v3",
        username=name,
        password=f"{name}-secret-1",
        project_name=name,
        user_domain_id="default",
        project_domain_id="default",
        region_name="RegionOne",
    )


def test_openstacksdk(world: Service, tmp_path: Path) -> None:
    ada, bob, disk = (
        connection(world, "ada").image,
        connection(world, "bob").image,
        tmp_path / "disk",
    )
    disk.write_bytes(b"content" * 5000)
    image = ada.create_image(
        "walk3", data=disk.read_bytes(), disk_format="raw", container_format="bare", wait=True,
        validate_checksum=True, hw_disk_bus="virtio",
    )  # fmt: skip
    [found] = ada.images(name="walk3")
    assert (found.id, found.status, found.hw_disk_bus) == (image.id, "active", "virtio")
    assert ada.download_image(image).content == disk.read_bytes()
    ada.add_tag(image, "golden")
    assert [one.id for one in ada.images(tag="golden")] == [image.id]
    ada.remove_tag(image, "golden")
    assert ada.get_image(image.id).tags == []

    theirs = project_of(world, "bob")
    with pytest.raises(sdk_errors.NotFoundException):
        bob.get_image(image.id)
    ada.add_member(image, member_id=theirs)
    bob.update_member(theirs, image, status="accepted")
    assert image.id in {one.id for one in bob.images()}
    with pytest.raises(sdk_errors.ForbiddenException):
        bob.update_image(image.id, name="mine")

    ada.deactivate_image(image)
    with pytest.raises(
        sdk_errors.SDKException
    ):  # it takes the refusal for data, and compares digests
        bob.download_image(image)
    ada.reactivate_image(image)
    ada.update_image(image.id, is_hidden=True)
    assert image.id not in {one.id for one in ada.images()}
    ada.update_image(image.id, is_hidden=False, is_protected=True)
    with pytest.raises(sdk_errors.ForbiddenException):
        ada.delete_image(image.id, ignore_missing=False)
    ada.update_image(image.id, is_protected=False)
    ada.delete_image(image.id, ignore_missing=False)
    with pytest.raises(sdk_errors.NotFoundException):
        ada.get_image(image.id)
