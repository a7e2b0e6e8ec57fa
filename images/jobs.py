"""The job that reads the data at a location: its digests, its format, and whether it is what was promised."""

import logging
import time
from typing import Any, ClassVar

from django.db import Error, close_old_connections
from typing_extensions import override

from artifacts import configured_stores
from artifacts.missing_bytes import note
from artifacts.services.upload_conditions import MD5, Intake
from catalog import outage_log
from catalog.conf import section
from catalog.errors import CatalogError, Unavailable
from catalog.jobs.registry import JobKind, Places, Progress, Step
from catalog.jobs.registry import register as register_kind
from catalog.models import Job
from images.artifact_type import IMAGES
from images.conf import ImagesConfig
from images.dataconf import ImageDataConfig
from images.inspection import FormatMismatch, UnsafeImage
from images.services import data
from images.services.locations import registering
from stores import AddressRefused, BlobNotFound, Ingested, MultiHash, StoreError

log = logging.getLogger(__name__)
LOOK = 1.0
"""Seconds after which a reader looks whether anybody still wants to know."""


class LocationUnreadable(Unavailable):
    """The data at the location could not be read, as often as it was tried."""

    code = "location_unreadable"


class Read(Step):
    """All of the data, from its beginning: digests of half of it are of no use to another process."""

    name = "read"

    @override
    def run(self, job: Job, progress: Progress) -> None:
        try:
            job.result = _read(job, progress)
        except StoreError as error:
            lasting = isinstance(error, AddressRefused | BlobNotFound)
            if isinstance(error, BlobNotFound) and not job.input["expected"]:
                note(image=job.input["image_id"])  # an active image's: others may not have come yet
            if lasting or job.attempts >= section(ImagesConfig).http_retries:
                found = LocationUnreadable(f"the location cannot be read: {error.message}")
                job.result = {"reason": found.message}
                raise found from error
            raise
        except CatalogError as error:
            refused = isinstance(error, FormatMismatch | UnsafeImage)
            job.result = {"reason": error.message, "refused": refused}
            raise

    @override
    def undo(self, job: Job, progress: Progress) -> None:
        reason = str(job.result.get("reason") or "it could not be settled")
        give_up = registering.withdraw if job.result.get("refused") else registering.give_up
        give_up(job.input["image_id"], job.input["location_id"], reason)


class Settle(Step):
    name = "settle"

    @override
    def run(self, job: Job, progress: Progress) -> None:
        image_id, location_id = job.input["image_id"], job.input["location_id"]
        try:
            registering.settle(
                image_id, location_id, job.result["known"], formats=job.result["formats"]
            )
        except CatalogError as error:
            job.result = {"reason": error.message}
            raise


class HashLocation(JobKind):
    name = registering.HASHING
    steps: ClassVar[tuple[Step, ...]] = (Read(), Settle())

    @override
    def places(self) -> Places:
        """Servers of others may take their time over it."""
        config = section(ImagesConfig)
        return Places(config.hashing_places, config.hashing_places_each)

    @override
    def concerns(self, job: Job) -> tuple[str, str]:
        return IMAGES.resource_type, str(job.input.get("image_id", ""))

    @override
    def share(self, job: Job) -> str:
        """The project whose image it is, as it was when the location came."""
        return str(job.input.get(registering.OWNER, job.actor_project_id) or "")


def _read(job: Job, progress: Progress) -> dict[str, Any]:
    """The fields that the image gets (`known`), and the `formats` that its data was inspected as.

    DigestMismatch, SizeMismatch, FormatMismatch, UnsafeImage, LocationGone.
    """
    image, location = registering.read_of(job.input["image_id"], job.input["location_id"])
    expected = job.input["expected"]
    given = {expected["os_hash_algo"]: expected["os_hash_value"].lower()} if expected else {}
    intake = data.intake(image, size=image.size, digests=given)
    content = _consumed(job, location.store, location.url, intake, progress)
    intake.check(content)
    algorithm = expected.get("os_hash_algo") or section(ImageDataConfig).hashing_algorithm
    known = {
        "checksum": content.digests[MD5],
        "os_hash_algo": algorithm,
        "os_hash_value": content.digests[algorithm],
        **data.inspected_as(intake),
    }
    return {"known": known, "formats": registering.formats_of(image)}


def _consumed(job: Job, store: str, url: str, intake: Intake, progress: Progress) -> Ingested:
    hashes, size, looked = MultiHash(intake.hashes), 0, time.monotonic()
    with configured_stores.store(store).open(url) as reader:
        if intake.size is not None and reader.stat.size != intake.size:
            return Ingested(size=reader.stat.size, digests=hashes.hexdigests())
        for block in reader:
            hashes.update(block)
            for observer in intake.observers:
                observer(block)
            size += len(block)
            progress.report(size / max(reader.stat.size, 1))
            if time.monotonic() - looked > LOOK:
                _look(job)
                looked = time.monotonic()
    return Ingested(size=size, digests=hashes.hexdigests())


def _look(job: Job) -> None:
    """LocationGone when nobody wants to know any more; a database that is away is asked the next time."""
    try:
        registering.read_of(job.input["image_id"], job.input["location_id"])
    except Error as error:
        if not outage_log.of_database(error):
            raise
        outage_log.tell_database(log, error)
        close_old_connections()


def register() -> None:
    register_kind(HashLocation())
