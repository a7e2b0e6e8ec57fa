"""The locations at which an image's bytes can be read: which a download tries, and which are shown to whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from artifacts import configured_stores
from artifacts.missing_bytes import bytes_lost
from artifacts.models import Artifact, Location
from artifacts.types import absent
from catalog.actors import Actor
from catalog.conf import section
from catalog.errors import Unavailable
from images.conf import ImagesConfig
from images.lifecycle import DEACTIVATED
from images.models import SLOT, TYPE
from images.policies import ImageAction, ImagePolicy

Row = dict[str, Any]
ACTIVE, PENDING = "active", "pending"
WITH_DATA = frozenset({ACTIVE, DEACTIVATED})
"""States of an image that had its data."""


class StoreMissing(Unavailable):
    """The image lies in a store that is not configured any more."""

    code = "store_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableLocation:
    """A store that has the bytes, and how it calls them."""

    store: str
    key: str


def candidates(image: Artifact, prefer: Sequence[str] = ()) -> list[ReadableLocation]:
    """The locations that a download tries in turn: preferred stores as they are named, then by weight, then the older
    first.

    None for an image without data yet. StoreMissing when all are in stores that are not configured; BytesLost when
    an image that had data has none any more; NotFound when it was deleted just now.
    """
    rows = Location.objects.filter(blob__artifact=image, blob__slot=SLOT, status=ACTIVE)
    found = [
        ReadableLocation(
            store=row.store, key=row.stored_object.key if row.stored_object else row.url
        )
        for row in rows.select_related("stored_object").order_by("id")
        if row.stored_object is None or row.stored_object.state == "stored"
    ]
    if not found and image.status in WITH_DATA:
        kept = Artifact.objects.filter(pk=image.pk, deleted_at=None, status__in=WITH_DATA)
        raise bytes_lost(image=image.pk) if kept.exists() else absent(TYPE, image.pk)
    known = [one for one in found if one.store in configured_stores.stores()]
    if found and not known:
        names = ", ".join(sorted({one.store for one in found}))
        raise StoreMissing(f"the data lies in {names}, which this site has no more", id=image.pk)
    rank = {name: position for position, name in reversed(list(enumerate(prefer)))}
    return sorted(
        known,
        key=lambda one: (rank.get(one.store, len(rank)), -configured_stores.weight(one.store)),
    )


def attach(rows: Iterable[Row]) -> None:
    """Give each row its `readable_locations` where the site shows them: by one query, for any number of rows."""
    if not _shows():
        return
    by_id = {row["id"]: row for row in rows}
    for row in by_id.values():
        row["readable_locations"] = []
    found = Location.objects.filter(
        blob__artifact_id__in=list(by_id), blob__slot=SLOT, status=ACTIVE
    ).order_by("id")
    for one in found.values("blob__artifact_id", "url", "metadata", "store"):
        by_id[one["blob__artifact_id"]]["readable_locations"].append(one)


def shown(row: Row, actor: Actor) -> dict[str, Any]:
    """`stores`, `locations` and `direct_url`, as far as the site shows them and the actor may know.

    Of a deactivated image administrators alone know where it is.
    """
    found: dict[str, Any] = {}
    hidden = row["status"] == DEACTIVATED and not actor.is_admin
    if row["fields"].get("stores") and not hidden:
        found["stores"] = ",".join(row["fields"]["stores"])
    if not _shows():
        return found
    config, found_at = section(ImagesConfig), row.get("readable_locations", [])
    if hidden or not ImagePolicy(actor).allows_row(ImageAction.GET_LOCATION, row):
        found_at = []
    if config.show_multiple_locations:
        found["locations"] = [{"url": one["url"], "metadata": one["metadata"]} for one in found_at]
    if config.show_image_direct_url and found_at:
        found["direct_url"] = max(found_at, key=lambda one: configured_stores.weight(one["store"]))[
            "url"
        ]
    return found


def _shows() -> bool:
    config = section(ImagesConfig)
    return config.show_multiple_locations or config.show_image_direct_url
