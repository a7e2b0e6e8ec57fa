"""One true path through every layer, as a stranger walks it: with the stock client, on both profiles."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import running
from tests.support.disks import qcow2
from tests.support.patience import eventually
from tests.support.service import PROFILES, Service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

NAMESPACE = {
    "namespace": "Acme::Compute",
    "visibility": "public",
    "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "hw_"}],
    "properties": {
        "cores": {"title": "Cores", "type": "integer", "minimum": 1, "maximum": 8},
        "mode": {"title": "Mode", "type": "string", "enum": ["fast", "safe"]},
    },
}


def clouds_for(service: Service, name: str, user: str, project: str) -> None:
    """Add a second cloud to the client's configuration."""
    import yaml

    path = service.folder / "clouds.yaml"
    document = yaml.safe_load(path.read_text())
    mine = json.loads(json.dumps(document["clouds"]["vitrine"]))
    mine["auth"] |= {"username": user, "password": f"{user}-secret-1", "project_name": project}
    document["clouds"][name] = mine
    path.write_text(yaml.safe_dump(document))


def search(service: Service, token: str, body: dict[str, Any]) -> dict[str, Any]:
    status, answer, _ = service.call(
        "POST", "/search/v1/search?consistency=wait", body, token=token
    )
    assert status == 200, answer
    return json.loads(answer)


@pytest.fixture(scope="module", params=(*PROFILES, "keystone"))
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Every profile, and the embedded one with a Keystone that knows the users."""
    yield from running(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def world(service: Service) -> Service:
    """Two projects with a user each, and the namespace that governs images."""
    for name in ("ada", "bob"):
        service.openstack("project", "create", f"{name}-project")
        service.openstack(
            "user", "create", "--project", f"{name}-project", "--password", f"{name}-secret-1", name
        )
        service.openstack("role", "add", "--user", name, "--project", f"{name}-project", "member")
        clouds_for(service, name, name, f"{name}-project")
    status, answer, _ = service.call(
        "POST", "/image/v2/metadefs/namespaces", NAMESPACE, token=service.token()
    )
    assert status == 201, answer
    return service


def test_identity_by_the_client(world: Service) -> None:
    assert "id" in json.loads(world.openstack("token", "issue", "-f", "json"))
    types = {row["Type"] for row in json.loads(world.openstack("catalog", "list", "-f", "json"))}
    assert {"identity", "image", "search", "artifact"} <= types
    names = {row["Name"] for row in json.loads(world.openstack("project", "list", "-f", "json"))}
    assert {"admin", "ada-project", "bob-project"} <= names
    world.openstack("user", "create", "x", cloud="ada", expect=1)


def test_an_image_from_upload_to_download(world: Service, tmp_path: Path) -> None:
    disk = qcow2(tmp_path / "disk.qcow2")
    created = json.loads(
        world.openstack(
            "image",
            "create",
            "--disk-format",
            "qcow2",
            "--container-format",
            "bare",
            "--file",
            str(disk),
            "--property",
            "hw_cores=4",
            "--tag",
            "golden",
            "my-image",
            "-f",
            "json",
            cloud="ada",
        )
    )
    image_id = created["id"]
    shown = json.loads(world.openstack("image", "show", image_id, "-f", "json", cloud="ada"))
    assert shown["status"] == "active"
    assert shown["size"] == disk.stat().st_size
    assert shown["properties"]["os_hash_value"] == hashlib.sha512(disk.read_bytes()).hexdigest()
    assert shown["checksum"] == hashlib.md5(disk.read_bytes()).hexdigest()
    assert image_id in world.openstack("image", "list", cloud="ada")
    assert image_id not in world.openstack("image", "list", cloud="bob")
    world.openstack(
        "image", "set", "--property", "os_distro=ubuntu", "--name", "renamed", image_id, cloud="ada"
    )
    assert (
        json.loads(world.openstack("image", "show", "renamed", "-f", "json", cloud="ada"))[
            "properties"
        ]["os_distro"]
        == "ubuntu"
    )
    world.openstack("image", "save", "--file", str(tmp_path / "back"), image_id, cloud="ada")
    assert (tmp_path / "back").read_bytes() == disk.read_bytes()
    world.openstack(
        "image", "save", "--file", str(tmp_path / "no"), image_id, cloud="bob", expect=1
    )
    world.openstack("image", "delete", image_id, cloud="ada")
    world.openstack("image", "show", image_id, cloud="ada", expect=1)


def test_what_the_namespace_forbids_is_refused_and_stored_nowhere(
    world: Service, tmp_path: Path
) -> None:
    refused = world.openstack(
        "image",
        "create",
        "--disk-format",
        "raw",
        "--container-format",
        "bare",
        "--property",
        "hw_cores=99",
        "illegal",
        cloud="ada",
        expect=1,
    )
    for word in ("400", "hw_cores", "Acme::Compute", "maximum 8", "'99'"):
        assert word in refused, refused
    assert "illegal" not in world.openstack("image", "list", cloud="ada")
    image = json.loads(
        world.openstack(
            "image",
            "create",
            "--disk-format",
            "raw",
            "--container-format",
            "bare",
            "--property",
            "hw_mode=fast",
            "legal",
            "-f",
            "json",
            cloud="ada",
        )
    )
    refused = world.openstack(
        "image", "set", "--property", "hw_mode=slow", image["id"], cloud="ada", expect=1
    )
    for word in ("400", "hw_mode", "Acme::Compute", "enum", "'slow'"):
        assert word in refused, refused
    shown = json.loads(world.openstack("image", "show", image["id"], "-f", "json", cloud="ada"))
    assert shown["properties"]["hw_mode"] == "fast"
    world.openstack("image", "delete", image["id"], cloud="ada")


def test_a_search_right_after_the_write_finds_it_and_tells_others_nothing(world: Service) -> None:
    ada, bob = (world.token(n, f"{n}-secret-1", f"{n}-project") for n in ("ada", "bob"))
    fields = {
        "name": "zebrafish lab",
        "disk_format": "raw",
        "container_format": "bare",
        "hw_cores": "3",
        "tags": ["marine"],
    }
    status, answer, _ = world.call("POST", "/image/v2/images", fields, token=ada)
    assert status == 201, answer
    image_id = json.loads(answer)["id"]
    body = {
        "query": {"query_string": {"query": "zebrafish AND hw_cores:[2 TO 8]"}},
        "sort": [{"created_at": "desc"}],
        "highlight": {"fields": {"name": {}}},
        "aggs": {
            "tags": {"terms": {"field": "tags"}},
            "formats": {"terms": {"field": "disk_format"}},
        },
    }
    mine = search(world, ada, body)
    assert [hit["_source"]["id"] for hit in mine["hits"]["hits"]] == [image_id]
    assert {b["key"]: b["doc_count"] for b in mine["aggregations"]["tags"]["buckets"]} == {
        "marine": 1
    }
    assert "zebrafish" in str(mine["hits"]["hits"][0]["highlight"])
    theirs = search(world, bob, body)
    assert theirs["hits"]["hits"] == []
    assert "marine" not in json.dumps(theirs)
    assert "zebrafish" not in json.dumps(theirs).replace("zebrafish AND", "")
    everything = search(world, bob, {"query": {"match_all": {}}, "aggs": body["aggs"]})
    assert "marine" not in json.dumps(everything)
    world.call("DELETE", f"/image/v2/images/{image_id}", token=ada)
    assert search(world, ada, body)["hits"]["hits"] == []


def test_another_type_on_the_same_tables(world: Service) -> None:
    ada, bob = (world.token(n, f"{n}-secret-1", f"{n}-project") for n in ("ada", "bob"))
    path = "/artifact/artifacts/heat_templates"
    status, answer, _ = world.call(
        "POST",
        path,
        {"name": "three-tier", "version": "1.0.0", "metadata": {"team": "ops"}},
        token=ada,
    )
    assert status == 201, answer
    one = f"{path}/{json.loads(answer)['id']}"
    assert world.call(
        "PUT",
        f"{one}/template",
        b"heat_template_version: 2021-04-16\n",
        token=ada,
        content_type="text/yaml",
    )[0] in (200, 204)
    assert world.get(f"{one}/template", ada) == (200, b"heat_template_version: 2021-04-16\n")
    assert json.loads(world.get(one, ada)[1])["template"]["size"] == 34
    assert len(json.loads(world.get(path, ada)[1])["artifacts"]) == 1
    assert json.loads(world.get(path, bob)[1])["artifacts"] == []
    assert world.get(one, bob)[0] == world.get(f"{one}/template", bob)[0] == 404
    found = search(
        world,
        ada,
        {
            "type": "OS::Glare::HeatTemplate",
            "query": {"query_string": {"query": "properties.team:ops"}},
        },
    )
    assert [hit["_source"]["name"] for hit in found["hits"]["hits"]] == ["three-tier"]
    assert world.call("DELETE", one, token=ada)[0] == 204
    assert world.get(one, ada)[0] == 404


def test_tightening_a_namespace_judges_what_is_stored(world: Service) -> None:
    import time

    ada, admin = world.token("ada", "ada-secret-1", "ada-project"), world.token()
    status, answer, _ = world.call(
        "POST", "/image/v2/images", {"name": "eight", "hw_cores": "8"}, token=ada
    )
    assert status == 201, answer
    image_id = json.loads(answer)["id"]
    tighter = {"name": "cores", **NAMESPACE["properties"]["cores"], "maximum": 4}  # type: ignore[index]
    path = "/image/v2/metadefs/namespaces/Acme::Compute/properties/cores"
    assert world.call("PUT", path, tighter, token=admin)[0] == 200
    body = {"query": {"bool": {"filter": [{"term": {"valid": False}}, {"term": {"id": image_id}}]}}}
    limit = time.monotonic() + 300
    while not search(world, ada, body)["hits"]["hits"]:
        assert time.monotonic() < limit, "the image was not judged anew"
        time.sleep(0.2)
    patch = [{"op": "add", "path": "/os_distro", "value": "debian"}]
    media_type = "application/openstack-images-v2.1-json-patch"
    assert (
        world.call(
            "PATCH", f"/image/v2/images/{image_id}", patch, token=ada, content_type=media_type
        )[0]
        == 200
    )
    patch = [{"op": "replace", "path": "/hw_cores", "value": "7"}]
    assert (
        world.call(
            "PATCH", f"/image/v2/images/{image_id}", patch, token=ada, content_type=media_type
        )[0]
        == 400
    )
    assert world.call("PUT", path, tighter | {"maximum": 8}, token=admin)[0] == 200
    world.call("DELETE", f"/image/v2/images/{image_id}", token=ada)


def test_health_metrics_and_page(world: Service) -> None:
    assert world.get("/healthz/live")[0] == 200
    ready = eventually(lambda: world.get("/healthz/ready"), lambda answer: answer[0] == 200)
    assert ready[0] == 200, ready[1]
    status, metrics = world.get("/metrics")
    assert status == 200
    assert b"vitrine_" in metrics
    status, page = world.get("/", Accept="text/html")
    assert status in (200, 302)
    assert b"<html" in page.lower()
