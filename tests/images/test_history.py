"""What happened to an image: all of it for its project, and for others only what they could see happen."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from catalog.models import Event
from images.conf import ImagesConfig
from tests.support.images import Caller, administrator, callers

pytestmark = pytest.mark.django_db


def events(caller: Caller, image_id: str, query: str = "") -> list[dict[str, Any]]:
    answer = caller.call("GET", f"/v2/images/{image_id}/events{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["events"]


def told(caller: Caller, image_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Oldest first, as (kind, changes)."""
    return [(e["event"], e["changes"]) for e in reversed(events(caller, image_id))]


def put(caller: Caller, image_id: str, **values: Any) -> None:
    operations = [{"op": "add", "path": f"/{k}", "value": v} for k, v in values.items()]
    assert caller.patch(image_id, *operations).status_code == 200


def test_who_changed_which_fields_when() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")
    put(ada, image["id"], name="b", os_distro="ubuntu", tags=["t"])
    ada.patch(image["id"], {"op": "remove", "path": "/os_distro"})
    root = administrator()
    put(root, image["id"], protected=True)
    found = events(ada, image["id"])
    assert [e["event"] for e in found] == ["image.update"] * 3 + ["image.create"]
    by_root, removed, changed, created = found
    assert by_root["actor"] == {"user_id": root.user.pk, "project_id": root.project.pk}
    assert by_root["changes"] == {"protected": {"old": False, "new": True}}
    assert removed["changes"] == {"properties/os_distro": {"old": "ubuntu", "new": None}}
    assert changed["actor"] == {"user_id": ada.user.pk, "project_id": ada.project.pk}
    assert changed["changes"] == {
        "name": {"old": "a", "new": "b"},
        "properties/os_distro": {"old": None, "new": "ubuntu"},
        "tags": {"old": [], "new": ["t"]},
    }
    assert created["changes"]["status"] == {"old": None, "new": "queued"}
    assert image["created_at"][:-1] <= created["created_at"] <= changed["created_at"]
    assert created["created_at"].endswith("Z")
    assert all(e["request_id"].startswith("req-") for e in found)


def test_why_something_failed_is_told_to_the_owner_and_where_bytes_lie_to_administrators() -> None:
    ada, eve = callers("ada", "eve")
    root = administrator()
    image = root.create(name="a", visibility="public", owner=ada.project.pk)["id"]
    changes = {"locations": [[], ["http://inside/"]], "reason": [None, "inside is away"]}
    Event.objects.create(
        kind="image.import_failed",
        object_type="OS::Glance::Image",
        object_id=image,
        project_id=ada.project.pk,
        changes=changes,
    )
    found = {who: set(told(who, image)[-1][1]) for who in (root, ada, eve)}
    assert found == {root: {"locations", "reason"}, ada: {"reason"}, eve: set()}


def test_pages_end_and_keep_their_parameters() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="0")["id"]
    for n in range(1, 8):
        put(ada, image, name=str(n))
    found: list[dict[str, Any]] = []
    path, pages = f"/v2/images/{image}/events?limit=3", 0
    while path:
        page = ada.call("GET", path).json()
        found, pages, path = [*found, *page["events"]], pages + 1, page.get("next")
        assert urlsplit(page["first"]).query == "limit=3"
    assert (pages, len(found)) == (3, 8)
    assert found == events(ada, image)
    assert events(ada, image, "?limit=0") == []


@pytest.mark.parametrize("query", ["limit=-1", "limit=x", "marker=x", "marker=", "marker=1e3"])
def test_bad_parameters(query: str) -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")["id"]
    assert ada.call("GET", f"/v2/images/{image}/events?{query}").status_code == 400


def test_a_stranger_sees_what_happened_since_the_image_is_public() -> None:
    ada, eve = callers("ada", "eve")
    root = administrator()
    image = ada.create(name="secret project", description="internal")["id"]
    address = f"/v2/images/{image}/events"
    assert eve.call("GET", address).status_code == 404
    put(root, image, visibility="public", name="ubuntu", description="for everybody")
    put(ada, image, name="ubuntu 24.04")
    assert told(eve, image) == [
        ("image.update", {"visibility": {"old": None, "new": "public"}}),
        ("image.update", {"name": {"old": "ubuntu", "new": "ubuntu 24.04"}}),
    ]
    assert "secret" not in eve.call("GET", address).content.decode()
    assert [e["actor"] for e in events(eve, image)] == [None, None]
    assert [e["request_id"] for e in events(eve, image)] == [None, None]
    put(ada, image, visibility="community")
    put(ada, image, visibility="private")
    assert eve.call("GET", address).status_code == 404
    put(ada, image, name="secret again")
    put(ada, image, visibility="community")
    assert told(eve, image) == [("image.update", {"visibility": {"old": None, "new": "community"}})]
    assert len(told(ada, image)) == len(told(root, image)) == 7


def test_an_image_that_was_public_from_the_start_has_no_secrets() -> None:
    (eve,) = callers("eve")
    root = administrator()
    image = root.create(name="a", visibility="public")["id"]
    put(root, image, name="b")
    assert [kind for kind, _ in told(eve, image)] == ["image.create", "image.update"]
    assert told(eve, image)[0][1]["name"] == {"old": None, "new": "a"}


def test_what_nobody_owned_is_told_from_its_publication_on() -> None:
    (eve,) = callers("eve")
    root = administrator()
    image = root.create(name="secret project", owner=None, visibility="private")["id"]
    assert eve.call("GET", f"/v2/images/{image}/events").status_code == 404
    put(root, image, visibility="public", name="ubuntu")
    put(root, image, name="ubuntu 24.04")
    assert told(eve, image) == [
        ("image.update", {"visibility": {"old": None, "new": "public"}}),
        ("image.update", {"name": {"old": "ubuntu", "new": "ubuntu 24.04"}}),
    ]


def test_a_member_sees_what_happened_since_it_is_one() -> None:
    ada, bob, eve = callers("ada", "bob", "eve")
    image = ada.create(name="before")["id"]
    put(ada, image, name="it")
    members = f"/v2/images/{image}/members"
    ada.call("POST", members, {"member": bob.project.pk})
    ada.call("POST", members, {"member": "others"})
    put(ada, image, name="after")
    assert told(bob, image) == [("image.update", {"name": {"old": "it", "new": "after"}})]
    assert "others" not in bob.call("GET", f"/v2/images/{image}/events").content.decode()
    kinds = [kind for kind, _ in told(ada, image)]
    assert kinds.count("image.member.create") == 2
    assert eve.call("GET", f"/v2/images/{image}/events").status_code == 404


def test_a_member_does_not_learn_what_happened_while_the_image_was_private() -> None:
    ada, bob = callers("ada", "bob")
    root = administrator()
    image = ada.create(name="it")["id"]
    address = f"/v2/images/{image}/events"
    ada.call("POST", f"/v2/images/{image}/members", {"member": bob.project.pk})
    put(ada, image, note="told")
    put(root, image, visibility="public")
    put(ada, image, visibility="shared")
    assert len(told(bob, image)) == 3, "it was visible all along"
    put(ada, image, visibility="private", note="secret")
    assert bob.call("GET", address).status_code == 404
    put(ada, image, note="secret too")
    put(ada, image, note="clean")
    put(ada, image, visibility="shared")
    put(ada, image, name="after")
    assert told(bob, image) == [
        ("image.update", {"visibility": {"old": None, "new": "shared"}}),
        ("image.update", {"name": {"old": "it", "new": "after"}}),
    ]
    assert "secret" not in bob.call("GET", address).content.decode()


def test_a_project_does_not_learn_what_was_before_it_got_the_image() -> None:
    ada, bob = callers("ada", "bob")
    root = administrator()
    image = ada.create(name="ada's secret")["id"]
    put(ada, image, name="a gift")
    put(root, image, owner=bob.project.pk)
    put(bob, image, name="bob's")
    assert "secret" not in bob.call("GET", f"/v2/images/{image}/events").content.decode()
    assert told(bob, image)[-1] == ("image.update", {"name": {"old": "a gift", "new": "bob's"}})
    assert ada.call("GET", f"/v2/images/{image}/events").status_code == 404
    assert len(told(root, image)) == 4


def test_the_end_is_told_to_the_owner_and_administrators() -> None:
    ada, eve = callers("ada", "eve")
    root = administrator()
    image = root.create(name="a", visibility="public", owner=ada.project.pk)["id"]
    assert ada.call("DELETE", f"/v2/images/{image}").status_code == 204
    assert told(ada, image)[-1][0] == told(root, image)[-1][0] == "image.delete"
    assert eve.call("GET", f"/v2/images/{image}/events").status_code == 404
    for nothing in ("11111111-1111-4111-8111-111111111111", "x" * 40, "a%00b"):
        assert ada.call("GET", f"/v2/images/{nothing}/events").status_code == 404


def test_without_the_role_of_a_reader_nothing_is_told() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")["id"]
    nobody = Caller("nobody", ada.project, ("service",))
    assert nobody.call("GET", f"/v2/images/{image}/events").status_code == 404
    ada.call("DELETE", f"/v2/images/{image}")
    assert nobody.call("GET", f"/v2/images/{image}/events").status_code == 404


def test_protected_properties_are_kept_here_too(settings: Any, tmp_path: Path) -> None:
    (ada,) = callers("ada")
    root = administrator()
    image = ada.create(name="a", secret="before the rule", open="1")["id"]
    put(ada, image, secret="hush", open="2")
    file = tmp_path / "protections.conf"
    allow = "\ncreate = {0}\nread = {0}\nupdate = {0}\ndelete = {0}\n"
    file.write_text(f"[^secret]{allow.format('admin')}[.*]{allow.format('@')}")
    config = replace(settings.VITRINE[ImagesConfig], property_protection_file=file)
    settings.VITRINE = {**settings.VITRINE, ImagesConfig: config}
    put(root, image, secret="louder")
    assert told(ada, image)[-2][1] == {
        "properties/open": {"old": "1", "new": "2"},
        "properties/secret": {"old": "(protected)", "new": "(protected)"},
    }
    body = ada.call("GET", f"/v2/images/{image}/events").content.decode()
    assert not any(word in body for word in ("hush", "before the rule", "louder"))
    assert told(root, image)[-2][1]["properties/secret"]["new"] == "hush"
