"""What operators do with deleted images, and with families."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from artifacts.conf import ArtifactsConfig
from artifacts.models import Alias, Artifact
from catalog.models import Event
from images.services import states
from tests.support.identity import make_admin

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.urls")]
IMAGES = "/admin/images/image/"
FAMILIES = "/admin/artifacts/alias/"


@pytest.fixture
def held(settings: Any) -> None:
    config = replace(settings.VITRINE[ArtifactsConfig], restore_grace=3600)
    settings.VITRINE = {**settings.VITRINE, ArtifactsConfig: config}


def test_a_deleted_image_is_restored_by_a_button(
    operator: Client, image, system, held: None
) -> None:
    row = image(name="it")
    alive = operator.get(f"{IMAGES}{row.pk}/change/").content.decode()
    assert "/walk/restore/" not in alive
    states.delete_image(row.pk, actor=system)
    page = operator.get(f"{IMAGES}{row.pk}/change/").content.decode()
    assert "/walk/restore/" in page
    assert "/walk/purge/" in page
    assert "/walk/deactivate/" not in page
    answer = operator.post(f"{IMAGES}{row.pk}/walk/restore/", follow=True)
    assert "Done." in answer.content.decode()
    row.refresh_from_db()
    assert (row.status, row.deleted_at, row.name) == ("queued", None, "it")
    again = operator.post(f"{IMAGES}{row.pk}/walk/restore/", follow=True).content.decode()
    assert "is not deleted" in again


def test_a_deleted_image_is_let_go_by_a_button(operator: Client, image, system, held: None) -> None:
    row = image()
    refused = operator.post(f"{IMAGES}{row.pk}/walk/purge/", follow=True).content.decode()
    assert "is not deleted" in refused
    states.delete_image(row.pk, actor=system)
    operator.post(f"{IMAGES}{row.pk}/walk/purge/")
    row.refresh_from_db()
    assert row.scrubbed_at is not None
    page = operator.get(f"{IMAGES}{row.pk}/change/").content.decode()
    assert "/walk/restore/" not in page
    gone = operator.post(f"{IMAGES}{row.pk}/walk/restore/", follow=True).content.decode()
    assert "deleted for good" in gone


def test_several_are_restored_at_once(operator: Client, image, system, held: None) -> None:
    rows = [image(name=n) for n in "ab"]
    for row in rows:
        states.delete_image(row.pk, actor=system)
    chosen = {"action": "restore", "_selected_action": [row.pk for row in rows]}
    answer = operator.post(f"{IMAGES}?shelf=deleted", chosen, follow=True)
    assert "Restore: done for 2" in answer.content.decode()
    assert Artifact.objects.filter(deleted_at=None).count() == 2


def posted(name: str, target: str, visibility: str = "private") -> dict[str, Any]:
    return {"name": name, "target": target, "visibility": visibility}


def test_a_family_is_made_moved_and_rolled_back(operator: Client, image) -> None:
    first, second = image(name="one"), image(name="two")
    assert operator.get(f"{FAMILIES}add/").status_code == 200
    made = operator.post(f"{FAMILIES}add/", posted("lts", first.pk, "public"))
    assert made.status_code == 302, made.content.decode()
    family = Alias.objects.get()
    _, project = make_admin()
    assert (family.name, family.project_id, family.visibility) == ("lts", project.pk, "public")
    moved = operator.post(f"{FAMILIES}{family.pk}/change/", posted("x", second.pk))
    assert moved.status_code == 302, moved.content.decode()
    family.refresh_from_db()
    assert (family.name, family.target_id, family.visibility) == ("lts", second.pk, "private")
    page = operator.get(f"{FAMILIES}{family.pk}/change/").content.decode()
    assert first.pk in page, "where it led before"
    chosen = {"action": "roll_back", "_selected_action": [family.pk]}
    assert "1 leads back" in operator.post(FAMILIES, chosen, follow=True).content.decode()
    family.refresh_from_db()
    assert family.target_id == first.pk
    kinds = list(
        Event.objects.filter(object_id=family.pk).order_by("id").values_list("kind", flat=True)
    )
    assert kinds == ["alias.create", "alias.move", "alias.move"]
    assert family.name in operator.get(FAMILIES, {"q": "lt"}).content.decode()


def test_what_cannot_be_is_said_on_the_form(operator: Client, image) -> None:
    row = image()
    operator.post(f"{FAMILIES}add/", posted("lts", row.pk))
    twice = operator.post(f"{FAMILIES}add/", posted("lts", row.pk))
    assert "there is a family" in twice.content.decode()
    bad = operator.post(f"{FAMILIES}add/", posted(row.pk, row.pk))
    assert "not named like an id" in bad.content.decode()
    nowhere = operator.post(f"{FAMILIES}add/", posted("other", ""))
    assert nowhere.status_code == 200
    assert Alias.objects.count() == 1
    delete = {
        "action": "delete_selected",
        "_selected_action": [Alias.objects.get().pk],
        "post": "yes",
    }
    assert "1 deleted" in operator.post(FAMILIES, delete, follow=True).content.decode()
    assert not Alias.objects.exists()
