"""Property protections: the file, what it keeps from whom, and that what is kept from somebody survives."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from catalog.actors import Actor
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
