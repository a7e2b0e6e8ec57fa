"""`/v2/images/{id}/file`: an image's bytes in and out."""

from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from artifacts.api import streaming
from artifacts.api.digests import announced_digests
from artifacts.api.ranges import span
from artifacts.api.threads import in_database
from artifacts.services.intake import Intake
from artifacts.services.uploads import Upload
from catalog.actors import Actor
from catalog.api import etags
from catalog.api.openstack import OpenStackDialect
from catalog.errors import CatalogError, NotFound, UnsupportedMediaType
from images import selectors
from images.services import data

DIALECT = OpenStackDialect()
OCTETS = "application/octet-stream"
VERSIONS = frozenset({"v2", *(f"v2.{minor}" for minor in range(19))})


@dataclass(frozen=True, slots=True)
class Readable:
    """Where an image's bytes lie, in the order in which they are tried."""

    sources: tuple[streaming.Source, ...]
    size: int
    checksum: str | None
    digest: str | None


async def file(request: Request) -> Response:
    """PUT stores the data, GET and HEAD send it."""
    try:
        if request.path_params["version"] not in VERSIONS:
            raise NotFound("there is nothing at this address")
        return await (_put(request) if request.method == "PUT" else _get(request))
    except CatalogError as error:
        return streaming.error_response(error, request, DIALECT)


async def _put(request: Request) -> Response:
    actor, upload, intake = await in_database(partial(_begin, request))
    await streaming.receive(
        request,
        upload,
        actor,
        intake=intake,
        finish=lambda content: data.finish_upload(upload, content, intake=intake, actor=actor),
    )
    return Response(status_code=204)


async def _get(request: Request) -> Response:
    found = await in_database(partial(_readable, request))
    if found is None:
        return Response(status_code=204)
    tag = etags.tag_of_bytes(found.digest) if found.digest else None
    headers = etags.headers(tag) if tag else {}
    if tag and etags.unchanged(request.headers, tag):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range") if etags.range_counts(request.headers, tag) else None
    asked = span(found.size, wanted, request.headers.get("content-range"))
    if found.checksum:
        headers["Content-MD5"] = found.checksum
    try:
        return await streaming.send(
            request, found.sources, asked, headers=headers, content_type=OCTETS
        )
    except streaming.BytesLost:
        return Response(status_code=204)


def _begin(request: Request) -> tuple[Actor, Upload, Intake]:
    """Everything that can be refused is refused here, the token first, before a byte is read."""
    actor = streaming.caller(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != OCTETS:
        raise UnsupportedMediaType(
            f"image data is sent as {OCTETS}, not as {media_type or 'nothing'}"
        )
    size, digests = streaming.announced_size(request), announced_digests(request.headers)
    store = request.headers.get("x-image-meta-store")
    if store is not None:
        data.require_store(store)
    image = selectors.image_for(actor, request.path_params["image_id"])
    intake = data.intake(image, size=size, digests=digests)
    return actor, data.begin_upload(image, actor=actor, store=store, size=size), intake


def _readable(request: Request) -> Readable | None:
    actor = streaming.caller(request)
    preferred = [
        name.strip()
        for part in request.query_params.getlist("prefer")
        for name in part.split(",")
        if name.strip()
    ]
    image = selectors.image_for(actor, request.path_params["image_id"])
    data.require_download(image, actor=actor, preferred=preferred)
    places = data.places(image, preferred)
    if not places:
        return None
    sources = tuple(streaming.Source(one.store, one.key) for one in places)
    first = places[0]
    return Readable(sources, first.size or 0, first.md5 or None, first.sha512 or first.md5 or None)


routes = [Route("/image/{version}/images/{image_id}/file", file, methods=["GET", "PUT"])]
