"""What is told of images, members and metadefs: the right events, in order, with what was true at the time."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from catalog.actors import Actor
from catalog.clock import now
from catalog.conf import ConfigurationError, parse
from catalog.models import Delivery, Notice
from catalog.notifications.conf import NotificationsConfig
from catalog.notifications.drivers import Away
from catalog.notifications.publishing import Publisher
from catalog.outbox import claiming
from catalog.outbox.claiming import PARK_AFTER
from catalog.parking import retry
from tests.notifications.conftest import Listener
from tests.support.images import Caller, callers

pytestmark = pytest.mark.django_db

Notify = Callable[..., None]


@pytest.fixture
def anna() -> Caller:
    return callers("anna")[0]


def outstanding() -> int:
    return Delivery.objects.filter(consumer="notifications").count()


def test_an_image_from_first_to_last(notify: Notify, listener: Listener, anna: Caller) -> None:
    notify()
    image = anna.create(name="one", os_distro="debian", tags=["b", "a"])["id"]
    anna.patch(image, {"op": "replace", "path": "/name", "value": "two"})
    anna.patch(image, {"op": "add", "path": "/hw_x", "value": "1"})
    assert anna.call("DELETE", f"/v2/images/{image}").status_code == 204
    assert listener.types() == ["image.create", "image.update", "image.update", "image.delete"]
    first, second, third, last = (payload for _, payload in listener.told)
    assert (first["name"], second["name"]) == ("one", "two")
    assert first["properties"] == {"os_distro": "debian"}
    assert third["properties"] == {"os_distro": "debian", "hw_x": "1"}
    assert first["tags"] == ["a", "b"]
    assert (first["deleted"], last["deleted"], last["id"]) == (False, True, image)
    assert last["deleted_at"] is not None
    assert "locations" not in first
    assert (outstanding(), Notice.objects.count()) == (0, 0)


def test_nobody_owes_anything_while_nobody_is_told(listener: Listener, anna: Caller) -> None:
    anna.create(name="one")
    assert (outstanding(), Notice.objects.count()) == (0, 0)
    assert listener.types() == []


def test_members(notify: Notify, listener: Listener) -> None:
    notify(disabled_notifications=("image.create", "image.update"))
    anna, ben = callers("anna", "ben")
    image = anna.create(name="one", visibility="shared")["id"]
    member = f"/v2/images/{image}/members/{ben.project.pk}"
    assert (
        anna.call("POST", f"/v2/images/{image}/members", {"member": ben.project.pk}).status_code
        == 200
    )
    assert ben.call("PUT", member, {"status": "accepted"}).status_code == 200
    assert anna.call("DELETE", member).status_code == 204
    assert listener.types() == ["image.member.create", "image.member.update", "image.member.delete"]
    told = [payload for _, payload in listener.told]
    assert [one["status"] for one in told] == ["pending", "accepted", "accepted"]
    assert [one["deleted"] for one in told] == [False, False, True]
    assert {one["member_id"] for one in told} == {ben.project.pk}


@pytest.mark.parametrize(
    ("disabled", "left"),
    [
        (("image",), []),
        (("image.create",), ["image.update"]),
        (("metadef_tag",), ["image.create", "image.update"]),
        (("image.updat",), ["image.create", "image.update"]),
    ],
)
def test_events_are_disabled_by_name_or_group(
    notify: Notify, listener: Listener, anna: Caller, disabled: tuple[str, ...], left: list[str]
) -> None:
    notify(disabled_notifications=disabled)
    image = anna.create(name="one")["id"]
    anna.patch(image, {"op": "replace", "path": "/name", "value": "two"})
    assert listener.types() == left


def test_metadefs(notify: Notify, listener: Listener) -> None:
    from tests.support.identity import make_project

    notify()
    admin = Caller("root", make_project("root"), ("admin",))
    spaces, here = "/v2/metadefs/namespaces", "/v2/metadefs/namespaces/Some::Space"
    assert admin.call("POST", spaces, {"namespace": "Some::Space"}).status_code == 201
    speed = {"name": "speed", "title": "Speed", "type": "integer", "minimum": 1}
    assert admin.call("POST", f"{here}/properties", speed).status_code == 201
    changed = {**speed, "name": "pace"}
    assert admin.call("PUT", f"{here}/properties/speed", changed).status_code == 200
    assert admin.call("DELETE", f"{here}/properties/pace").status_code == 204
    assert admin.call("POST", f"{here}/tags/word").status_code == 201
    assert admin.call("DELETE", f"{here}/tags").status_code == 204
    assert admin.call("DELETE", here).status_code == 204
    while Publisher(listener).batch():
        pass
    told: dict[str, Any] = dict(listener.told)
    assert told.keys() == {
        "metadef_namespace.create",
        "metadef_property.create",
        "metadef_property.update",
        "metadef_property.delete",
        "metadef_tag.create",
        "metadef_namespace.delete_tags",
        "metadef_namespace.delete",
    }
    update, delete = told["metadef_property.update"], told["metadef_property.delete"]
    assert (update["name_old"], update["name"], update["minimum"]) == ("speed", "pace", 1)
    assert (delete["namespace"], delete["title"], delete["deleted"]) == (
        "Some::Space",
        "Speed",
        True,
    )
    assert told["metadef_namespace.create"]["visibility"] == "private"


def test_what_nobody_took_is_told_later(notify: Notify, listener: Listener, anna: Caller) -> None:
    notify()
    image = anna.create(name="one")["id"]
    listener.away = True
    with pytest.raises(Away):
        Publisher(listener).batch()
    anna.patch(image, {"op": "replace", "path": "/name", "value": "two"})
    assert (Notice.objects.count(), outstanding()) == (2, 1)
    listener.away = False
    Delivery.objects.update(due_at=now())
    assert listener.types() == ["image.create", "image.update"]


def test_what_a_database_that_went_away_left_claimed_is_told_at_once(
    notify: Notify, listener: Listener, anna: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    notify()
    anna.create(name="one")
    publisher, acknowledge = Publisher(listener), claiming.acknowledge

    def away(*_: object, **__: object) -> None:
        monkeypatch.setattr(claiming, "acknowledge", acknowledge)
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(claiming, "acknowledge", away)
    with pytest.raises(OperationalError):
        publisher.batch()
    assert publisher.batch() == 1
    assert outstanding() == 0


def test_what_is_written_while_it_is_told_is_told_too(
    notify: Notify, listener: Listener, anna: Caller
) -> None:
    notify()
    image = anna.create(name="one")["id"]

    class Meddling(Listener):
        def publish(self, notice: Notice) -> None:
            super().publish(notice)
            if len(self.told) == 1:
                anna.patch(image, {"op": "replace", "path": "/name", "value": "two"})

    meddling = Meddling()
    Publisher(meddling).batch()
    assert [*meddling.told, *listener.told][-1][0] in {"image.create", "image.update"}
    assert [*(t for t, _ in meddling.told), *listener.types()] == ["image.create", "image.update"]
    assert outstanding() == 0


def test_messaging_needs_an_address() -> None:
    with pytest.raises(ConfigurationError, match="VITRINE_NOTIFICATIONS_URL"):
        parse(NotificationsConfig, {"VITRINE_NOTIFICATIONS_DRIVER": "messaging"}, {})


def test_what_cannot_be_published_is_parked_and_keeps_nobody_waiting(
    notify: Notify, listener: Listener, anna: Caller
) -> None:
    notify()
    listener.unfit.add("image.update")
    image = anna.create(name="one")["id"]
    anna.patch(image, {"op": "replace", "path": "/name", "value": "two"})
    assert anna.call("DELETE", f"/v2/images/{image}").status_code == 204
    other = anna.create(name="other")["id"]
    for _ in range(PARK_AFTER):
        Publisher(listener).batch()
        Delivery.objects.update(due_at=now())
    assert sorted(event_type for event_type, _ in listener.told) == [
        "image.create", "image.create", "image.delete",
    ]  # fmt: skip
    parked = Delivery.objects.get(consumer="notifications")
    assert (parked.object_id, parked.parked) == (image, True)
    left = Notice.objects.get()
    assert parked.error == f"image.update ({left.message_id}): ValueError: not to be written down"
    assert Publisher(listener).batch() == 0
    listener.unfit.clear()
    anna.patch(other, {"op": "replace", "path": "/name", "value": "three"})
    retry([parked.pk], actor=Actor(user_id="root", is_admin=True))
    assert listener.types()[3:] == ["image.update"] * 2
    assert (outstanding(), Notice.objects.count()) == (0, 0)


def test_the_next_event_has_it_tried_again(
    notify: Notify, listener: Listener, anna: Caller
) -> None:
    notify()
    listener.unfit.add("image.create")
    image = anna.create(name="one")["id"]
    for _ in range(PARK_AFTER):
        Publisher(listener).batch()
        Delivery.objects.update(due_at=now())
    anna.patch(image, {"op": "replace", "path": "/name", "value": "two"})
    assert listener.types() == ["image.update"], "it is not kept waiting"
    assert not Delivery.objects.get(consumer="notifications").parked
    listener.unfit.clear()
    Delivery.objects.update(due_at=now())
    assert listener.types() == ["image.update", "image.create"]
    assert outstanding() == 0


def test_a_broker_that_is_away_parks_nothing(
    notify: Notify, listener: Listener, anna: Caller
) -> None:
    notify()
    anna.create(name="one")
    listener.away = True
    for _ in range(PARK_AFTER + 2):
        with pytest.raises(Away):
            Publisher(listener).batch()
        Delivery.objects.update(due_at=now())
    row = Delivery.objects.get(consumer="notifications")
    assert (row.parked, row.attempts) == (False, 0)
