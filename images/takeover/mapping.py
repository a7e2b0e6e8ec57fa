"""What an image of Glance becomes here: rows that are not saved yet, and notes on what does not fit."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from artifacts.models import Artifact, Member
from images.lifecycle import DELETED, QUEUED, STATUSES
from images.models import TYPE
from images.takeover.source import GlanceImage, Row, file_path

UNFINISHED = frozenset({"saving", "uploading", "importing"})
GONE = frozenset({"deleted", "pending_delete", "killed"})
OWN_PREFIX = "os_glance"


@dataclass(frozen=True, slots=True)
class Home:
    """A file store of ours that reads a folder of Glance's."""

    store: str
    root: PurePosixPath


@dataclass(frozen=True, slots=True)
class Place:
    """Where bytes lie: a key in a store of ours, or only an address."""

    url: str
    metadata: dict[str, Any]
    store: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Adopted:
    """The rows of one image, and what a person should know about it."""

    artifact: Artifact
    tags: Sequence[str] = ()
    members: Sequence[Member] = ()
    places: Sequence[Place] = ()
    notes: list[str] = field(default_factory=list)


def adopted(image: GlanceImage, homes: Sequence[Home]) -> Adopted:
    """The image as it will be here. Deleted images become tombstones: their ids stay taken (OSSN-0075)."""
    row, notes = image.row, []
    if row["deleted"] or row["status"] in GONE:
        return Adopted(_tombstone(row))
    status = row["status"]
    if status in UNFINISHED or status not in STATUSES:
        notes.append(f"was {status}: it is queued here, its upload must begin anew")
        status = QUEUED
    places = [_place(one, homes) for one in image.locations] if status != QUEUED else []
    for place in places:
        if not place.store and not place.url.startswith(("http://", "https://")):
            scheme = urlsplit(place.url).scheme or "an unknown scheme"
            notes.append(f"bytes at {scheme}: no store here reads them yet")
    artifact = _artifact(image, status, [p.store for p in places if p.store], notes)
    members = [
        Member(
            artifact=artifact,
            member_id=one["member"],
            status=one["status"],
            created_at=_utc(one["created_at"]),
            updated_at=_utc(one["updated_at"] or one["created_at"]),
        )
        for one in image.members
    ]
    tags = list(dict.fromkeys(map(_plain, image.tags)))
    return Adopted(artifact, tags, members, places, notes)


def _artifact(image: GlanceImage, status: str, stores: Sequence[str], notes: list[str]) -> Artifact:
    row = image.row
    finished = status != QUEUED
    kept = {_plain(k): _plain(v or "") for k, v in image.properties.items()}
    texts = (row["name"] or "", *image.tags, *image.properties, *image.properties.values())
    if any("\0" in (text or "") for text in texts):
        notes.append("NUL characters, which MySQL keeps, are left out of its texts")
    if own := sorted(name for name in kept if name.startswith(OWN_PREFIX) and kept[name]):
        notes.append(f"left out, since they were Glance's own: {', '.join(own)}")
    facts = {
        "checksum": row["checksum"],
        "os_hash_algo": row["os_hash_algo"],
        "os_hash_value": row["os_hash_value"],
        "virtual_size": row["virtual_size"],
        "stores": list(dict.fromkeys(stores)),
    }
    artifact = Artifact(
        type=TYPE,
        name=row["name"] and _plain(row["name"]),
        project_id=row["owner"],
        visibility=row["visibility"],
        status=status,
        protected=bool(row["protected"]),
        hidden=bool(row["os_hidden"]),
        size=row["size"] if finished else None,
        disk_format=row["disk_format"],
        container_format=row["container_format"],
        min_disk=row["min_disk"] or 0,
        min_ram=row["min_ram"] or 0,
        fields={k: v for k, v in facts.items() if v not in (None, [])} if finished else {},
        properties={k: v for k, v in kept.items() if not k.startswith(OWN_PREFIX)},
        created_at=_utc(row["created_at"]),
        updated_at=_utc(row["updated_at"] or row["created_at"]),
        activated_at=_utc(row["updated_at"] or row["created_at"]) if finished else None,
    )
    artifact.give_id(row["id"])
    return artifact


def _tombstone(row: Row) -> Artifact:
    gone = _utc(row["deleted_at"] or row["updated_at"] or row["created_at"])
    artifact = Artifact(
        type=TYPE,
        status=DELETED,
        created_at=_utc(row["created_at"]),
        updated_at=gone,
        deleted_at=gone,
        scrubbed_at=gone,
    )
    artifact.give_id(row["id"])
    return artifact


def _place(location: Row, homes: Sequence[Home]) -> Place:
    url, metadata = str(location["value"]), _metadata(location["meta_data"])
    path = file_path(url)
    if path is not None:
        for home in homes:
            if path.parent == home.root:
                return Place(url, metadata, home.store, path.name)
    return Place(url, metadata)


def _metadata(value: Any) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    return dict(found) if isinstance(found, Mapping) else {}


def _plain(text: str) -> str:
    """The text as every database and client can have it."""
    return text.replace("\0", "")


def _utc(moment: datetime) -> datetime:
    """Glance keeps UTC without saying so."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
