"""Where notifications go. A driver returns once what it was given is safe, and raises Away when it is not."""

import logging
from abc import ABC, abstractmethod
from typing import Any

from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.exceptions import KombuError
from typing_extensions import override

from catalog.errors import Unavailable
from catalog.models import Notice
from catalog.notifications import envelope
from catalog.notifications.conf import NotificationsConfig

log = logging.getLogger("vitrine.notifications")
SECONDS = 10.0


class Away(Unavailable):
    """The broker of notifications does not answer."""

    code = "notifications_away"


class Driver(ABC):
    @abstractmethod
    def publish(self, notice: Notice) -> None:
        """Hand the notice over; Away when nobody confirms that it has it."""

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give connections back."""


class LogDriver(Driver):
    """One line of the log per notification."""

    def __init__(self, config: NotificationsConfig) -> None:
        self._config = config

    @override
    def publish(self, notice: Notice) -> None:
        told = envelope.message(notice, self._config.publisher_id)
        level = logging.ERROR if notice.priority == "ERROR" else logging.INFO
        log.log(level, notice.event_type, extra={"notification": told})


class MessagingDriver(Driver):
    """To a topic exchange by AMQP, confirmed by the broker.

    Queues named like the routing keys are declared, as oslo.messaging does, so that what is told before anybody
    listens is kept.
    """

    def __init__(self, config: NotificationsConfig) -> None:
        self._config = config
        self._connection: Any = None
        self._producer: Any = None

    @override
    def publish(self, notice: Notice) -> None:
        config = self._config
        body = envelope.sealed(envelope.message(notice, config.publisher_id))
        try:
            for topic in config.topics:
                self._send(f"{topic}.{notice.priority.lower()}", body)
        except Exception as error:
            if not isinstance(error, (OSError, KombuError, *self._errors())):
                raise
            self.close()
            raise Away(f"the broker of notifications does not answer: {error}") from error

    def _send(self, key: str, body: dict[str, str]) -> None:
        config = self._config
        if self._connection is None:
            self._connection = Connection(  # type: ignore[no-untyped-call] # kombu has no types
                config.url,
                connect_timeout=SECONDS,
                transport_options={"confirm_publish": True},
            )
            self._producer = self._connection.Producer(serializer="json")
        exchange = Exchange(config.exchange, type="topic", durable=config.durable)  # type: ignore[no-untyped-call] # kombu has no types
        queue = Queue(key, exchange, routing_key=key, durable=config.durable)  # type: ignore[no-untyped-call] # kombu has no types
        self._producer.publish(
            body,
            exchange=exchange,
            routing_key=key,
            declare=[queue],
            delivery_mode=2,
            retry=False,
            timeout=SECONDS,
        )

    def _errors(self) -> tuple[type[Exception], ...]:
        if self._connection is None:
            return ()
        found: tuple[type[Exception], ...] = (
            *self._connection.connection_errors,
            *self._connection.channel_errors,
        )
        return found

    @override
    def close(self) -> None:
        found, self._connection, self._producer = self._connection, None, None
        if found is not None:
            found.release()


def driver(config: NotificationsConfig) -> Driver:
    """The configured one; nothing is published by `noop`, so it is the log's."""
    return MessagingDriver(config) if config.driver == "messaging" else LogDriver(config)
