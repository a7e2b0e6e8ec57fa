"""Keystone's unified limits as the source of the images' limits."""

from typing import Any

import pytest

from identity.errors import KeystoneUnavailable
from images.limits.resources import Resource
from settings.unified_limits import KeystoneLimits
from tests.keystone.conftest import Configure
from tests.support.keystone import Cloud, Person, made_up, service_user

pytestmark = pytest.mark.keystone


@pytest.fixture
def seer(cloud: Cloud) -> Person:
    """A service user who may read limits."""
    found = service_user(cloud)
    cloud.call("PUT", f"/system/users/{found.id}/roles/{cloud.find('role', 'reader')}")
    return found


@pytest.fixture
def shop(cloud: Cloud) -> tuple[str, str]:
    """A region of its own, and the id of the image service."""
    region = cloud.region()
    return region, cloud.endpoint("image", "http://127.0.0.1:9/image", region)


def register(cloud: Cloud, shop: tuple[str, str], **defaults: int) -> None:
    rows = [
        {"service_id": shop[1], "region_id": shop[0], "resource_name": name, "default_limit": limit}
        for name, limit in defaults.items()
    ]
    cloud.call("POST", "/registered_limits", {"registered_limits": rows})


def override(cloud: Cloud, shop: tuple[str, str], project: str, **limits: int) -> None:
    rows = [
        {
            "service_id": shop[1],
            "region_id": shop[0],
            "project_id": project,
            "resource_name": name,
            "resource_limit": limit,
        }
        for name, limit in limits.items()
    ]
    cloud.call("POST", "/limits", {"limits": rows})


def test_registered_limits_and_what_a_project_has_instead(
    cloud: Cloud, configure: Configure, seer: Person, shop: tuple[str, str]
) -> None:
    configure(username=seer.name, project=seer.project, region=shop[0], limits_seconds=300)
    ours, theirs = cloud.project()["id"], cloud.project()["id"]
    register(cloud, shop, image_count_total=10, image_size_total=-1, other=3)
    override(cloud, shop, ours, image_count_total=2)
    source = KeystoneLimits()
    # What is not registered is left out, and so allows nothing.
    assert source.limits_for(ours) == {Resource.COUNT_TOTAL: 2, Resource.SIZE_TOTAL: -1}
    assert source.limits_for(theirs) == {Resource.COUNT_TOTAL: 10, Resource.SIZE_TOTAL: -1}
    override(cloud, shop, theirs, image_count_total=7)
    assert source.limits_for(theirs)[Resource.COUNT_TOTAL] == 10  # remembered
    configure(username=seer.name, project=seer.project, region=made_up("nowhere"))


def test_limits_of_another_region_do_not_count(
    cloud: Cloud, configure: Configure, seer: Person, shop: tuple[str, str]
) -> None:
    register(cloud, shop, image_count_total=10)
    configure(username=seer.name, project=seer.project, region=cloud.region())
    assert KeystoneLimits().limits_for(cloud.project()["id"]) == {}


def test_what_is_set_up_wrongly_is_said(
    cloud: Cloud, configure: Configure, shop: tuple[str, str]
) -> None:
    configure(region=shop[0])  # its user may not read limits
    with pytest.raises(KeystoneUnavailable, match="role reader on the system"):
        KeystoneLimits().limits_for("project")


def test_keystone_being_away_is_said(
    cloud: Cloud, configure: Configure, seer: Person, way: Any
) -> None:
    forwarder, region = way
    configure(username=seer.name, project=seer.project, region=region, retries=0)
    forwarder.cut()
    with pytest.raises(KeystoneUnavailable):
        KeystoneLimits().limits_for("project")
