"""What a project has, by resource: aggregates over its rows, found by the index `artifact_usage`.

Deleted images count as long as they hold bytes: while they can be restored, their room is taken. An open upload session
counts as an upload under way, and all that it was promised as staged.
"""

from collections.abc import Collection

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from artifacts.models import Artifact, Location, UploadSession
from images.lifecycle import DELETED
from images.limits.resources import Resource
from images.models import TYPE
from images.sizes import MIB

COPYING = "os_glance_importing_to_stores"
"""Lists the stores that an image is being copied to; empty when that is over."""

_LIVE = Q(deleted_at=None)
_COPYING = Q(properties__has_key=COPYING) & ~Q(**{f"properties__{COPYING}": ""})
_STAGED = _LIVE & (Q(status__in=("uploading", "importing")) | _COPYING)
_UPLOADING = _LIVE & (Q(status__in=("saving", "uploading", "importing")) | _COPYING)

_AGGREGATES = {
    Resource.STAGE_TOTAL: Coalesce(Sum("size", filter=_STAGED), 0),
    Resource.COUNT_UPLOADING: Count("pk", filter=_UPLOADING),
}


def usage(project_id: str, wanted: Collection[Resource] = tuple(Resource)) -> dict[Resource, int]:
    """What the project uses of the wanted resources, in their units."""
    of_rows = {one.value: _AGGREGATES[one] for one in wanted if one in _AGGREGATES}
    found: dict[str, int] = _rows(project_id).aggregate(**of_rows) if of_rows else {}
    if Resource.COUNT_TOTAL in wanted:
        found[Resource.COUNT_TOTAL] = images(project_id)
    if Resource.SIZE_TOTAL in wanted:
        found[Resource.SIZE_TOTAL] = stored_bytes(project_id)
    if not {Resource.STAGE_TOTAL, Resource.COUNT_UPLOADING}.isdisjoint(wanted):
        promised = _sessions(project_id).aggregate(
            bytes=Coalesce(Sum("length"), 0),
            count=Count("pk", filter=Q(artifact__status="queued")),
        )
        for one, key in ((Resource.STAGE_TOTAL, "bytes"), (Resource.COUNT_UPLOADING, "count")):
            found[one] = found.get(one, 0) + promised[key]
    return {
        one: found[one] // MIB if one.unit == "MiB" else found[one]
        for one in Resource
        if one in wanted
    }


def images(project_id: str) -> int:
    """How many images count. The status tells live ones from deleted ones, for it lies in the index and rows do not."""
    rows = _rows(project_id)
    held = rows.filter(status=DELETED, size__isnull=False).count()
    return rows.exclude(status=DELETED).count() + held


def stored_bytes(project_id: str | None) -> int:
    """Bytes of the project's images, once for every place they lie in."""
    places = Location.objects.filter(
        blob__artifact__type=TYPE,
        blob__artifact__project_id=project_id,
        blob__artifact__scrubbed_at=None,
    ).exclude(status="deleted")
    found: dict[str, int] = places.aggregate(found=Coalesce(Sum(F("blob__artifact__size")), 0))
    return found["found"]


def promised_bytes(project_id: str | None) -> int:
    """Bytes that open upload sessions of the project's images may come to hold."""
    found: dict[str, int] = _sessions(project_id).aggregate(found=Coalesce(Sum("length"), 0))
    return found["found"]


def has_session(image_id: str) -> bool:
    """Whether an upload session of the image is open, so that it counts as uploading already."""
    return UploadSession.objects.filter(artifact_id=image_id, state="open").exists()


def _sessions(project_id: str | None) -> QuerySet[UploadSession]:
    return UploadSession.objects.filter(
        artifact__type=TYPE,
        artifact__project_id=project_id,
        artifact__deleted_at=None,
        state="open",
    )


def _rows(project_id: str) -> QuerySet[Artifact]:
    return Artifact.objects.filter(type=TYPE, project_id=project_id, scrubbed_at=None)
