"""Notifications as a listener of a real RabbitMQ gets them, also when the notifier is killed in between."""

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kombu
import pytest
from kombu.exceptions import ChannelError

from catalog.clock import now
from catalog.models import Notice
from catalog.notifications.conf import NotificationsConfig
from catalog.notifications.drivers import Away, MessagingDriver
from tests.support.crash import victim
from tests.support.patience import eventually

pytestmark = [pytest.mark.rabbitmq, pytest.mark.filterwarnings("ignore::ResourceWarning")]


class Ear:
    """Reads what came on `<topic>.info` and `<topic>.error`."""

    def __init__(self, topic: str, exchange: str) -> None:
        self._connection = kombu.Connection(os.environ["VITRINE_TEST_RABBITMQ_URL"])
        self._channel = self._connection.channel()
        place = kombu.Exchange(exchange, type="topic", durable=False)
        self._queues = []
        for priority in ("info", "error"):
            key = f"{topic}.{priority}"
            queue = kombu.Queue(key, place, routing_key=key, durable=False)(self._channel)
            queue.declare()
            self._queues.append(queue)
        self._exchange = place(self._channel)

    def hear(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for queue in self._queues:
            while (message := queue.get(no_ack=True)) is not None:
                found.append((queue.name, json.loads(message.body)))
        return found

    def close(self) -> None:
        for queue in self._queues:
            queue.delete()
        self._exchange.delete()
        self._connection.release()


@pytest.fixture
def name() -> str:
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def ear(name: str) -> Iterator[Ear]:
    found = Ear(name, f"x{name}")
    yield found
    found.close()


def config(name: str, **values: Any) -> NotificationsConfig:
    given = {"url": os.environ["VITRINE_TEST_RABBITMQ_URL"], "topics": (name,), **values}
    return NotificationsConfig(driver="messaging", exchange=f"x{name}", **given)


def notice(event_type: str, priority: str = "INFO") -> Notice:
    return Notice(
        object_type="x",
        object_id="y",
        event_type=event_type,
        priority=priority,
        payload={"id": "y"},
        message_id=str(uuid.uuid4()),
        context={"request_id": "req-1"},
        created_at=now(),
    )


def test_the_envelope(name: str, ear: Ear) -> None:
    driver = MessagingDriver(config(name, default_publisher_id="image.here"))
    sent = notice("image.create")
    driver.publish(sent)
    driver.publish(notice("image.upload", "ERROR"))
    driver.close()
    (queue, first), (other, second) = ear.hear()
    assert (queue, other) == (f"{name}.info", f"{name}.error")
    assert first.keys() == {"oslo.version", "oslo.message"}
    assert first["oslo.version"] == "2.0"
    told = json.loads(first["oslo.message"])
    assert told["event_type"] == "image.create"
    assert (told["publisher_id"], told["priority"]) == ("image.here", "INFO")
    assert (told["payload"], told["message_id"]) == ({"id": "y"}, sent.message_id)
    assert told["_context_request_id"] == "req-1"
    assert json.loads(second["oslo.message"])["priority"] == "ERROR"


def test_a_broker_that_is_not_there() -> None:
    driver = MessagingDriver(config("t", url="amqp://guest:guest@127.0.0.1:1//"))
    with pytest.raises(Away):
        driver.publish(notice("image.create"))


def test_a_message_that_the_broker_refuses_is_not_a_broker_that_is_away(
    name: str, ear: Ear
) -> None:
    driver, large = MessagingDriver(config(name)), notice("image.create")
    large.payload = {"id": "x" * (2 << 20)}
    with pytest.raises(ChannelError, match="larger than"):
        driver.publish(large)
    driver.publish(notice("image.update"))
    assert [json.loads(told["oslo.message"])["event_type"] for _, told in ear.hear()] == [
        "image.update"
    ]
    driver.close()


def test_an_exchange_of_another_kind_is_no_fault_of_the_message(name: str, ear: Ear) -> None:
    driver = MessagingDriver(config(name, durable=True))
    with pytest.raises(Away, match="inequivalent"):
        driver.publish(notice("image.create"))


@pytest.mark.timeout(300)
def test_a_killed_notifier_repeats_and_loses_nothing(name: str, ear: Ear, tmp_path: Path) -> None:
    settings = {
        "VITRINE_NOTIFICATIONS_DRIVER": "messaging",
        "VITRINE_NOTIFICATIONS_URL": os.environ["VITRINE_TEST_RABBITMQ_URL"],
        "VITRINE_NOTIFICATIONS_TOPICS": name,
        "VITRINE_NOTIFICATIONS_EXCHANGE": f"x{name}",
        "VITRINE_NOTIFICATIONS_LEASE": "2",
    }
    with victim(tmp_path, **settings) as found:
        token = found.service.token()
        found.arm("notifier.after_publish")
        images = []
        for number in range(3):
            status, answer, _ = found.service.call(
                "POST", "/image/v2/images", {"name": f"n{number}"}, token=token
            )
            assert status == 201, answer
            images.append(json.loads(answer)["id"])
        found.until(lambda: found.fired("notifier.after_publish"), 60, "the notifier died")
        found.disarm("notifier.after_publish")
        heard: list[dict[str, Any]] = []

        def told() -> set[str]:
            heard.extend(json.loads(body["oslo.message"]) for _, body in ear.hear())
            return {one["payload"]["id"] for one in heard if one["event_type"] == "image.create"}

        def repeated() -> bool:
            ids = [one["message_id"] for one in heard]
            return len(ids) > len(set(ids))

        # What was told before the kill comes again when its lease is over, which may be after all others.
        eventually(lambda: told() >= set(images) and repeated(), seconds=150)
        assert told() >= set(images), "nothing is lost"
        assert repeated(), "the one that was told before the kill came again"
