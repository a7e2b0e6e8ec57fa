"""An asset's own page: everything about it, for who may see it."""

from pathlib import Path

import pytest

from artifacts.heat_templates import HEAT_TEMPLATES
from artifacts.models import Artifact, Blob
from artifacts.services import plain
from catalog.jsonpatch import Replace
from catalog.models import Event
from images.services import members, metadata, states
from tests.console.conftest import Person
from tests.images.test_protections import Protect, everybody, protect
from tests.support.identity import actor_for, make_admin

__all__ = ["protect"]
pytestmark = pytest.mark.django_db
CODE = '<script>alert("x")</script>'


def path(row: Artifact, resource_type: str = "OS::Glance::Image") -> str:
    return f"/assets/{resource_type}/{row.pk}"


def with_data(row: Artifact) -> Artifact:
    Blob.objects.create(artifact=row, slot="image", status="active")
    Artifact.objects.filter(pk=row.pk).update(size=3 << 20, status="active")
    return Artifact.objects.get(pk=row.pk)


def test_everything_about_an_image(ada: Person) -> None:
    row = with_data(
        ada.image(
            "Debian 12",
            disk_format="qcow2",
            container_format="bare",
            tags=["lts"],
            min_ram=512,
            os_distro="debian",
            description="weekly",
        )
    )
    page = ada.get(path(row))
    assert page.status == 200
    assert page.headings[0] == "Debian 12"
    for said in (
        row.pk,
        "Active",
        "Private",
        "qcow2",
        "512 MiB",
        "lts",
        "os_distro",
        "debian",
        "weekly",
        "3.0",
    ):
        assert said in page.text, said
    assert f"openstack image save --file debian-12.qcow2 {row.pk}" in page.text


def test_other_types_have_pages_too(ada: Person) -> None:
    row = plain.create_artifact(
        HEAT_TEMPLATES, {"name": "stack", "version": "1.2.3"}, actor=ada.actor
    )
    page = ada.get(path(row, "OS::Glare::HeatTemplate"))
    assert page.headings[0] == "stack"
    assert "Heat template" in page.text
    assert "1.2.3" in page.text
    Blob.objects.create(artifact=row, slot="template", status="active")
    command = f"http://testserver/artifact/artifacts/heat_templates/{row.pk}/template"
    assert command in ada.get(path(row, "OS::Glare::HeatTemplate")).text


def test_violations_are_told_with_namespace_rule_and_value(ada: Person, namespace) -> None:
    namespace(
        {
            "os_distro": {"title": "d", "type": "string", "enum": ["debian"]},
            "cores": {"title": "c", "type": "integer", "maximum": 8},
        }
    )
    row = ada.image("x", os_distro="cp/m", cores="4")
    text = ada.get(path(row)).text
    assert "One rule of the metadata definitions is broken" in text
    assert "Site::Rules enum only warned" in text
    assert "Value 'cp/m' breaks enum (one of debian)" in text
    assert "✓ Site::Rules" in text


@pytest.mark.parametrize(
    "resource_type", ["OS::Glance::Image", "OS::Glare::HeatTemplate", "OS::None", "x"]
)
def test_hidden_and_absent_are_the_same(ada: Person, bob: Person, resource_type: str) -> None:
    hidden = bob.get(path(ada.image("secret"), resource_type))
    absent = bob.get(f"/assets/{resource_type}/11111111-2222-3333-4444-555555555555")
    assert hidden.status == absent.status == 404
    assert hidden.headings == absent.headings == ["There is nothing here"]
    assert "secret" not in hidden.html


def test_deleted_assets_have_no_page(ada: Person) -> None:
    row = ada.image("x")
    states.delete_image(row.pk, actor=ada.actor)
    assert ada.get(path(row)).status == 404


def test_who_sees_an_asset_of_others_sees_neither_its_history_nor_its_members(
    ada: Person, bob: Person
) -> None:
    row = ada.image("lent", visibility="shared")
    assert bob.get(path(row)).status == 404
    members.add_member(row, bob.actor.project_id, actor=ada.actor)
    members.add_member(row, "a-third-project", actor=ada.actor)
    metadata.patch_image(row.pk, [Replace(("name",), "renamed")], actor=ada.actor)
    own = ada.get(path(row))
    assert {"History", "Shared with"} <= set(own.headings)
    assert "a-third-project" in own.text
    assert "lent → renamed" in own.text
    foreign = bob.get(path(row))
    assert foreign.headings[0] == "renamed"
    assert "History" not in foreign.headings
    assert bob.actor.project_id in foreign.text
    assert "a-third-project" not in foreign.html
    assert "lent" not in foreign.text


def test_history_from_before_an_asset_was_given_away_is_not_told(ada: Person, bob: Person) -> None:
    row = ada.image("ours")
    metadata.patch_image(row.pk, [Replace(("name",), "for you")], actor=ada.actor)
    admin = Person("root", roles=())
    admin.actor = actor_for(*make_admin())
    metadata.patch_image(row.pk, [Replace(("owner",), bob.actor.project_id)], actor=admin.actor)
    page = bob.get(path(row))
    assert "History" in page.headings
    assert "ours → for you" not in page.text


def test_the_way_to_the_bytes_is_told_to_who_may_have_them(
    ada: Person, bob: Person, theirs
) -> None:
    row = with_data(
        ada.image("x", visibility="community", disk_format="raw", container_format="bare")
    )
    assert "openstack image save" in bob.get(path(row)).text
    reader = Person("reader", theirs, roles=("reader",))
    page = reader.get(path(row))
    assert page.status == 200
    assert "openstack image save" not in page.text
    states.deactivate(row.pk, actor=ada.actor)
    assert "openstack image save" not in bob.get(path(row)).text


def test_an_image_without_data_has_nothing_to_download(ada: Person) -> None:
    assert "Download" not in ada.get(path(ada.image("x", active=False))).headings


def test_names_that_are_code_are_text(ada: Person) -> None:
    row = with_data(
        ada.image(
            CODE,
            tags=[CODE],
            description=CODE,
            os_distro=CODE,
            disk_format="raw",
            container_format="bare",
        )
    )
    page = ada.get(path(row))
    assert page.headings[0] == CODE
    assert page.tags.count("script") == 1
    assert "<script>alert" not in page.html
    assert "--file script-alert-x-script.raw " in page.text


@pytest.mark.parametrize(
    "name", ["$(reboot)", "; rm -rf ~", "a b'c\"d", "../../etc/passwd", "日本語", "-rf", None]
)
def test_commands_are_safe_to_paste(ada: Person, name: str | None) -> None:
    row = with_data(ada.image(name, disk_format="raw", container_format="bare"))
    text = ada.get(path(row)).text
    file = text.partition("--file ")[2].split()[0]
    assert not set(file) - set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert file[0] not in "-."


@pytest.mark.parametrize("length", [200, 201, 251, 252, 255])
def test_file_systems_take_the_names_of_commands(ada: Person, tmp_path: Path, length: int) -> None:
    name = f"{'a b.' * 100}"[: length - 1] + "z"
    row = with_data(ada.image(name, disk_format="qcow2", container_format="bare"))
    file = ada.get(path(row)).text.partition("--file ")[2].split()[0]
    assert file.endswith(".qcow2")
    (tmp_path / file).touch()
    artifact = plain.create_artifact(HEAT_TEMPLATES, {"name": name}, actor=ada.actor)
    Blob.objects.create(artifact=artifact, slot="template", status="active")
    text = ada.get(path(artifact, "OS::Glare::HeatTemplate")).text
    (tmp_path / text.partition("--output ")[2].split()[0]).touch()


def test_what_a_protection_keeps_is_neither_shown_nor_told_of(
    ada: Person, namespace, protect: Protect
) -> None:
    namespace(
        {
            "platypus": {"title": "d", "type": "string", "enum": ["debian"]},
            "wombat": {"title": "d", "type": "string", "enum": ["debian"]},
        }
    )
    row = ada.image("x", platypus="cp/m", wombat="cp/m", description="koala")
    metadata.patch_image(row.pk, [Replace(("platypus",), "dos")], actor=ada.actor)
    for word in ("platypus", "wombat", "koala"):
        assert word in ada.get(path(row)).text
    protect(everybody("platypus|description").replace("read = @", "read = !") + everybody(".*"))
    page = ada.get(path(row))
    assert page.status == 200
    assert "platypus" not in page.html
    assert "koala" not in page.html
    assert "wombat" in page.text
    assert "One rule of the metadata definitions is broken" in page.text


def test_rules_of_a_private_namespace_are_told_to_who_may_read_it(
    ada: Person, bob: Person, namespace
) -> None:
    """Beside those of a public one, whoever sees the image."""
    private = {"namespace": "Ada::Secret", "visibility": "private", "owner": ada.actor.project_id}
    namespace({"codename": {"title": "d", "type": "string", "enum": ["zephyr"]}}, **private)
    namespace({"os_distro": {"title": "d", "type": "string", "enum": ["debian"]}})
    lent = ada.image("lent", visibility="shared", codename="x", os_distro="dos")
    given = ada.image("given", visibility="community", codename="zephyr", os_distro="debian")
    members.add_member(lent, bob.actor.project_id, actor=ada.actor)
    for row in (lent, given):
        own, foreign = ada.get(path(row)), bob.get(path(row))
        assert "Ada::Secret" in own.text
        assert "Ada::Secret" not in foreign.html
        assert "Site::Rules" in foreign.text
    assert "Value 'x' breaks enum" in ada.get(path(lent)).text
    assert "Value 'x' breaks enum" not in bob.get(path(lent)).text
    assert "Value 'dos' breaks enum" in bob.get(path(lent)).text
    assert "zephyr" not in bob.get(path(lent)).html


def test_the_history_tells_no_more_than_the_api(ada: Person) -> None:
    row = ada.image("x")
    Event.objects.create(
        kind="image.locate",
        object_type="OS::Glance::Image",
        object_id=row.pk,
        project_id=ada.actor.project_id,
        changes={"locations": [[], ["http://inside/secret"]], "name": ["x", "y"]},
    )
    page = ada.get(path(row))
    assert "x → y" in page.text
    assert "http://inside/secret" not in page.html
    user, project = make_admin()
    root = Person.of(user, project)
    assert "http://inside/secret" in root.get(path(row)).text


def test_a_hidden_image_is_marked(ada: Person) -> None:
    assert "hidden" in ada.get(path(ada.image("x", os_hidden=True))).text
    assert "hidden" not in ada.get(path(ada.image("y"))).text
