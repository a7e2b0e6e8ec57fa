"""`/v2/images/{id}/file`: an image's bytes in and out."""

from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from artifacts import stores as store_registry
from artifacts.api import streaming
from artifacts.api.ranges import span
from artifacts.models import Location
from artifacts.services.uploads import Upload
from catalog.actors import Actor
from catalog.api.openstack import OpenStackDialect
from catalog.errors import CatalogError, NotFound, UnsupportedMediaType
from images import selectors
from images.services import data

DIALECT = OpenStackDialect()
OCTETS = "application/octet-stream"
VERSIONS = frozenset({"v2", *(f"v2.{minor}" for minor in range(19))})


@dataclass(frozen=True, slots=True)
class Readable:
    """Where an image's bytes lie."""

    store: str
    key: str
    size: int
    checksum: str | None


async def file(request: Request) -> Response:
    """PUT stores the data, GET and HEAD send it."""
    try:
        if request.path_params["version"] not in VERSIONS:
            raise NotFound("there is nothing at this address")
        return await (_put(request) if request.method == "PUT" else _get(request))
    except CatalogError as error:
        return streaming.error_response(error, request, DIALECT)


async def _put(request: Request) -> Response:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != OCTETS:
        raise UnsupportedMediaType(
            f"image data is sent as {OCTETS}, not as {media_type or 'nothing'}"
        )
    actor, upload = await streaming.in_database(partial(_begin, request))
    await streaming.receive(
        request,
        upload,
        actor,
        expected_size=streaming.announced_size(request),
        finish=lambda content: data.finish_upload(upload, content, actor=actor),
    )
    return Response(status_code=204)


async def _get(request: Request) -> Response:
    found = await streaming.in_database(partial(_readable, request))
    if found is None:
        return Response(status_code=204)
    asked = span(found.size, request.headers.get("range"), request.headers.get("content-range"))
    headers = {"Content-MD5": found.checksum} if found.checksum else {}
    return await streaming.send(
        request, found.store, found.key, asked, headers=headers, content_type=OCTETS
    )


def _begin(request: Request) -> tuple[Actor, Upload]:
    actor = streaming.caller(request)
    store = request.headers.get("x-image-meta-store")
    if store is not None:
        store_registry.store(store)
    streaming.announced_size(request)
    image = selectors.image_for(actor, request.path_params["image_id"])
    return actor, data.begin_upload(image, actor=actor, store=store)


def _readable(request: Request) -> Readable | None:
    actor = streaming.caller(request)
    image = selectors.image_for(actor, request.path_params["image_id"])
    data.require_download(image, actor=actor)
    rows = Location.objects.filter(
        blob__artifact=image, status="active", stored_object__state="stored"
    )
    location = rows.select_related("stored_object").order_by("id").first()
    if location is None or location.stored_object is None:
        return None
    stored = location.stored_object
    return Readable(stored.store, stored.key, stored.size or 0, stored.md5 or None)


routes = [Route("/image/{version}/images/{image_id}/file", file, methods=["GET", "PUT"])]
