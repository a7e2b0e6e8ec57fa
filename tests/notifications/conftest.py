from collections.abc import Callable
from typing import Any

import pytest
from typing_extensions import override

from catalog.models import Notice
from catalog.notifications.conf import NotificationsConfig
from catalog.notifications.drivers import Away, Driver
from catalog.notifications.publishing import Publisher
from tests.support.located import shown, web
from tests.support.server import server, stray_sessions

__all__ = ["server", "shown", "stray_sessions", "web"]


class Listener(Driver):
    """Keeps what it is told; away while `away` is set. `unfit`: types of events that it cannot take."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.ids: list[str] = []
        self.away = False
        self.unfit: set[str] = set()

    @override
    def publish(self, notice: Notice) -> None:
        if self.away:
            raise Away("nobody listens")
        if notice.event_type in self.unfit:
            raise ValueError("not to be written down")
        self.told.append((notice.event_type, notice.payload))
        self.ids.append(notice.message_id)

    def types(self) -> list[str]:
        Publisher(self).batch()
        return [event_type for event_type, _ in self.told]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def notify(settings: Any) -> Callable[..., None]:
    def chosen(**values: Any) -> None:
        config = NotificationsConfig(**{"driver": "log", **values})
        settings.VITRINE = {**settings.VITRINE, NotificationsConfig: config}

    return chosen
