"""Operators find the rows of every model: on pages of their own, or on the page of what they belong to."""

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from artifacts.models import AliasMove, Artifact, StoredObject, UploadPart, UploadSession
from catalog.clock import now
from catalog.models import Notice
from identity.models import ProjectTag, RoleImplication
from tests.architecture.test_models import OURS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.urls")]
WITH_THEIR_OWNERS = {AliasMove, ProjectTag, RoleImplication}
PAGES = [one for one in OURS if one not in WITH_THEIR_OWNERS]


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model._meta.label)
def test_every_model_has_pages(operator: Client, model: type[Model]) -> None:
    assert admin.site.is_registered(model)
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    assert operator.get(page).status_code == 200
    assert operator.get(page, {"q": "a"}).status_code == 200
    assert operator.get(page, {"q": "\x00"}).status_code in {200, 302}


def test_waiting_notifications_are_seen_and_kept(operator: Client) -> None:
    row = Notice.objects.create(
        object_type="OS::Glance::Image",
        object_id="abc",
        event_type="image.update",
        priority="INFO",
        payload={"name": "debian"},
        message_id="m",
    )
    pages = "/admin/catalog/notice/"
    assert "image.update" in operator.get(pages, {"q": "ab"}).content.decode()
    assert "image.update" not in operator.get(pages, {"q": "abd"}).content.decode()
    assert "debian" in operator.get(f"{pages}{row.pk}/change/").content.decode()
    assert operator.post(f"{pages}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert operator.get(f"{pages}add/").status_code == 403


def test_parts_of_uploads_are_seen(operator: Client, image) -> None:
    stored = StoredObject.objects.create(store="local", key="k1", state="pending")
    found = UploadSession.objects.create(
        artifact=Artifact.objects.get(pk=image().pk),
        store="local",
        slot="image",
        length=20000,
        expires_at=now(),
    )
    row = UploadPart.objects.create(session=found, stored_object=stored, start=0, size=12345)
    pages = "/admin/artifacts/uploadpart/"
    assert "12345" in operator.get(pages, {"q": str(found.pk)[:6]}).content.decode()
    assert operator.get(f"{pages}{row.pk}/change/").status_code == 200
    assert operator.post(f"{pages}{row.pk}/delete/", {"post": "yes"}).status_code == 403
