"""Property protections: the file, what it keeps from whom, and that what is kept from somebody survives."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from artifacts.models import Artifact
from catalog import policy
from catalog.actors import Actor
from catalog.conf import CatalogConfig
from catalog.models import Event
from images import checks, protections
from images.conf import ImagesConfig
from images.protections import PropertyAction, ProtectionFileWrong
from tests.support.images import administrator, callers

ROLES = """
[^x_owner_.*]
create = admin,Member
read = admin,member
update = admin
delete = admin

[secret]
create = admin
read = admin
update = admin
delete = admin

[^x_none]
create = !
read = @
update = !
delete = !

[^x_case.*]
create = @
read = Reader_OF_all
update = @
delete =

[^hw_]
create = @
read = @
update = @
delete = @
"""
C, R, U, D = PropertyAction
Protect = Callable[..., Path]


def everybody(pattern: str) -> str:
    return f"[{pattern}]\n" + "".join(f"{one.value} = @\n" for one in PropertyAction)


@pytest.fixture
def protect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Protect:
    """Lays a protection file for the service."""

    def lay(text: str = ROLES, form: str = "roles") -> Path:
        file = tmp_path / f"protections-{abs(hash(text))}.conf"
        file.write_text(text, encoding="utf-8")
        changed = replace(
            settings.VITRINE[ImagesConfig],
            property_protection_file=file,
            property_protection_rule_format=form,
        )
        monkeypatch.setitem(settings.VITRINE, ImagesConfig, changed)
        return file

    return lay


def may(name: str, *roles: str, service: tuple[str, ...] = ()) -> str:
    """The actions that an actor with these roles may do: `crud`."""
    actor = Actor(roles=frozenset(roles), service_roles=frozenset(service))
    return "".join(a.value[0] for a in PropertyAction if protections.allows(actor, a, name))


def test_without_a_file_everybody_may_everything() -> None:
    assert may("secret") == "crud"
    assert protections.open_to_all("secret")


@pytest.mark.parametrize(
    ("name", "roles", "expected"),
    [
        ("x_owner_y", ("member",), "cr"),
        ("x_owner_y", ("admin",), "crud"),
        ("x_owner_y", ("reader",), ""),
        ("my_secret_thing", ("admin",), "crud"),
        ("my_secret_thing", ("member",), ""),
        ("x_none", ("admin",), "r"),
        ("x_case", ("reader_of_all",), "cru"),
        ("x_case", ("admin",), "cu"),
        ("hw_secret", ("member",), ""),
        ("hw_cpu", (), "crud"),
        ("unmatched", ("admin",), ""),
        ("os_glance_x", (), "crud"),
    ],
)
def test_the_first_section_found_in_the_name_decides(
    protect: Protect, name: str, roles: tuple[str, ...], expected: str
) -> None:
    protect()
    assert may(name, *roles) == expected
    assert may(name, service=roles) == expected, "a service token's roles count alike"


def test_sections_of_the_service_itself_cannot_be_overridden(protect: Protect) -> None:
    protect(everybody("os_glance_x").replace("@", "!") + everybody("secret").replace("@", "admin"))
    assert may("os_glance_x") == "crud"
    assert may("xos_glance_x", "admin") == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]\ncreate = @\nread = @\nupdate = @\n", "section [a] does not say who may delete"),
        (everybody("a").replace("read = @", "read = @,!"), "section [a]: read has both @"),
        (everybody("a(b"), "section [a(b]"),
        (everybody("(?=a)"), "section [(?=a)]"),
        (everybody("a") * 2, "a"),
        ("create = @", "no section"),
    ],
)
def test_a_bad_file_refuses_the_start_with_one_line(protect: Protect, text: str, said: str) -> None:
    file = protect(text)
    (found,) = checks.check_property_protections()
    assert found.id == "images.E002"
    assert str(file) in found.msg
    assert said in found.msg
    assert "\n" not in found.msg
    with pytest.raises(ProtectionFileWrong):
        protections.read(file, "roles")


def test_a_file_that_is_not_there_refuses_the_start(protect: Protect) -> None:
    protect().unlink()
    (found,) = checks.check_property_protections()
    assert found.id == "images.E002"


def test_a_good_file_passes_the_check(protect: Protect) -> None:
    protect()
    assert checks.check_property_protections() == []


@pytest.mark.django_db
def test_what_may_not_be_read_is_not_shown(protect: Protect) -> None:
    (ada,) = callers("ada")
    image = ada.create(name="a", my_secret="1", hw_cpu="2")
    protect()
    assert {"hw_cpu": "2"}.items() <= ada.show(image["id"]).json().items()
    assert "my_secret" not in ada.show(image["id"]).json()
    assert administrator().show(image["id"]).json()["my_secret"] == "1"
    listed = ada.call("GET", "/v2/images").json()["images"]
    assert ["my_secret" in one for one in listed] == [False]


@pytest.mark.django_db
def test_each_verb_needs_its_right(protect: Protect) -> None:
    (ada,), root = callers("ada"), administrator()
    protect()
    assert ada.call("POST", "/v2/images", {"my_secret": "1"}).status_code == 403
    image = ada.create(x_owner_a="1", x_case="2", hw_cpu="3")
    image_id = image["id"]
    refused = [
        {"op": "replace", "path": "/x_owner_a", "value": "9"},
        {"op": "add", "path": "/x_owner_a", "value": "9"},
        {"op": "remove", "path": "/x_owner_a"},
        {"op": "add", "path": "/unmatched", "value": "9"},
        {"op": "add", "path": "/x_none", "value": "9"},
    ]
    for one in refused:
        answer = ada.patch(image_id, {"op": "add", "path": "/hw_x", "value": "1"}, one)
        assert answer.status_code == 403, one
        assert answer.json()["error_code"] == "property_protected"
        assert "hw_x" not in ada.show(image_id).json(), "the whole patch is refused"
    for op in ("add", "replace", "remove"):
        one = {"op": op, "path": "/x_owner_a", "value": "9"}
        assert root.patch(image_id, one).status_code == 200, op


@pytest.mark.django_db
def test_what_may_not_be_read_behaves_as_if_it_were_not_there_and_survives(
    protect: Protect,
) -> None:
    (ada,), root = callers("ada"), administrator()
    image_id = ada.create(name="a", my_secret="kept")["id"]
    protect()
    for op, status in (("replace", 409), ("remove", 409), ("add", 403)):
        for name in ("my_secret", "my_other_secret"):
            one = {"op": op, "path": f"/{name}", "value": "9"}
            assert ada.patch(image_id, one).status_code == status, (op, name)
    assert ada.patch(image_id, {"op": "replace", "path": "/name", "value": "b"}).status_code == 200
    assert ada.patch(image_id, {"op": "add", "path": "/hw_x", "value": "1"}).status_code == 200
    assert ada.call("PUT", f"/v2/images/{image_id}/tags/t").status_code == 204
    assert root.show(image_id).json()["my_secret"] == "kept"
    hidden, absent = (
        ada.call("GET", f"/v2/images?{name}=kept&total=true").content.decode()
        for name in ("my_secret", "my_other_secret")
    )
    assert hidden.replace("my_secret", "my_other_secret") == absent
    assert image_id not in hidden
    assert root.ids("my_secret=kept") == [image_id]


@pytest.mark.django_db
def test_what_may_be_created_and_not_read_is_not_overwritten(protect: Protect) -> None:
    (ada,) = callers("ada")
    protect("[.*]\ncreate = @\nread = admin\nupdate = admin\ndelete = admin\n")
    image = ada.create(note="1")
    assert "note" not in image
    add = {"op": "add", "path": "/note", "value": "2"}
    assert ada.patch(image["id"], add).status_code == 403
    assert Artifact.objects.get(pk=image["id"]).properties == {"note": "1"}
    assert ada.patch(image["id"], {**add, "path": "/other"}).status_code == 200


@pytest.mark.django_db
def test_history_does_not_tell_protected_values(protect: Protect) -> None:
    protect()
    root = administrator()
    image_id = root.create(my_secret="hush", hw_cpu="1")["id"]
    changes = [
        {"op": "replace", "path": "/my_secret", "value": "hush hush"},
        {"op": "replace", "path": "/hw_cpu", "value": "2"},
    ]
    assert root.patch(image_id, *changes).status_code == 200
    assert root.patch(image_id, {"op": "remove", "path": "/my_secret"}).status_code == 200
    events = Event.objects.filter(object_id=image_id).order_by("pk")
    first, last = events[1].changes, events[2].changes
    assert first == {
        "properties/hw_cpu": ["1", "2"],
        "properties/my_secret": ["(protected)", "(protected)"],
    }
    assert last == {"properties/my_secret": ["(protected)", None]}


@pytest.mark.django_db
def test_policies_decide_in_their_format(
    protect: Protect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[^secret]\ncreate = keepers\nread = keepers\nupdate = !\ndelete = @\n" + everybody(
        ".*"
    ).replace("@", "default_for_all")
    file = protect(text, "policies")
    names = {one.msg.split("'")[1] for one in checks.check_property_protections()}
    assert names == {"keepers", "default_for_all"}, f"neither is known yet to {file}"
    rules = tmp_path / "policy.yaml"
    rules.write_text('"keepers": "role:admin or role:keeper"\n"default_for_all": ""\n', "utf-8")
    changed = replace(settings.VITRINE[CatalogConfig], policy_file=rules)
    monkeypatch.setitem(settings.VITRINE, CatalogConfig, changed)
    policy.register([])  # forgets answers
    try:
        assert checks.check_property_protections() == []
        assert may("secret", "keeper") == "crd"
        assert may("secret", "member") == "d"
        assert may("other") == "crud"
    finally:
        monkeypatch.undo()
        policy.register([])


@pytest.mark.django_db
def test_policies_may_name_the_rule_that_glance_has_for_everybody(protect: Protect) -> None:
    protect(
        everybody("^open").replace("@", "default") + everybody(".*").replace("@", "!"), "policies"
    )
    assert checks.check_property_protections() == []
    assert may("open_to", "reader") == "crud"
    assert may("other", "admin") == ""


def test_policies_name_one_rule_each(protect: Protect) -> None:
    protect(everybody("a").replace("read = @", "read = one,two"), "policies")
    (found,) = checks.check_property_protections()
    assert "names one policy rule" in found.msg
