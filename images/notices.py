"""What other programs are told of images and their members: Glance's events and payloads."""

from collections.abc import Iterator
from typing import Any

from artifacts.models import Artifact, Member
from catalog.actors import Actor
from catalog.clock import iso_seconds, now
from catalog.conf import section
from catalog.events.recording import announce
from catalog.models import Event
from catalog.notifications import notices
from catalog.notifications.conf import NotificationsConfig
from catalog.notifications.notices import Draft
from images.artifact_type import IMAGES
from images.lifecycle import ACTIVE

SEND = "image.send"
UPDATES = frozenset(
    "update deactivate reactivate restore locate import import_complete import_failed hash".split()
)
BRING_DATA = frozenset({"upload", "locate", "import_complete"})
IMPORTING: dict[str, list[str]] = {
    "os_glance_importing_to_stores": [],
    "os_glance_failed_import": [],
}
FAILED = "upload_failed"


def register() -> None:
    notices.register(IMAGES.resource_type, describe)


def describe(event: Event) -> Iterator[Draft]:
    """The notifications of an image's event, from the row as the event left it."""
    _, _, verb = event.kind.partition(".")
    row = Artifact.objects.filter(pk=event.object_id).first()
    if verb.startswith("member."):
        yield from _member(event, event.object_id if row is None else row.spelt_id)
        return
    if row is None:
        return
    if verb in {"create", "delete"}:
        yield Draft(event.kind, shown(row))
    elif verb in UPDATES:
        yield Draft("image.update", shown(row))
    elif verb == "prepare":
        yield Draft("image.prepare", {**shown(row), **IMPORTING})
    elif verb == "upload":
        yield Draft("image.upload", {**shown(row), **IMPORTING})
    elif verb == FAILED:
        yield Draft("image.upload", f"The data of image {row.spelt_id} was not stored.", "ERROR")
    if verb in BRING_DATA and event.changes.get("status", [None])[-1] == ACTIVE:
        yield Draft("image.activate", shown(row))


def sent(image: Artifact, *, to: Actor, count: int, whole: bool) -> None:
    """Data went out: so many bytes, and whether these are all that were to go."""
    payload = {
        "bytes_sent": count,
        "image_id": image.spelt_id,
        "owner_id": image.project_id,
        "receiver_tenant_id": to.project_id,
        "receiver_user_id": to.user_id,
    }
    draft = Draft(SEND, payload, "INFO" if whole else "ERROR")
    announce(draft, object_type=IMAGES.resource_type, object_id=image.pk, actor=to)


def sending_is_told() -> bool:
    """Whether anybody is told of downloads: each costs a write."""
    return section(NotificationsConfig).wants(SEND)


def shown(row: Artifact) -> dict[str, Any]:
    """An image as notifications carry it; where its data lies is never told."""
    fields = row.fields
    return {
        "id": row.spelt_id,
        "name": row.name,
        "status": row.status,
        "created_at": iso_seconds(row.created_at),
        "updated_at": iso_seconds(row.updated_at),
        "min_disk": row.min_disk or 0,
        "min_ram": row.min_ram or 0,
        "protected": row.protected,
        "checksum": fields.get("checksum"),
        "owner": row.project_id,
        "disk_format": row.disk_format,
        "container_format": row.container_format,
        "size": row.size,
        "virtual_size": fields.get("virtual_size"),
        "is_public": row.visibility == "public",
        "visibility": row.visibility,
        "properties": dict(row.properties),
        "tags": sorted(row.tags.values_list("value", flat=True)),
        "deleted": row.deleted_at is not None,
        "deleted_at": None if row.deleted_at is None else iso_seconds(row.deleted_at),
    }


def _member(event: Event, image_id: str) -> Iterator[Draft]:
    for path, (old, new) in event.changes.items():
        member_id = path.removeprefix("members/")
        row = Member.objects.filter(artifact_id=event.object_id, member_id=member_id).first()
        moment = iso_seconds(now())
        gone = event.kind.endswith(".delete")
        yield Draft(
            event.kind,
            {
                "image_id": image_id,
                "member_id": member_id,
                "status": old if new is None else new,
                "created_at": None if row is None else iso_seconds(row.created_at),
                "updated_at": moment if row is None else iso_seconds(row.updated_at),
                "deleted": gone,
                "deleted_at": moment if gone else None,
            },
        )
