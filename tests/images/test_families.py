"""Families: movable names of images, found where plain clients look for an image by its name."""

from typing import Any

import pytest

from artifacts.models import Alias, AliasMove, Artifact
from catalog.models import Event
from tests.support.images import Caller, administrator, callers

pytestmark = pytest.mark.django_db
FAMILIES = "/v2/families"


def family_of(caller: Caller, name: str, image_id: str, **fields: Any) -> dict[str, Any]:
    answer = caller.call("POST", FAMILIES, {"name": name, "image_id": image_id, **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def move(caller: Caller, name: str, image_id: str, **headers: str) -> Any:
    return caller.call("PATCH", f"{FAMILIES}/{name}", {"image_id": image_id}, **headers)


def found(caller: Caller, query: str) -> list[dict[str, Any]]:
    answer = caller.call("GET", f"/v2/images?{query}")
    assert answer.status_code == 200, answer.content
    return list(answer.json()["images"])


def test_a_name_that_no_image_has_finds_the_current_one() -> None:
    (ada,) = callers("ada")
    first = ada.create(name="ubuntu 24.04.1", os_distro="ubuntu")
    second = ada.create(name="ubuntu 24.04.2", os_distro="ubuntu")
    family = family_of(ada, "ubuntu-lts", first["id"])
    assert family == {
        "id": family["id"],
        "name": "ubuntu-lts",
        "image_id": first["id"],
        "owner": ada.project.pk,
        "visibility": "private",
        "created_at": family["created_at"],
        "updated_at": family["created_at"],
        "self": f"/v2/families/{family['id']}",
    }
    assert found(ada, "name=ubuntu-lts") == [
        {
            **first,
            "name": "ubuntu-lts",
            "vitrine_family": "ubuntu-lts",
            "vitrine_release": "ubuntu 24.04.1",
        }
    ], "clients compare the name with what they asked for"
    moved = move(ada, "ubuntu-lts", second["id"])
    assert (moved.status_code, moved.json()["image_id"]) == (200, second["id"])
    assert [i["id"] for i in found(ada, "name=ubuntu-lts")] == [second["id"]]
    assert found(ada, "name=in:ubuntu-lts&fields=name") == [
        {"id": second["id"], "name": "ubuntu-lts"}
    ]
    assert ada.call("GET", "/v2/images?name=ubuntu-lts&total=true").json()["total"] == 1
    assert ada.show(second["id"]).json()["name"] == "ubuntu 24.04.2", "by id it is what it is"
    assert ada.show("ubuntu-lts").status_code == 404, "addresses of images take ids only"


def test_other_filters_hold_for_the_current_one() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", tags=["t"], os_distro="ubuntu")["id"]
    family_of(ada, "lts", image)
    for query, finds in {
        "tag=t": True,
        "tag=u": False,
        "os_distro=ubuntu&status=queued": True,
        "status=active": False,
        "visibility=shared": True,
        "visibility=public": False,
        f"owner={ada.project.pk}": True,
        "owner=nobody": False,
        "os_hidden=true": False,
        "limit=0": False,
        "name=lts": False,
    }.items():
        assert bool(found(ada, f"name=lts&{query}")) is finds, query
    assert found(ada, "name=in:lts,other") == []
    assert found(ada, "name=") == []
    assert ada.call("GET", f"/v2/images?name=lts&marker={image}").json()["images"] == []


def test_an_image_of_the_name_comes_first() -> None:
    ada, eve = callers("ada", "eve")
    root = administrator()
    target = ada.create(name="target")["id"]
    family_of(ada, "lts", target)
    own = ada.create(name="lts")["id"]
    assert [i["id"] for i in found(ada, "name=lts")] == [own]
    assert found(ada, "name=lts&status=active") == [], "it is there, though not active"
    ada.call("DELETE", f"/v2/images/{own}")
    assert [i["id"] for i in found(ada, "name=lts")] == [target]
    shared = eve.create(name="lts")["id"]
    eve.call("POST", f"/v2/images/{shared}/members", {"member": ada.project.pk})
    eve.create(name="lts", visibility="community")
    assert [i["id"] for i in found(ada, "name=lts")] == [target], (
        "strangers do not stand in the way"
    )
    public = root.create(name="lts", visibility="public")["id"]
    assert [i["id"] for i in found(ada, "name=lts")] == [public]


def test_an_alias_never_leads_to_what_the_caller_may_not_see() -> None:
    ada, eve = callers("ada", "eve")
    root = administrator()
    secret = ada.create(name="secret", visibility="private")["id"]
    public = root.create(name="public", visibility="public")["id"]
    family = family_of(root, "lts", public, visibility="public")
    move(root, "lts", secret)
    assert found(eve, "name=lts") == []
    shown = eve.call("GET", f"{FAMILIES}/lts").json()
    assert (shown["id"], shown["image_id"]) == (family["id"], None)
    moves = eve.call("GET", f"{FAMILIES}/lts/moves").json()["moves"]
    assert [(m["image_id"], m["actor"]) for m in moves] == [(None, None), (public, None)]
    assert [f["image_id"] for f in eve.call("GET", FAMILIES).json()["families"]] == [None]
    assert [i["id"] for i in found(ada, "name=lts")] == [secret], "it is hers"
    hidden = eve.call("POST", FAMILIES, {"name": "mine", "image_id": secret})
    assert (hidden.status_code, hidden.json()["error_code"]) == (400, "invalid_alias")
    community = ada.create(name="c", visibility="community")["id"]
    family_of(eve, "mine", community)
    assert [i["id"] for i in found(eve, "name=mine")] == [community]
    ada.patch(community, {"op": "replace", "path": "/visibility", "value": "private"})
    assert found(eve, "name=mine") == []


def test_families_are_not_found_by_an_image_that_the_caller_may_not_see() -> None:
    ada, eve = callers("ada", "eve")
    root = administrator()
    image = ada.create(name="secret")["id"]
    family_of(root, "lts", image, visibility="public")
    path = f"{FAMILIES}?image_id={image}"
    assert eve.call("GET", path).json()["families"] == []
    assert [one["name"] for one in ada.call("GET", path).json()["families"]] == ["lts"]
    assert eve.call("GET", FAMILIES).json()["families"][0]["image_id"] is None
    assert eve.call("GET", f"{FAMILIES}?image_id=a%00b").status_code == 400


def test_a_deleted_image_is_led_to_by_nothing() -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")["id"]
    family_of(ada, "lts", image)
    ada.call("DELETE", f"/v2/images/{image}")
    assert found(ada, "name=lts") == []
    assert ada.call("GET", f"{FAMILIES}/lts").json()["image_id"] is None
    refused = ada.call("POST", FAMILIES, {"name": "other", "image_id": image})
    assert refused.status_code == 400


def test_ones_own_family_hides_the_public_one_of_its_name() -> None:
    ada, bob = callers("ada", "bob")
    root = administrator()
    everybodys = root.create(name="p", visibility="public")["id"]
    family_of(root, "lts", everybodys, visibility="public")
    mine = ada.create(name="m")["id"]
    family_of(ada, "lts", mine)
    assert [i["id"] for i in found(ada, "name=lts")] == [mine]
    assert [i["id"] for i in found(bob, "name=lts")] == [everybodys]
    assert bob.call("GET", f"{FAMILIES}/lts").json()["image_id"] == everybodys


def test_who_may_do_what() -> None:
    ada, eve = callers("ada", "eve")
    root = administrator()
    reader = Caller("reader", ada.project, ("reader",))
    nobody = Caller("nobody", ada.project, ("service",))
    image = root.create(name="a", visibility="public")["id"]
    body = {"name": "lts", "image_id": image}
    assert reader.call("POST", FAMILIES, body).status_code == 403
    assert nobody.call("POST", FAMILIES, body).status_code == 403
    assert ada.call("POST", FAMILIES, {**body, "visibility": "public"}).status_code == 403
    family = family_of(ada, "lts", image)
    address = f"{FAMILIES}/{family['id']}"
    change, publish = {"image_id": image}, {"visibility": "public"}
    for caller, status in {reader: 403, eve: 404, nobody: 403}.items():
        for call in [
            ("PATCH", address, change),
            ("PATCH", address, publish),
            ("DELETE", address),
            ("POST", f"{address}/actions/rollback"),
        ]:
            assert caller.call(*call).status_code == status, (caller.user.name, call)
    assert reader.call("GET", address).status_code == 200
    assert [eve.call("GET", p).status_code for p in (address, f"{address}/moves", f"{FAMILIES}/lts")] == [404] * 3  # fmt: skip
    assert ada.call("PATCH", address, publish).status_code == 403
    assert root.call("PATCH", address, publish).json()["visibility"] == "public"
    for call in [("PATCH", address, change), ("DELETE", address)]:
        assert ada.call(*call).status_code == 403, "what everybody finds is the operator's"
        assert eve.call(*call).status_code == 403
    assert ada.call("PATCH", address, {"visibility": "private"}).status_code == 403
    assert root.call("PATCH", address, {"visibility": "private"}).status_code == 200
    assert ada.call("DELETE", address).status_code == 204
    assert [ada.call("GET", address).status_code, found(ada, "name=lts")] == [404, []]
    assert not AliasMove.objects.exists()


def test_names_are_unique_in_a_project_and_among_the_public() -> None:
    ada, bob = callers("ada", "bob")
    root = administrator()
    image = root.create(name="a", visibility="public")["id"]
    family_of(ada, "lts", image)
    again = ada.call("POST", FAMILIES, {"name": "lts", "image_id": image})
    assert (again.status_code, again.json()["error_code"]) == (409, "duplicate")
    bobs = family_of(bob, "lts", image)
    family_of(root, "lts", image, visibility="public")
    assert (
        root.call("PATCH", f"{FAMILIES}/{bobs['id']}", {"visibility": "public"}).status_code == 409
    )
    assert Alias.objects.get(pk=bobs["id"]).visibility == "private"


BAD: list[Any] = [
    None,
    [],
    {},
    {"name": "x"},
    {"image_id": "IMAGE"},
    {"name": "", "image_id": "IMAGE"},
    {"name": " x", "image_id": "IMAGE"},
    {"name": "x" * 256, "image_id": "IMAGE"},
    {"name": "a\nb", "image_id": "IMAGE"},
    {"name": "11111111-1111-4111-8111-111111111111", "image_id": "IMAGE"},
    {"name": 1, "image_id": "IMAGE"},
    {"name": "x", "image_id": "nothing"},
    {"name": "x", "image_id": "x" * 300},
    {"name": "x", "image_id": None},
    {"name": "x", "image_id": "IMAGE", "visibility": "shared"},
    {"name": "x", "image_id": "IMAGE", "more": "y"},
]


@pytest.mark.parametrize("body", BAD, ids=lambda b: str(b)[:60])
def test_what_is_no_family_is_refused_and_leaves_nothing(body: Any) -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a")["id"]
    if isinstance(body, dict):
        body = {k: image if v == "IMAGE" else v for k, v in body.items()}
    answer = ada.call("POST", FAMILIES, body)
    assert answer.status_code == 400, answer.content
    assert not Alias.objects.exists()
    family_of(ada, "lts", image)
    if isinstance(body, dict) and body and body.get("name") != "x":
        return
    before = ada.call("GET", f"{FAMILIES}/lts").json()
    if body:
        assert ada.call("PATCH", f"{FAMILIES}/lts", body).status_code == 400
    assert ada.call("GET", f"{FAMILIES}/lts").json() == before


def test_every_move_is_remembered_and_can_be_gone_back_to() -> None:
    (ada,) = callers("ada")
    images = [ada.create(name=f"n{n}")["id"] for n in range(3)]
    family = family_of(ada, "lts", images[0])["id"]
    address = f"{FAMILIES}/lts"
    back = f"{address}/actions/rollback"
    nowhere = ada.call("POST", back)
    assert (nowhere.status_code, nowhere.json()["error_code"]) == (409, "nowhere_to_go_back")
    move(ada, "lts", images[1])
    move(ada, "lts", images[2])
    move(ada, "lts", images[2])
    assert AliasMove.objects.count() == 3, "where it leads already it is not moved"
    assert ada.call("POST", back).json()["image_id"] == images[1]
    assert ada.call("POST", back).json()["image_id"] == images[2], "going back twice undoes it"
    moves = ada.call("GET", f"{address}/moves").json()["moves"]
    assert [m["image_id"] for m in moves] == [images[n] for n in (2, 1, 2, 1, 0)]
    assert moves[0]["actor"] == {"user_id": ada.user.pk, "project_id": ada.project.pk}
    oldest = moves[-1]["id"]
    assert ada.call("POST", back, {"move": oldest}).json()["image_id"] == images[0]
    assert [i["id"] for i in found(ada, "name=lts")] == [images[0]]
    for body in ([], {"move": "x"}, {"to": oldest}, {"move": oldest, "more": 1}):
        assert ada.call("POST", back, body).status_code == 400
    assert ada.call("POST", back, {"move": "999999"}).status_code == 409
    ada.call("DELETE", f"/v2/images/{images[2]}")
    gone = next(m["id"] for m in moves if m["image_id"] == images[2])
    assert ada.call("POST", back, {"move": gone}).status_code == 409
    kinds = Event.objects.filter(object_id=family).order_by("id").values_list("kind", "changes")
    created, moved, *_ = kinds
    assert created[0] == "alias.create"
    assert moved == ("alias.move", {"target": [images[0], images[1]]})
    pages, path = [], f"{address}/moves?limit=4"
    while path:
        page = ada.call("GET", path).json()
        pages, path = [*pages, len(page["moves"])], page.get("next")
    assert pages == [4, 2]


def test_moves_happen_to_what_was_read() -> None:
    (ada,) = callers("ada")
    images = [ada.create(name=f"n{n}")["id"] for n in range(2)]
    family_of(ada, "lts", images[0])
    address = f"{FAMILIES}/lts"
    tag = ada.call("GET", address)["ETag"]
    assert ada.call("GET", address, **{"If-None-Match": tag}).status_code == 304
    moved = move(ada, "lts", images[1], **{"If-Match": tag})
    assert (moved.status_code, moved["ETag"]) == (200, ada.call("GET", address)["ETag"])
    assert move(ada, "lts", images[0], **{"If-Match": tag}).status_code == 412
    assert ada.call("DELETE", address, **{"If-Match": tag}).status_code == 412
    assert ada.call("DELETE", address, **{"If-Match": moved["ETag"]}).status_code == 204


def test_families_are_listed() -> None:
    ada, bob = callers("ada", "bob")
    root = administrator()
    image = root.create(name="a", visibility="public")["id"]
    other = root.create(name="b", visibility="public")["id"]
    for name in ("c", "a", "b"):
        family_of(ada, name, image)
    family_of(root, "public", other, visibility="public")
    family_of(bob, "a", image)

    def names(caller: Caller, query: str = "") -> list[str]:
        return [f["name"] for f in caller.call("GET", f"{FAMILIES}?{query}").json()["families"]]

    assert names(ada) == ["a", "b", "c", "public"]
    assert names(bob) == ["a", "public"]
    assert names(root) == ["a", "a", "b", "c", "public"]
    assert names(root, f"owner={bob.project.pk}") == ["a"]
    assert names(ada, "visibility=public") == ["public"]
    assert names(ada, f"image_id={other}") == ["public"]
    assert names(ada, "name=b") == ["b"]
    assert names(ada, "limit=0") == names(ada, "name=nothing") == []
    walked, path = [], f"{FAMILIES}?limit=1"
    while path:
        page = ada.call("GET", path).json()
        walked, path = [*walked, *(f["name"] for f in page["families"])], page.get("next")
    assert walked == ["a", "b", "c", "public"]
    for query in (
        "marker=x",
        "marker=11111111-1111-4111-8111-111111111111",
        "limit=x",
        "name=a%00",
    ):
        assert ada.call("GET", f"{FAMILIES}?{query}").status_code == 400, query


@pytest.mark.parametrize("family", ["nothing", "x" * 300, "a%00b", "11111111-1111-4111-8111-111111111111"])  # fmt: skip
def test_what_is_not_there_is_404(family: str) -> None:
    (ada,) = callers("ada")
    address = f"{FAMILIES}/{family}"
    calls: list[tuple[Any, ...]] = [
        ("GET", address),
        ("PATCH", address, {"visibility": "private"}),
        ("DELETE", address),
        ("GET", f"{address}/moves"),
        ("POST", f"{address}/actions/rollback"),
    ]
    assert [ada.call(*one).status_code for one in calls] == [404] * len(calls)


def test_an_image_of_another_type_is_no_target() -> None:
    (ada,) = callers("ada")
    other = Artifact.objects.create(type="heat_templates", name="t", project_id=ada.project.pk)
    answer = ada.call("POST", FAMILIES, {"name": "lts", "image_id": other.pk})
    assert answer.status_code == 400


def test_errors_speak_of_families_and_images() -> None:
    ada, eve = callers("ada", "eve")
    image = ada.create(name="a")["id"]
    own = family_of(ada, "lts", image)["id"]
    public = family_of(administrator(), "all", image, visibility="public")["id"]
    answers = [
        ada.call("GET", f"{FAMILIES}/nothing"),
        eve.call("GET", f"{FAMILIES}/{own}"),
        ada.call("POST", FAMILIES, {"name": "lts", "image_id": image}),
        ada.call("POST", FAMILIES, {"name": " x", "image_id": image}),
        ada.call("POST", FAMILIES, {"name": image, "image_id": image}),
        ada.call("POST", FAMILIES, {"name": "x", "image_id": own}),
        ada.call("POST", FAMILIES, {"name": "x", "image_id": image, "visibility": "shared"}),
        ada.call("POST", f"{FAMILIES}/lts/actions/rollback"),
        ada.call("DELETE", f"{FAMILIES}/{public}"),
    ]
    for answer in answers:
        assert answer.status_code in {400, 403, 404, 409}
        said = answer.json()["message"]
        assert "alias " not in said
        assert "images" not in said
        assert "family" in said or "image" in said or "policy alias:" in said
