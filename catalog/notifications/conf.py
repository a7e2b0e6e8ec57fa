"""Settings of notifications: what other programs are told of."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from typing_extensions import override

from catalog.conf import LONG, SOON, Section, is_address, setting

HIDDEN = frozenset({"noop"})


@dataclass(frozen=True, kw_only=True)
class NotificationsConfig(Section):
    prefix: ClassVar[str] = "notifications"

    driver: Literal["noop", "log", "messaging"] = setting(
        "noop", help="Where notifications go: nowhere, into the log, or to an AMQP broker."
    )
    url: str = setting(
        "", help="Broker of the driver messaging, amqp://… or amqps://….", secret=True
    )
    exchange: str = setting("glance", help="Topic exchange that notifications are published to.")
    topics: tuple[str, ...] = setting(
        ("notifications",), help="Routing keys are <topic>.info and <topic>.error."
    )
    durable: bool = setting(
        False,
        help="Whether exchange and queues outlive the broker; as amqp_durable_queues of the receivers.",
    )
    default_publisher_id: str = setting(
        "", help="Who notifications are from; default: image.<host name>."
    )
    disabled_notifications: tuple[str, ...] = setting(
        (),
        help="Events that nobody is told of: whole names, or groups (what is before the first dot).",
    )
    lease: float = setting(60.0, help="Seconds after which another notifier takes over.")

    @override
    def problems(self) -> Iterable[str]:
        if self.driver == "messaging" and not is_address(self.url, "amqp", "amqps"):
            yield "VITRINE_NOTIFICATIONS_URL must be an address amqp://… for the driver messaging"
        if not self.topics:
            yield "VITRINE_NOTIFICATIONS_TOPICS must name a topic"
        yield from self.outside(SOON, LONG, "lease")

    @property
    def on(self) -> bool:
        return self.driver not in HIDDEN

    @property
    def publisher_id(self) -> str:
        return self.default_publisher_id or f"image.{socket.gethostname()}"

    def wants(self, event_type: str) -> bool:
        group = event_type.partition(".")[0]
        return self.on and not {event_type, group} & set(self.disabled_notifications)
