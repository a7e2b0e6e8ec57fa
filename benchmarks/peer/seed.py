"""The common population as Glance's rows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg

from benchmarks import copying
from benchmarks.copying import Target
from benchmarks.population import SeedImage, images

BATCH = 20_000
TABLES = ("images", "image_properties", "image_tags", "image_locations", "image_members")
TIMES = ("created_at", "updated_at", "deleted")

IMAGES = Target(
    "images",
    (
        "id",
        "name",
        "size",
        "status",
        "created_at",
        "updated_at",
        "deleted",
        "disk_format",
        "container_format",
        "checksum",
        "owner",
        "min_disk",
        "min_ram",
        "protected",
        "visibility",
        "os_hidden",
        "os_hash_algo",
        "os_hash_value",
    ),
)
PROPERTIES = Target("image_properties", ("image_id", "name", "value", *TIMES))
TAGS = Target("image_tags", ("image_id", "value", *TIMES))
LOCATIONS = Target("image_locations", ("image_id", "value", "meta_data", "status", *TIMES))
MEMBERS = Target("image_members", ("image_id", "member", "status", "can_share", *TIMES))


def load(connection: psycopg.Connection, count: int, owners: Sequence[str]) -> None:
    """Replace every image; the connection is in autocommit mode."""
    copying.empty(connection, TABLES)
    with copying.bulk(connection, TABLES):
        for batch in copying.in_batches(images(count, owners), BATCH):
            copying.copy(connection, IMAGES, map(_image, batch))
            copying.copy(connection, PROPERTIES, _properties(batch))
            copying.copy(connection, TAGS, ((i.id, t, *_times(i)) for i in batch for t in i.tags))
            copying.copy(connection, LOCATIONS, map(_location, batch))
            copying.copy(connection, MEMBERS, _members(batch))
    copying.settle(connection, TABLES)


def _times(image: SeedImage) -> tuple[Any, ...]:
    moment = image.created_at.replace(tzinfo=None)
    return moment, moment, False


def _image(image: SeedImage) -> tuple[Any, ...]:
    return (
        image.id,
        image.name,
        image.size,
        "active",
        *_times(image),
        image.disk_format,
        "bare",
        image.checksum,
        image.project,
        0,
        0,
        False,
        image.visibility,
        False,
        "sha512",
        image.os_hash_value,
    )


def _properties(batch: Iterable[SeedImage]) -> Iterator[tuple[Any, ...]]:
    for image in batch:
        for name, value in image.properties.items():
            yield (image.id, name, value, *_times(image))


def _location(image: SeedImage) -> tuple[Any, ...]:
    return (image.id, f"file:///images/{image.id}", '{"store": "local"}', "active", *_times(image))


def _members(batch: Iterable[SeedImage]) -> Iterator[tuple[Any, ...]]:
    for image in batch:
        if image.member is not None:
            project, status = image.member
            yield (image.id, project, status, False, *_times(image))
