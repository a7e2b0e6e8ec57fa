"""Where notifications go. A driver returns once what it was given is safe, raises Away when nobody is there to take it,
and any other error when nobody ever will.
"""

import logging
from abc import ABC, abstractmethod
from typing import Any

from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.exceptions import ChannelError, KombuError, SerializationError
from typing_extensions import override

from catalog.errors import Unavailable
from catalog.models import Notice
from catalog.notifications import envelope
from catalog.notifications.conf import NotificationsConfig

log = logging.getLogger("vitrine.notifications")
SECONDS = 10.0
BASIC_PUBLISH, UNFIT = (60, 40), frozenset({311, 406})
"""AMQP's numbers: of the method that a broker names when it closes a channel because of it, and of its reasons when it
is the message that is wrong (content-too-large, precondition-failed).
"""


class Away(Unavailable):
    """The broker of notifications does not answer."""

    code = "notifications_away"


class Driver(ABC):
    @abstractmethod
    def publish(self, notice: Notice) -> None:
        """Hand the notice over; Away when nobody confirms that it has it. Any other error is the notice's own fault."""

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
            if _unfit(error) or not isinstance(error, (OSError, KombuError, *self._errors())):
                self.close()
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


def _unfit(error: Exception) -> bool:
    """Whether the message cannot be written, or the broker answered to it, and not to what is declared for it, that it
    does not take such a one (it is too large).
    """
    if isinstance(error, ChannelError):
        return error.method_sig == BASIC_PUBLISH and error.reply_code in UNFIT
    return isinstance(error, SerializationError)


def driver(config: NotificationsConfig) -> Driver:
    """The configured one; nothing is published by `noop`, so it is the log's."""
    return MessagingDriver(config) if config.driver == "messaging" else LogDriver(config)
