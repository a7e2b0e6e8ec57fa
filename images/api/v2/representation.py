"""An image as the Images v2 dialect shows it: one plain dictionary, no serializer."""

from datetime import timedelta
from typing import Any

from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, Member
from catalog.actors import Actor
from catalog.clock import iso_seconds
from catalog.conf import section
from images import protections, readable_locations, schemas
from images.models import Image
from images.schemas import OTHERWISE
from images.selectors import COLUMNS, ImageRow, spelt_id, tags_of


def shown(row: ImageRow, actor: Actor) -> dict[str, Any]:
    """The image's JSON for this actor: the free properties that it may read beside the base fields."""
    fields, image_id = row["fields"], spelt_id(row)
    path = f"/v2/images/{image_id}"
    properties = protections.readable(actor, row["properties"])
    found: dict[str, Any] = {k: v or _nothing(k) for k, v in properties.items()}
    found |= {
        "id": image_id,
        "name": row["name"],
        "status": row["status"],
        "visibility": row["visibility"],
        "protected": row["protected"],
        "os_hidden": row["hidden"],
        "owner": row["project_id"],
        "size": row["size"],
        "virtual_size": fields.get("virtual_size"),
        "checksum": fields.get("checksum"),
        "os_hash_algo": fields.get("os_hash_algo"),
        "os_hash_value": fields.get("os_hash_value"),
        "disk_format": row["disk_format"],
        "container_format": row["container_format"],
        "min_disk": row["min_disk"],
        "min_ram": row["min_ram"],
        "created_at": iso_seconds(row["created_at"]),
        "updated_at": iso_seconds(row["updated_at"]),
        "tags": row["tag_values"],
        "self": path,
        "file": f"{path}/file",
        "schema": "/v2/schemas/image",
    }
    if fields.get(OTHERWISE):
        found[OTHERWISE] = fields[OTHERWISE]
    return found | readable_locations.shown(row, actor)


def _nothing(name: str) -> str | None:
    """How a property without a value is shown: as what the schema takes."""
    return None if name in schemas.nullable() else ""


def shown_deleted(row: ImageRow, actor: Actor) -> dict[str, Any]:
    """An image that can be restored, and until when."""
    grace = timedelta(seconds=section(ArtifactsConfig).restore_grace)
    times = {"deleted_at": row["deleted_at"], "restorable_until": row["deleted_at"] + grace}
    return {**shown(row, actor), **{name: iso_seconds(at) for name, at in times.items()}}


def shown_release(row: ImageRow, actor: Actor, *, family: str) -> dict[str, Any]:
    """A family's current image under the name that was asked for: clients compare it with what they asked.

    Two keys that no image has of itself tell the family and the image's own name.
    """
    own = {"vitrine_family": family, "vitrine_release": row["name"] or ""}
    return {**shown(row, actor), "name": family, **own}


def row_of(image: Artifact) -> ImageRow:
    """The row of an image that a service has just written."""
    known = image.known_tags if isinstance(image, Image) else None
    tags = tags_of(image.pk) if known is None else known
    row = {**{c: getattr(image, c) for c in COLUMNS}, "tag_values": tags}
    readable_locations.attach([row])
    return row


def member_shown(member: Member, image: Artifact) -> dict[str, Any]:
    """A member of the image."""
    return {
        "member_id": member.member_id,
        "image_id": image.spelt_id,
        "status": member.status,
        "created_at": iso_seconds(member.created_at),
        "updated_at": iso_seconds(member.updated_at),
        "schema": "/v2/schemas/member",
    }
