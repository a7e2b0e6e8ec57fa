"""What does not fit is noted, and does not keep an image from coming."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from artifacts.models import Artifact
from catalog.actors import system_actor
from images.services.takeover import adopt
from images.takeover.mapping import adopted
from images.takeover.source import GlanceImage
from tests.support.images import administrator

ROW: dict[str, Any] = {
    "id": "0B6B1CCE-2D23-4D4F-9D4B-6B3C1E3B8B41",
    "name": "a\0b",
    "owner": "p" * 32,
    "status": "queued",
    "visibility": "private",
    "deleted": 0,
    "protected": 0,
    "os_hidden": 1,
    "min_disk": 0,
    "min_ram": 0,
    "size": None,
    "virtual_size": None,
    "disk_format": None,
    "container_format": None,
    "checksum": None,
    "os_hash_algo": None,
    "os_hash_value": None,
    "created_at": datetime.fromisoformat("2025-01-01T00:00:00"),
    "updated_at": None,
    "deleted_at": None,
}

BOTH = (ROW["id"], ROW["id"].lower())


@pytest.mark.django_db
def test_nul_characters_which_mysql_keeps_are_left_out_and_told() -> None:
    image = GlanceImage(ROW, {"k\0": "v\0w", "none": None}, ["t\0", "t"])
    one = adopted(image, [])
    assert one.notes == ["NUL characters, which MySQL keeps, are left out of its texts"]
    adopt([one], actor=system_actor("test"))
    found = Artifact.objects.get(pk=ROW["id"].lower())
    assert (found.name, found.properties) == ("ab", {"k": "vw", "none": ""})
    assert list(found.tags.values_list("value", flat=True)) == ["t"]
    assert found.spelt_id == ROW["id"], "clients compare ids with what Glance told them"
    assert found.hidden
    assert not found.protected


@pytest.mark.django_db
def test_names_that_no_address_carries_are_taken_over_and_can_be_removed() -> None:
    root = administrator()
    tags, when = ["..", "x\ny", "a", ""], ROW["created_at"]
    shared = [
        {"member": m, "status": "pending", "created_at": when, "updated_at": None} for m in tags[:3]
    ]
    image = GlanceImage(ROW | {"visibility": "shared"}, {}, tags, members=shared)
    adopt([adopted(image, [])], actor=system_actor("test"))
    path = f"/v2/images/{ROW['id']}"
    assert set(root.show(ROW["id"]).json()["tags"]) == set(tags)
    for name in ("..", "x\ny"):
        at = quote(name)
        assert root.call("GET", f"{path}/members/{at}").json()["member_id"] == name
        for kind in ("tags", "members"):
            assert root.call("DELETE", f"{path}/{kind}/{at}").status_code == 204, (kind, name)
    left = root.patch(ROW["id"], {"op": "replace", "path": "/tags", "value": ["a"]})
    assert left.json()["tags"] == ["a"]


@pytest.mark.django_db
def test_ids_that_differ_in_the_case_of_letters_are_one() -> None:
    capitals, small = (adopted(GlanceImage({**ROW, "id": one}), []) for one in BOTH)
    assert adopt([capitals, small], actor=system_actor("test")) == [capitals]
    assert capitals.notes[-1] == f"{BOTH[1]} has the same id here, and is left out"
    assert Artifact.objects.get().spelt_id == BOTH[0]


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["deleted", "pending_delete"])
def test_an_id_stays_taken_in_whatever_letters(status: str) -> None:
    image = adopted(GlanceImage({**ROW, "status": status}), [])
    adopt([image], actor=system_actor("test"))
    again = adopted(GlanceImage({**ROW, "id": BOTH[1]}), [])
    assert adopt([again], actor=system_actor("test")) == []
