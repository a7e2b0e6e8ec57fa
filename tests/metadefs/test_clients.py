"""The calls of python-glanceclient, against a listening server."""

import pytest
from glanceclient import exc
from glanceclient.v2.client import Client

from tests.metadefs.callers import ADMIN, ANNA
from tests.metadefs.conftest import cores

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def glance(live_server):
    return lambda token: Client(endpoint=f"{live_server.url}/image", token=token)


def test_glanceclient_manages_definitions(glance):
    client = glance(ADMIN)
    made = client.metadefs_namespace.create(
        namespace="Acme::X", visibility="public", protected=False
    )
    assert made.namespace == "Acme::X"
    client.metadefs_resource_type.associate("Acme::X", name="OS::Glance::Image", prefix="hw_")
    client.metadefs_property.create("Acme::X", name="cores", **cores(maximum=8))
    client.metadefs_object.create("Acme::X", name="Db", required=["v"], properties={"v": cores()})
    many = client.metadefs_tag.create_multiple("Acme::X", tags=["two", "three"])
    assert [tag.name for tag in many] == ["two", "three"]
    client.metadefs_tag.create("Acme::X", "one")

    client.metadefs_namespace.update("Acme::X", display_name="X")
    client.metadefs_property.update("Acme::X", "cores", title="More")
    client.metadefs_object.update("Acme::X", "Db", description="d")
    client.metadefs_tag.update("Acme::X", "one", name="uno")

    shown = client.metadefs_namespace.get("Acme::X", resource_type="OS::Glance::Image")
    assert shown.display_name == "X"
    assert shown.visibility == "public"
    assert shown.properties["hw_cores"]["title"] == "More"
    assert shown.objects[0]["required"] == ["hw_v"]
    assert {t["name"] for t in shown.tags} == {"uno", "two", "three"}
    assert [n.namespace for n in client.metadefs_namespace.list(page_size=1)] == ["Acme::X"]
    assert [p.name for p in client.metadefs_property.list("Acme::X")] == ["cores"]
    assert [o.name for o in client.metadefs_object.list("Acme::X")] == ["Db"]
    assert [t.name for t in client.metadefs_resource_type.list()] == ["OS::Glance::Image"]
    governed = list(client.metadefs_resource_type.get("Acme::X"))
    assert [(a.prefix, a.mode) for a in governed] == [("hw_", "enforce")]

    client.metadefs_tag.delete_all("Acme::X")
    client.metadefs_resource_type.deassociate("Acme::X", "OS::Glance::Image")
    client.metadefs_property.delete("Acme::X", "cores")
    client.metadefs_object.delete("Acme::X", "Db")
    client.metadefs_namespace.delete("Acme::X")
    with pytest.raises(exc.HTTPNotFound):
        client.metadefs_namespace.get("Acme::X")


def test_glanceclient_is_told_what_is_wrong(glance):
    glance(ADMIN).metadefs_namespace.create(namespace="N", visibility="public")
    with pytest.raises(exc.HTTPForbidden):
        glance(ANNA).metadefs_tag.create("N", "t")
    with pytest.raises(exc.HTTPConflict, match="already"):
        glance(ADMIN).metadefs_namespace.create(namespace="N")
    with pytest.raises(exc.HTTPBadRequest, match="minimum 2 is larger than maximum 1"):
        glance(ADMIN).metadefs_property.create("N", name="p", **cores(minimum=2, maximum=1))
