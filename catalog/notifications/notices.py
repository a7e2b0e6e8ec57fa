"""Notices: what is to be told, written beside its event, and deleted once it was told.

An app registers a describer per type of object. It is asked inside the transaction of the change, when the rows are
as the change left them, so that a notice tells what was true at its event, however late it goes out.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from catalog.conf import section
from catalog.models import Event, Notice
from catalog.notifications.conf import NotificationsConfig
from catalog.registry import Registry

CONSUMER = "notifications"
Priority = Literal["INFO", "WARN", "ERROR"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A notification to be: `image.create`, and what it carries."""

    event_type: str
    payload: Any
    priority: Priority = "INFO"


Describer = Callable[[Event], Iterable[Draft]]
_describers: Registry[Describer] = Registry("notice describer")


def register(object_type: str, describer: Describer) -> None:
    """Tell of events of that type of object."""
    _describers.register(object_type, describer)


def on() -> bool:
    """Whether anybody is told of anything."""
    return section(NotificationsConfig).on


def note(event: Event) -> bool:
    """Keep what is to be told of the event; whether there is something."""
    describer = _describers.get(event.object_type)
    if describer is None or not on():
        return False
    wanted = [one for one in describer(event) if section(NotificationsConfig).wants(one.event_type)]
    keep(wanted, event=event)
    return bool(wanted)


def keep(drafts: Iterable[Draft], *, event: Event) -> None:
    """Insert notices of the event's object; ids rise in the order of its events, whose row is locked."""
    Notice.objects.bulk_create(
        Notice(
            object_type=event.object_type,
            object_id=event.object_id,
            event_type=one.event_type,
            priority=one.priority,
            payload=one.payload,
            message_id=str(uuid.uuid4()),
            context={
                "user_id": event.actor_user_id,
                "project_id": event.actor_project_id,
                "request_id": event.request_id,
            },
        )
        for one in drafts
    )
