"""An artifact as the Artifacts v1 dialect shows it."""

from typing import Any

from artifacts.models import Artifact, StoredObject
from artifacts.types import ArtifactType


def shown(artifact: Artifact, kind: ArtifactType) -> dict[str, Any]:
    """All fields of one artifact; reads its tags and blobs where they were not prefetched."""
    found = {
        "id": artifact.pk,
        "type_name": kind.name,
        "name": artifact.name,
        "version": artifact.version,
        "owner": artifact.project_id,
        "status": artifact.status,
        "visibility": artifact.visibility,
        "description": artifact.fields.get("description", ""),
        "metadata": artifact.properties,
        "tags": sorted(tag.value for tag in artifact.tags.all()),
        "created_at": artifact.created_at.isoformat(),
        "updated_at": artifact.updated_at.isoformat(),
        "activated_at": artifact.activated_at.isoformat() if artifact.activated_at else None,
        **dict.fromkeys(kind.slots),
    }
    for blob in artifact.blobs.all():
        stored = next(
            (one.stored_object for one in blob.locations.all() if one.stored_object), None
        )
        found[blob.slot] = _blob(blob.status, blob.content_type, stored)
    return found


def _blob(status: str, content_type: str, stored: StoredObject | None) -> dict[str, Any]:
    return {
        "status": status,
        "content_type": content_type,
        "external": False,
        "size": stored.size if stored else None,
        "md5": stored.md5 if stored else None,
        "sha512": stored.sha512 if stored else None,
    }
