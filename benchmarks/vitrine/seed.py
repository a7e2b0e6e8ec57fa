"""The common population as Vitrine's rows: `python -m benchmarks.vitrine.seed COUNT`, owners on standard input.

The rows are what uploads through the API would have left, without events and without deliveries to the search index.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import django
import psycopg

from benchmarks import copying
from benchmarks.population import SeedImage, images

BATCH = 20_000
PART = 500
"""Artifacts in one transaction where others write meanwhile."""
STORE = "local"


def load(connection: psycopg.Connection, population: Iterable[SeedImage]) -> None:
    """Replace every artifact by these images; the connection is in autocommit mode, Django is set up."""
    from artifacts.models import Artifact, Blob, Location, Member, StoredObject, Tag  # noqa: PLC0415 - after django.setup()
    from benchmarks.vitrine.rows import RowMaker  # noqa: PLC0415 - the same

    artifact, stored, blob = RowMaker(Artifact), RowMaker(StoredObject), RowMaker(Blob)
    tag, member, location = (RowMaker(model, key=False) for model in (Tag, Member, Location))
    tables = [m.target.table for m in (artifact, stored, blob, tag, member, location)]
    copying.empty(connection, tables)
    with copying.bulk(connection, tables):
        numbered = enumerate(population, start=1)
        for batch in copying.in_batches(numbered, BATCH):
            of_batch = [image for _, image in batch]
            with_data = [(n, image) for n, image in batch if image.status != "queued"]
            copying.copy(connection, artifact.target, artifact.all(map(_artifact, of_batch)))
            copying.copy(connection, stored.target, stored.all(_stored(n, i) for n, i in with_data))
            copying.copy(connection, blob.target, blob.all(_blob(n, i) for n, i in with_data))
            copying.copy(
                connection, location.target, location.all(_location(n, i) for n, i in with_data)
            )
            copying.copy(connection, tag.target, tag.all(_tags(of_batch)))
            copying.copy(connection, member.target, member.all(_members(of_batch)))
        for maker in (stored, blob):
            _continue_keys(connection, maker.target.table)
    copying.settle(connection, tables)


def insert(population: Iterable[SeedImage]) -> None:
    """Add these images by the models, in small transactions, for a database without COPY; Django is set up."""
    from django.db import transaction  # noqa: PLC0415 - after django.setup()

    from artifacts.models import Artifact, Blob, Location, Member, StoredObject, Tag  # noqa: PLC0415 - the same

    for part in copying.in_batches(enumerate(population, start=1), PART):
        images = [image for _, image in part]
        with_data = [(n, image) for n, image in part if image.status != "queued"]
        with transaction.atomic():
            Artifact.objects.bulk_create(Artifact(**_artifact(image)) for image in images)
            StoredObject.objects.bulk_create(StoredObject(**_stored(n, i)) for n, i in with_data)
            Blob.objects.bulk_create(Blob(**_blob(n, i)) for n, i in with_data)
            Location.objects.bulk_create(Location(**_location(n, i)) for n, i in with_data)
            Tag.objects.bulk_create(Tag(**one) for one in _tags(images))
            Member.objects.bulk_create(Member(**one) for one in _members(images))


def _artifact(image: SeedImage) -> dict[str, Any]:
    digests = {
        "checksum": image.checksum,
        "os_hash_algo": "sha512",
        "os_hash_value": image.os_hash_value,
    }
    return {
        "id": image.id,
        "type": "images",
        "name": image.name,
        "project_id": image.project,
        "visibility": image.visibility,
        "status": image.status,
        "size": image.size,
        "disk_format": image.disk_format,
        "container_format": image.disk_format and "bare",
        "fields": {**digests, "stores": [STORE]},
        "properties": image.properties,
        "created_at": image.created_at,
        "updated_at": image.updated_at,
        "activated_at": image.created_at,
    }


def _key(image: SeedImage) -> str:
    return image.id.replace("-", "")


def _stored(number: int, image: SeedImage) -> dict[str, Any]:
    return {
        "id": number,
        "store": STORE,
        "key": _key(image),
        "state": "stored",
        "size": image.size,
        "md5": image.checksum,
        "sha512": image.os_hash_value,
        "references": 1,
        "created_at": image.created_at,
    }


def _blob(number: int, image: SeedImage) -> dict[str, Any]:
    return {"id": number, "artifact_id": image.id, "slot": "image", "status": "active"}


def _location(number: int, image: SeedImage) -> dict[str, Any]:
    return {
        "blob_id": number,
        "stored_object_id": number,
        "store": STORE,
        "url": f"vitrine+{STORE}:///{_key(image)}",
        "created_at": image.created_at,
    }


def _tags(batch: Sequence[SeedImage]) -> Iterator[dict[str, Any]]:
    for image in batch:
        for value in image.tags:
            yield {"artifact_id": image.id, "value": value}


def _members(batch: Sequence[SeedImage]) -> Iterator[dict[str, Any]]:
    for image in batch:
        if image.member is not None:
            project, status = image.member
            yield {"artifact_id": image.id, "member_id": project, "status": status}


def _continue_keys(connection: psycopg.Connection, table: str) -> None:
    connection.execute(
        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(1, (SELECT max(id) FROM {table})))"
    )


@contextmanager
def plain_connection() -> Iterator[psycopg.Connection]:
    """A connection of its own to Django's database, in autocommit mode."""
    from django.db import connection  # noqa: PLC0415 - after django.setup()

    wanted = {"dbname", "user", "password", "host", "port"}
    parameters = {k: v for k, v in connection.get_connection_params().items() if k in wanted}
    with psycopg.connect(**parameters, autocommit=True) as own:
        yield own


def main() -> None:
    django.setup()
    from django.db import connection  # noqa: PLC0415 - after django.setup()

    population = images(int(sys.argv[1]), sys.stdin.read().split())
    if connection.vendor != "postgresql":
        insert(population)
        return
    with plain_connection() as own:
        load(own, population)


if __name__ == "__main__":
    main()
