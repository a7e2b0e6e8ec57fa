"""Services, endpoints and regions: what is configured stands until an administrator says otherwise."""

import pytest

from catalog.models import Event
from identity.models import Endpoint, Region, Service
from identity.services.assignments import assign
from identity.services.offering import restore
from tests.identity.api import Api
from tests.identity.factories import SYSTEM
from tests.support.identity import make_admin, role, token_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api(token_for(*make_admin()))


def catalog(ada) -> dict[str, dict[str, str]]:
    """Type → interface → address, as a token for `ada` tells it."""
    told = Api().sign_in("ada").json()["token"]["catalog"]
    token = token_for(ada, ada.default_project)
    asked = Api(token).get("/auth/catalog").json()["catalog"]
    assert asked == told
    return {one["type"]: {e["interface"]: e["url"] for e in one["endpoints"]} for one in told}


def made(api: Api, noun: str, **row) -> dict:
    answer = api.post(f"/{noun}s", {noun: row})
    assert answer.status_code == 201, answer.content
    return answer.json()[noun]


def test_a_service_and_its_endpoint_live(api, ada) -> None:
    service = made(api, "service", type="compute", name="nova", description="d", colour="red")
    assert service == {
        "id": service["id"],
        "type": "compute",
        "name": "nova",
        "description": "d",
        "enabled": True,
        "colour": "red",
        "links": {"self": f"http://testserver/identity/v3/services/{service['id']}"},
    }
    url = "https://nova.example.org/v2.1/$(project_id)s"
    endpoint = made(
        api, "endpoint", service_id=service["id"], interface="public", url=url, region="RegionOne"
    )
    assert endpoint == {
        "id": endpoint["id"],
        "service_id": service["id"],
        "interface": "public",
        "region": "RegionOne",
        "region_id": "RegionOne",
        "url": url,
        "enabled": True,
        "links": {"self": f"http://testserver/identity/v3/endpoints/{endpoint['id']}"},
    }
    project = ada.default_project_id
    assert catalog(ada)["compute"] == {"public": f"https://nova.example.org/v2.1/{project}"}
    one = f"/endpoints/{endpoint['id']}"
    assert api.get(one).json()["endpoint"] == endpoint
    assert api.get(f"/endpoints?service_id={service['id']}").json()["endpoints"] == [endpoint]
    changed = api.patch(one, {"endpoint": {"url": "https://other/%(tenant_id)s/%(user_id)s"}})
    assert changed.json()["endpoint"]["id"] == endpoint["id"]
    assert catalog(ada)["compute"] == {"public": f"https://other/{project}/{ada.pk}"}
    api.patch(one, {"endpoint": {"enabled": False}})
    assert catalog(ada)["compute"] == {}
    api.patch(f"/services/{service['id']}", {"service": {"enabled": False}})
    assert "compute" not in catalog(ada)
    assert api.delete(one).status_code == 204
    assert [api.call(m, one).status_code for m in ("GET", "DELETE")] == [404, 404]
    assert api.delete(f"/services/{service['id']}").status_code == 204
    assert api.get(f"/services/{service['id']}").status_code == 404
    assert Service.objects.count() == 0
    kinds = list(Event.objects.filter(object_id=endpoint["id"]).values_list("kind", flat=True))
    assert sorted(kinds) == [
        "endpoint.created",
        "endpoint.deleted",
        "endpoint.updated",
        "endpoint.updated",
    ]


def test_deleting_a_service_takes_its_endpoints(api, ada) -> None:
    service = made(api, "service", type="compute")
    row = {"service_id": service["id"], "interface": "internal", "url": "http://x/"}
    endpoint = made(api, "endpoint", **row)
    assert endpoint["region_id"] is None
    assert api.delete(f"/services/{service['id']}").status_code == 204
    assert api.get(f"/endpoints/{endpoint['id']}").status_code == 404
    assert "compute" not in catalog(ada)


def test_what_is_configured_can_be_changed_and_comes_back(api, ada) -> None:
    (image,) = api.get("/services?type=image").json()["services"]
    path = f"/endpoints?service_id={image['id']}&interface=public"
    (public,) = api.get(path).json()["endpoints"]
    one = f"/endpoints/{public['id']}"
    assert Endpoint.objects.count() == 0
    changed = api.patch(one, {"endpoint": {"url": "https://images.example.org"}})
    assert changed.json()["endpoint"] == public | {"url": "https://images.example.org"}
    assert api.get(path).json()["endpoints"] == [changed.json()["endpoint"]]
    assert catalog(ada)["image"]["public"] == "https://images.example.org"
    assert catalog(ada)["image"]["internal"] == "http://testserver/image"
    renamed = api.patch(f"/services/{image['id']}", {"service": {"name": "glance"}})
    assert renamed.json()["service"] == image | {"name": "glance"}
    restore(Endpoint.objects.get(pk=public["id"]), actor=SYSTEM)
    assert catalog(ada)["image"]["public"] == "http://testserver/image"


def test_what_is_configured_can_be_removed_and_comes_back(api, ada) -> None:
    (search,) = api.get("/services?type=search").json()["services"]
    path = f"/endpoints?service_id={search['id']}"
    rows = {e["interface"]: e["id"] for e in api.get(path).json()["endpoints"]}
    assert set(rows) == {"public", "internal", "admin"}
    assert api.delete(f"/endpoints/{rows['admin']}").status_code == 204
    assert api.delete(f"/endpoints/{rows['admin']}").status_code == 404
    assert set(catalog(ada)["search"]) == {"public", "internal"}
    assert api.delete(f"/services/{search['id']}").status_code == 204
    for gone in (f"/services/{search['id']}", f"/endpoints/{rows['public']}"):
        assert [api.call(m, gone).status_code for m in ("GET", "DELETE")] == [404, 404]
        assert api.patch(gone, {gone.split("/")[1][:-1]: {"enabled": True}}).status_code == 404
    assert api.get(path).json()["endpoints"] == []
    assert "search" not in catalog(ada)
    row = {"service_id": search["id"], "interface": "public", "url": "/x"}
    assert api.post("/endpoints", {"endpoint": row}).status_code == 400
    restore(Service.objects.get(pk=search["id"]), actor=SYSTEM)
    assert set(catalog(ada)["search"]) == {"public", "internal", "admin"}


def test_a_path_is_an_address_on_this_service(api, ada) -> None:
    service = made(api, "service", type="registry")
    row = {"service_id": service["id"], "interface": "public", "url": "/registry"}
    assert made(api, "endpoint", **row)["url"] == "http://testserver/registry"
    assert catalog(ada)["registry"] == {"public": "http://testserver/registry"}


def test_an_address_that_needs_a_project_is_left_out_without_one(api, ada) -> None:
    service = made(api, "service", type="compute")
    for interface, url in (("public", "http://x/$(project_id)s"), ("admin", "http://x/")):
        made(api, "endpoint", service_id=service["id"], interface=interface, url=url)
    scope = {"domain": {"id": "default"}}
    assign(ada.pk, role("member").pk, domain_id="default", actor=SYSTEM)
    told = Api().sign_in("ada", scope=scope).json()["token"]["catalog"]
    (compute,) = [one for one in told if one["type"] == "compute"]
    assert [e["interface"] for e in compute["endpoints"]] == ["admin"]


def test_regions_live(api) -> None:
    up = made(api, "region", id="Europe", description="d", tz="CET")
    assert up == {
        "id": "Europe",
        "description": "d",
        "parent_region_id": None,
        "tz": "CET",
        "links": {"self": "http://testserver/identity/v3/regions/Europe"},
    }
    assert len(made(api, "region")["id"]) == 32
    down = api.call("PUT", "/regions/Oslo", {"region": {"parent_region_id": "Europe"}})
    assert down.status_code == 201
    assert down.json()["region"]["parent_region_id"] == "Europe"
    assert api.call("PUT", "/regions/Oslo", {"region": {}}).status_code == 409
    assert api.post("/regions", {"region": {"id": "RegionOne"}}).status_code == 409
    listed = api.get("/regions?parent_region_id=Europe").json()["regions"]
    assert [r["id"] for r in listed] == ["Oslo"]
    circle = {"region": {"parent_region_id": "Oslo"}}
    assert api.patch("/regions/Europe", circle).status_code == 400
    assert api.patch("/regions/Oslo", circle).status_code == 400
    absent = {"region": {"parent_region_id": "absent"}}
    assert api.patch("/regions/Oslo", absent).status_code == 404
    assert api.delete("/regions/Europe").status_code == 403
    moved = api.patch("/regions/Oslo", {"region": {"parent_region_id": None, "description": "x"}})
    assert moved.json()["region"]["parent_region_id"] is None
    assert api.delete("/regions/Europe").status_code == 204
    assert api.get("/regions/Europe").status_code == 404
    assert api.post("/regions", {"region": {"id": "a/b"}}).status_code == 400


def test_a_region_with_endpoints_stays(api) -> None:
    assert api.delete("/regions/RegionOne").status_code == 403
    for one in api.get("/endpoints").json()["endpoints"]:
        assert api.delete(f"/endpoints/{one['id']}").status_code == 204
    assert api.delete("/regions/RegionOne").status_code == 204
    assert api.get("/regions").json()["regions"] == []
    assert api.post("/regions", {"region": {"id": "RegionOne"}}).status_code == 201
    assert [r["id"] for r in api.get("/regions").json()["regions"]] == ["RegionOne"]


def test_a_named_region_is_made_and_an_id_is_looked_for(api) -> None:
    service = made(api, "service", type="compute")
    row = {"service_id": service["id"], "interface": "public", "url": "http://x"}
    refused = api.post("/endpoints", {"endpoint": row | {"region_id": "Mars"}})
    assert refused.status_code == 400
    assert "Mars" in refused.json()["error"]["message"]
    endpoint = made(api, "endpoint", **row, region="Mars")
    assert endpoint["region_id"] == "Mars"
    assert api.get("/regions/Mars").status_code == 200
    moved = api.patch(f"/endpoints/{endpoint['id']}", {"endpoint": {"region_id": "RegionOne"}})
    assert moved.json()["endpoint"]["region"] == "RegionOne"


@pytest.mark.parametrize(
    ("noun", "row", "word"),
    [
        ("service", {}, "type"),
        ("service", {"type": ""}, "type"),
        ("service", {"type": 1}, "type"),
        ("service", {"type": "x", "enabled": "yes"}, "enabled"),
        ("service", {"type": "x", "name": {}}, "name"),
        ("service", {"type": "x" * 256}, "type"),
        ("endpoint", {}, "interface"),
        ("endpoint", {"interface": "public", "url": "http://x"}, "service_id"),
        ("endpoint", {"interface": "secret", "service_id": "SID", "url": "http://x"}, "public"),
        ("endpoint", {"interface": "public", "service_id": "SID", "url": "x"}, "url"),
        (
            "endpoint",
            {"interface": "public", "service_id": "SID", "url": "h://" + "x" * 3000},
            "url",
        ),
        ("endpoint", {"interface": "public", "service_id": "SID", "url": "h://$(id)s"}, "$("),
        ("endpoint", {"interface": "public", "service_id": "SID", "url": "h://%()s"}, "$("),
        (
            "endpoint",
            {"interface": "public", "service_id": "SID", "url": "/x", "region": 1},
            "region",
        ),
        ("region", {"id": 1}, "id"),
        ("region", {"id": "x" * 256}, "id"),
        ("region", {"parent_region_id": 1}, "parent_region_id"),
        ("region", {"description": []}, "description"),
    ],
)
def test_what_makes_no_sense_is_named(api, noun, row, word) -> None:
    row = dict(row)
    if row.get("service_id") == "SID":
        row["service_id"] = api.get("/services").json()["services"][0]["id"]
    before = Event.objects.count()
    answer = api.post(f"/{noun}s", {noun: row})
    assert answer.status_code == 400
    assert word in answer.json()["error"]["message"]
    assert (Service.objects.count(), Endpoint.objects.count()) == (0, 0)
    assert (Region.objects.count(), Event.objects.count()) == (0, before)


def test_members_read_regions_and_write_nothing(api, ada) -> None:
    member = Api(token_for(ada, ada.default_project))
    assert member.get("/regions").status_code == 200
    for noun, row in (
        ("service", {"type": "x"}),
        ("endpoint", {"service_id": "x", "interface": "public", "url": "http://x"}),
        ("region", {"id": "x"}),
    ):
        assert member.post(f"/{noun}s", {noun: row}).status_code == 403
        assert member.patch(f"/{noun}s/x", {noun: row}).status_code == 403
        assert member.delete(f"/{noun}s/x").status_code == 403
    assert member.get("/services").status_code == 403
    assert member.get("/endpoints").status_code == 403


def test_the_catalog_costs_two_selects(api, ada, django_assert_num_queries) -> None:
    token = token_for(ada, ada.default_project)
    Api(token).get("/auth/projects")
    for number in range(5):
        service = made(api, "service", type=f"t{number}")
        made(api, "endpoint", service_id=service["id"], interface="public", url="http://x")
    with django_assert_num_queries(2):
        found = Api(token).get("/auth/catalog").json()["catalog"]
    assert len(found) >= 9
