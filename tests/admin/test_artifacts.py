"""Artifacts and images in the admin: services do all that changes, their refusals are shown."""

import pytest
from django.test import Client

from artifacts.admin import verbs_of
from artifacts.heat_templates import HEAT_TEMPLATES
from artifacts.models import Artifact, Blob, Location, Member, StoredObject, Tag, UploadSession
from artifacts.services import plain, sessions
from artifacts.types import types
from catalog.actors import system_actor
from catalog.administration import BoundedPaginator
from catalog.models import Event
from images.services import members

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.urls")]
IMAGES = "/admin/images/image/"
ARTIFACTS = "/admin/artifacts/artifact/"
MEMBERS = "/admin/artifacts/member/"
SESSIONS = "/admin/artifacts/uploadsession/"


def active(image):
    Artifact.objects.filter(pk=image.pk).update(status="active", size=3)
    return Artifact.objects.get(pk=image.pk)


def form(image, **values) -> dict[str, object]:
    """What the browser sends for the image's page, with `values` typed over it."""
    given = {
        "name": image.name or "",
        "visibility": image.visibility,
        "project_id": image.project_id or "",
        "disk_format": image.disk_format or "",
        "container_format": image.container_format or "",
        "min_disk": image.min_disk,
        "min_ram": image.min_ram,
        "properties": "{}",
        "tags": "",
    }
    return {**given, **values}


def act(client: Client, path: str, action: str, *ids: object, **more):
    return client.post(path, {"action": action, "_selected_action": list(ids), **more}, follow=True)


def test_every_verb_is_a_transition_and_every_type_can_be_deleted() -> None:
    for kind in types().values():
        assert "delete" in verbs_of(kind)
        assert set(verbs_of(kind)) <= set(kind.machine.transitions)


def test_an_image_is_changed_by_the_service(operator: Client, image) -> None:
    row = image(tags=["old"], os_distro="debian")
    change = form(
        row,
        name="Debian 12",
        protected="on",
        tags="stable\nlts",
        properties='{"os_distro": "ubuntu"}',
    )
    answer = operator.post(f"{IMAGES}{row.pk}/change/", change)
    assert answer.status_code == 302, answer.content.decode()
    row.refresh_from_db()
    assert (row.name, row.protected, row.revision) == ("Debian 12", True, 2)
    assert row.properties == {"os_distro": "ubuntu"}
    assert sorted(row.tags.values_list("value", flat=True)) == ["lts", "stable"]
    event = Event.objects.get(kind="image.update")
    assert set(event.changes) == {"name", "protected", "tags", "properties/os_distro"}


def test_what_the_service_refuses_is_said_on_the_form_and_nothing_changes(
    operator: Client, image
) -> None:
    row = active(image())
    answer = operator.post(f"{IMAGES}{row.pk}/change/", form(row, name="new", disk_format="raw"))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "Not saved: the formats of an image that is active do not change" in text
    assert 'value="new"' in text
    row.refresh_from_db()
    assert (row.name, row.disk_format, row.revision) == ("debian", "qcow2", 1)


def test_properties_must_be_an_object(operator: Client, image) -> None:
    row = image()
    answer = operator.post(f"{IMAGES}{row.pk}/change/", form(row, properties="[1]"))
    assert "Properties are a JSON object" in answer.content.decode()
    answer = operator.post(f"{IMAGES}{row.pk}/change/", form(row, properties='{"a": 1}'))
    assert "Not saved" in answer.content.decode()
    row.refresh_from_db()
    assert row.properties == {}


def test_the_status_is_never_written(operator: Client, image) -> None:
    row = image()
    operator.post(f"{IMAGES}{row.pk}/change/", form(row, status="active", name="x"))
    row.refresh_from_db()
    assert (row.status, row.name) == ("queued", "x")


def test_buttons_follow_from_the_state(operator: Client, image) -> None:
    row = active(image())
    page = operator.get(f"{IMAGES}{row.pk}/change/").content.decode()
    assert "/walk/deactivate/" in page
    assert "/walk/reactivate/" not in page
    answer = operator.post(f"{IMAGES}{row.pk}/walk/deactivate/", follow=True)
    assert "/walk/reactivate/" in answer.content.decode()
    row.refresh_from_db()
    assert row.status == "deactivated"
    assert Event.objects.filter(kind="image.deactivate", object_id=row.pk).exists()


def test_a_transition_from_the_wrong_state_is_refused_in_words(operator: Client, image) -> None:
    row = image()
    answer = operator.post(f"{IMAGES}{row.pk}/walk/deactivate/", follow=True)
    assert "Image is queued; deactivate is possible from: active" in answer.content.decode()
    assert operator.get(f"{IMAGES}{row.pk}/walk/deactivate/").status_code == 405
    assert operator.post(f"{IMAGES}{row.pk}/walk/upload/").status_code == 404
    row.refresh_from_db()
    assert row.status == "queued"


def test_actions_walk_many_and_name_those_that_could_not(operator: Client, image) -> None:
    first, second = active(image()), image()
    text = act(operator, IMAGES, "deactivate", first.pk, second.pk).content.decode()
    assert "Deactivate: done for 1" in text
    assert f"possible from: active ({second.pk})" in text
    assert Artifact.objects.get(pk=first.pk).status == "deactivated"


def test_deleting_asks_first_and_goes_through_the_service(operator: Client, image) -> None:
    kept, gone = image(protected=True), image()
    asked = act(operator, IMAGES, "delete_selected", kept.pk, gone.pk).content.decode()
    assert "Are you sure" in asked
    assert Artifact.objects.filter(deleted_at=None).count() == 2
    text = act(operator, IMAGES, "delete_selected", kept.pk, gone.pk, post="yes").content.decode()
    assert "is protected and cannot be deleted" in text
    assert "1 deleted" in text
    assert Artifact.objects.get(pk=gone.pk).status == "deleted"
    assert Artifact.objects.get(pk=kept.pk).deleted_at is None
    assert Event.objects.filter(kind="image.delete").count() == 1


def test_the_pages_own_delete_button_is_the_service_too(operator: Client, image) -> None:
    kept, gone = image(protected=True), image()
    assert operator.get(f"{IMAGES}{gone.pk}/delete/").status_code == 200
    answer = operator.post(f"{IMAGES}{kept.pk}/delete/", {"post": "yes"}, follow=True)
    assert "is protected" in answer.content.decode()
    answer = operator.post(f"{IMAGES}{gone.pk}/delete/", {"post": "yes"}, follow=True)
    assert "1 deleted" in answer.content.decode()
    assert Artifact.objects.get(pk=gone.pk).scrubbed_at is not None
    assert operator.get(f"{IMAGES}{gone.pk}/change/").status_code == 200


def test_other_types_have_their_own_services(operator: Client, system) -> None:
    row = plain.create_artifact(HEAT_TEMPLATES, {"name": "stack"}, actor=system)
    page = operator.get(f"{ARTIFACTS}{row.pk}/change/").content.decode()
    assert "/walk/activate/" in page
    answer = operator.post(f"{ARTIFACTS}{row.pk}/walk/activate/", follow=True)
    assert "It needs template before it can be active" in answer.content.decode()
    act(operator, ARTIFACTS, "delete_selected", row.pk, post="yes")
    assert Artifact.objects.get(pk=row.pk).status == "deleted"


def test_names_and_ids_are_searched_by_their_beginning(operator: Client, image) -> None:
    first, second = image(name="Debian 12"), image(name="Ubuntu 24")
    for term in ("Deb", first.pk[:9], first.pk):
        text = operator.get(IMAGES, {"q": term}).content.decode()
        assert first.pk in text, term
        assert second.pk not in text, term
    assert first.pk not in operator.get(IMAGES, {"q": "ebian"}).content.decode()
    assert operator.get(IMAGES, {"q": "\x00"}).status_code == 200


def test_hidden_and_deleted_rows_lie_on_shelves_of_their_own(
    operator: Client, image, system
) -> None:
    listed, hidden = image(), image(os_hidden=True)
    text = operator.get(IMAGES).content.decode()
    assert listed.pk in text
    assert hidden.pk not in text
    text = operator.get(IMAGES, {"shelf": "hidden"}).content.decode()
    assert hidden.pk in text
    assert listed.pk not in text


def test_images_are_shared_and_no_longer_shared(operator: Client, image) -> None:
    row = image(visibility="shared", owner="p1")
    answer = operator.post(
        f"{MEMBERS}add/", {"artifact": row.pk, "member_id": "p2", "status": "accepted"}
    )
    assert answer.status_code == 302, answer.content.decode()
    member = Member.objects.get()
    assert (member.member_id, member.status) == ("p2", "accepted")
    operator.post(f"{MEMBERS}{member.pk}/change/", {"status": "rejected"})
    member.refresh_from_db()
    assert member.status == "rejected"
    act(operator, MEMBERS, "delete_selected", member.pk, post="yes")
    assert not Member.objects.exists()
    kinds = Event.objects.filter(object_id=row.pk).order_by("id").values_list("kind", flat=True)
    assert list(kinds)[1:] == [
        "image.member.create",
        "image.member.update",
        "image.member.update",
        "image.member.delete",
    ]


def test_images_that_are_not_shared_have_no_members(operator: Client, image) -> None:
    row = image(visibility="private")
    answer = operator.post(
        f"{MEMBERS}add/", {"artifact": row.pk, "member_id": "p2", "status": "pending"}
    )
    assert "only shared images have members" in answer.content.decode()
    assert not Member.objects.exists()


@pytest.mark.parametrize("model", ["blob", "location", "storedobject", "tag"])
def test_bytes_are_only_looked_at(operator: Client, image, model: str) -> None:
    row = image(tags=["one"])
    stored = StoredObject.objects.create(store="local", key="k", state="stored", sha512="a" * 128)
    blob = Blob.objects.create(artifact=row, slot="image", status="active")
    place = Location.objects.create(blob=blob, stored_object=stored, store="local", url="file:///k")
    found = {"blob": blob, "location": place, "storedobject": stored, "tag": Tag.objects.get()}[
        model
    ]
    path = f"/admin/artifacts/{model}/"
    assert operator.get(f"{path}{found.pk}/change/").status_code == 200
    assert operator.post(f"{path}{found.pk}/change/", {}).status_code == 403
    assert operator.get(f"{path}add/").status_code == 403
    term = {"storedobject": "k", "tag": "on"}.get(model, row.pk[:8])
    assert f"/{model}/{found.pk}/" in operator.get(path, {"q": term}).content.decode()
    assert f"/{model}/{found.pk}/" not in operator.get(path, {"q": "zz"}).content.decode()


LISTS = ["blob", "location", "storedobject", "tag", "member", "artifact"]


@pytest.mark.parametrize("path", [IMAGES, *(f"/admin/artifacts/{model}/" for model in LISTS)])
def test_lists_take_a_fixed_number_of_queries(
    operator: Client, image, path: str, django_assert_num_queries
) -> None:
    system = system_actor("tests")
    for number in range(12):
        row = image(name=f"i{number}", tags=["a", "b"], visibility="shared")
        members.add_member(row, "p2", actor=system)
        stored = StoredObject.objects.create(store="local", key=f"k{number}")
        blob = Blob.objects.create(artifact=row, slot="image")
        Location.objects.create(blob=blob, stored_object=stored, store="local", url="file:///k")
    with django_assert_num_queries(4):
        assert operator.get(path).status_code == 200


def test_the_paginator_stops_counting(image, django_assert_num_queries, monkeypatch) -> None:
    for _ in range(3):
        image()
    monkeypatch.setattr("catalog.administration.COUNTED", 2)
    with django_assert_num_queries(1) as captured:
        assert BoundedPaginator(Artifact.objects.order_by("id"), 50).count == 2
    assert "LIMIT 2" in captured[0]["sql"]


def test_counting_all_rows_of_a_filter_is_not_offered(operator: Client, image) -> None:
    image()
    assert "_facets" not in operator.get(IMAGES).content.decode()


def test_forms_offer_the_formats_of_the_site_and_the_one_it_has(operator: Client, image) -> None:
    row = image(disk_format=None)
    page = operator.get(f"{IMAGES}{row.pk}/change/").content.decode()
    assert '<option value="qcow2"' in page
    answer = operator.post(f"{IMAGES}{row.pk}/change/", form(row, disk_format="raw"))
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.disk_format == "raw"
    answer = operator.post(f"{IMAGES}{row.pk}/change/", form(row, disk_format="nonsense"))
    assert "Select a valid choice" in answer.content.decode()
    Artifact.objects.filter(pk=row.pk).update(disk_format="obsolete")
    row.refresh_from_db()
    answer = operator.post(f"{IMAGES}{row.pk}/change/", form(row, name="renamed"))
    assert answer.status_code == 302, answer.content.decode()


def test_an_operator_ends_upload_sessions(operator: Client, image, system) -> None:
    row = image()
    session = sessions.open_session(
        row,
        slot="image",
        store="local",
        length=9,
        digests={},
        client_metadata="",
        actor=system,
    )
    shown = operator.get(SESSIONS, {"q": session.pk[:8]})
    assert session.pk in shown.content.decode()
    assert "1 session is ended" in act(operator, SESSIONS, "end", session.pk).content.decode()
    assert not UploadSession.objects.exists()
