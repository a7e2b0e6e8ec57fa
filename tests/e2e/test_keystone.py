"""The running service beside a Keystone of its own: old addresses, refusals, limits, and Keystone being killed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.keystone import Cloud
from tests.support.patience import eventually
from tests.support.service import PASSWORD, Service, configured

pytestmark = [pytest.mark.e2e, pytest.mark.keystone, pytest.mark.timeout(900)]

AT_ONCE = {
    "VITRINE_KEYSTONE_CACHE_SECONDS": "0",
    "VITRINE_KEYSTONE_LIMITS_SECONDS": "0",
    "VITRINE_IMAGES_LIMITS": "keystone",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with configured(tmp_path_factory.mktemp("keystone"), "keystone", **AT_ONCE) as found:
        found.start()
        yield found


@pytest.fixture(scope="module")
def keystone(world: Service) -> Cloud:
    assert world.keystone
    return Cloud(world.keystone.url, PASSWORD)


def create(world: Service, token: str) -> tuple[int, dict[str, Any]]:
    status, answer, _ = world.call("POST", "/image/v2/images", {"name": "x"}, token=token)
    return status, json.loads(answer) if status == 201 else {"text": answer.decode()}


def test_the_old_address_says_where_keystone_is(world: Service, keystone: Cloud) -> None:
    version = json.loads(world.get("/identity/v3")[1])["version"]
    assert version["links"] == [{"rel": "self", "href": f"{keystone.url}/"}]
    status, answer, _ = world.call("POST", "/identity/v3/auth/tokens", {})
    error = json.loads(answer)["error"]
    assert (status, error["error_code"]) == (410, "identity_elsewhere")
    assert keystone.url in error["message"]
    told = world.openstack("--os-auth-url", f"{world.url}/identity/v3", "token", "issue", expect=1)
    assert keystone.url in told


def test_refusals_name_keystone(world: Service, keystone: Cloud) -> None:
    for method, path in (("GET", "/image/v2/images"), ("PUT", "/image/v2/images/x/file")):
        for token in ("", "garbage"):
            status, _, headers = world.call(method, path, token=token)
            told = {k.lower(): v for k, v in headers.items()}.get("www-authenticate")
            assert (status, told) == (401, f'Keystone uri="{keystone.url}"')


def test_limits_are_keystones(world: Service, keystone: Cloud) -> None:
    ada = keystone.person("member")
    token = ada.token(keystone.url)
    status, error = create(world, token)
    assert status == 413, error
    assert "image_count_total" in error["text"]

    image = keystone.call("GET", "/services?type=image")["services"][0]["id"]
    defaults = {"image_count_total": 1, "image_count_uploading": 10, "image_size_total": -1}
    rows = [
        {"service_id": image, "resource_name": name, "default_limit": limit}
        for name, limit in defaults.items()
    ]
    keystone.call("POST", "/registered_limits", {"registered_limits": rows})
    assert create(world, token)[0] == 201
    assert create(world, token)[0] == 413
    own = {
        "service_id": image,
        "project_id": ada.project_id,
        "resource_name": "image_count_total",
        "resource_limit": 2,
    }
    keystone.call("POST", "/limits", {"limits": [own]})
    assert create(world, token)[0] == 201
    assert create(world, token)[0] == 413
    usage = json.loads(world.get("/image/v2/info/usage", token)[1])["usage"]
    assert usage["image_count_total"] == {"limit": 2, "usage": 2}


def test_keystone_killed_and_back(world: Service, keystone: Cloud) -> None:
    assert world.keystone
    token = keystone.person("member").token(keystone.url)
    assert world.get("/image/v2/images", token)[0] == 200
    world.keystone.run("kill", "keystone")
    status, answer, headers = world.call("GET", "/image/v2/images", token=token)
    assert status == 503
    assert b"Keystone does not answer" in answer
    assert {k.lower(): v for k, v in headers.items()}["retry-after"] == "5"
    status, answer = world.get("/healthz/ready")
    assert status == 200
    told = json.loads(answer)
    assert (told["status"], told["parts"]["identity"]["ok"]) == ("degraded", False)
    assert world.get("/healthz/live")[0] == 200
    assert world.get("/sign-in")[0] == 200
    world.keystone.run("start", "keystone")
    again = eventually(
        lambda: world.get("/image/v2/images", token)[0], lambda status: status == 200
    )
    assert again == 200
    ready = eventually(
        lambda: json.loads(world.get("/healthz/ready")[1])["status"], lambda status: status == "ok"
    )
    assert ready == "ok"
