"""`/v2/images/{id}/file`: an image's bytes in and out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from artifacts.api import downloads, streaming
from artifacts.api.digests import announced_digests
from artifacts.api.ranges import announced_whole, span
from artifacts.api.threads import foreign_threads, in_database, in_pool
from artifacts.models import Artifact
from artifacts.services import uploads
from artifacts.services.upload_conditions import Intake
from artifacts.services.uploads import Upload
from catalog.actors import Actor
from catalog.api import bodies, etags, warning_header
from catalog.api.openstack_errors import OpenStackDialect
from catalog.errors import CatalogError, MethodNotAllowed, NotFound, UnsupportedMediaType
from images import notices, readable_locations, selectors
from images.api.v2.routes import VersionedRoute
from images.api.v2.sending import told
from images.services import data, signing
from stores import Ingested

DIALECT = OpenStackDialect()
OCTETS = "application/octet-stream"
METHODS = ("GET", "HEAD", "PUT")
OTHERS = ("POST", "PATCH", "DELETE", "OPTIONS", "TRACE")
"""Methods that are taken to be refused: elsewhere nothing is known of this address."""
VERSIONS = frozenset({"v2", *(f"v2.{minor}" for minor in range(19))})


@dataclass(frozen=True, slots=True)
class Asked:
    """A PUT: who sends data for which image, what is asked of it, and the store that was named."""

    actor: Actor
    image: Artifact
    intake: Intake
    store: str | None


@dataclass(frozen=True, slots=True)
class Readable:
    """What is read by whom, and where its bytes lie, in the order in which they are tried."""

    image: Artifact
    actor: Actor
    sources: tuple[downloads.Source, ...]
    size: int
    checksum: str | None
    digest: str | None


async def file(request: Request) -> Response:
    """PUT stores the data, GET and HEAD send it."""
    try:
        if request.path_params["version"] not in VERSIONS:
            raise NotFound("there is nothing at this address")
        if request.method not in METHODS:
            raise MethodNotAllowed(
                f"{request.method} is not done here", headers={"Allow": ", ".join(METHODS)}
            )
        return await (_put(request) if request.method == "PUT" else _get(request))
    except CatalogError as error:
        return streaming.error_response(error, request, DIALECT)


async def _put(request: Request) -> Response:
    asked, intake, upload = await streaming.before_bytes(request, _begin(request))
    warnings: list[str] = []

    def finish(content: Ingested) -> None:
        image = data.finish_upload(upload, content, intake=intake, actor=asked.actor)
        warnings.extend(data.warnings(image))

    await streaming.receive(request, upload, asked.actor, intake=intake, finish=finish)
    return Response(status_code=204, headers=warning_header.warning(warnings))


async def _begin(request: Request) -> tuple[Asked, Intake, Upload]:
    """Everything that can be refused is refused here, before a byte is read."""
    asked = await in_database(partial(_asked, request))
    intake = await signed(request, asked.image, asked.intake)
    begin = partial(
        data.begin_upload,
        asked.image,
        actor=asked.actor,
        store=asked.store,
        size=asked.intake.size,
    )
    abandon = partial(uploads.abandon, actor=asked.actor)
    return asked, intake, await in_database(begin, undo=abandon)


async def signed(request: Request, image: Artifact, intake: Intake) -> Intake:
    """The intake, with the image's signature to be verified where it describes one."""
    signature = signing.signature_of(image)
    if signature is None:
        return intake
    token = request.headers.get("x-auth-token", "")
    verifying = partial(signing.verifying, intake, signature, token=token)
    return await in_pool(verifying, foreign_threads())


async def _get(request: Request) -> Response:
    found = await in_database(partial(_readable, request))
    if found is None:
        etags.unchanged(request.headers, None)
        return Response(status_code=204)
    return await sent(request, found)


async def sent(request: Request, found: Readable) -> Response:
    """The bytes, or the range of them that is asked for. BytesLost, Unavailable, PreconditionFailed, NotFound,
    RangeNotSatisfiable.
    """
    tag = etags.tag_of_bytes(found.digest) if found.digest else None
    headers = etags.headers(tag) if tag else {}
    if tag and etags.unchanged(request.headers, tag):
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range") if etags.range_counts(request.headers, tag) else None
    asked = span(found.size, wanted, request.headers.get("content-range"))
    if found.checksum:
        headers["Content-MD5"] = found.checksum
    sending = await downloads.send(
        request,
        found.sources,
        asked,
        headers=headers,
        content_type=OCTETS,
        counted=notices.sending_is_told(),
    )
    if request.method == "HEAD":
        return sending
    return told(sending, found.image, found.actor, length=asked.length)


def _asked(request: Request) -> Asked:
    """What the request is about; the token is looked at first."""
    actor = streaming.caller(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != OCTETS:
        raise UnsupportedMediaType(
            f"image data is sent as {OCTETS}, not as {media_type or 'nothing'}"
        )
    size = announced_whole(streaming.announced_size(request), request.headers.get("content-range"))
    digests = announced_digests(request.headers)
    store = request.headers.get("x-image-meta-store")
    if store is not None:
        data.require_store(store)
    image = selectors.image_for(actor, request.path_params["image_id"])
    data.require_upload(image, actor=actor, size=size)
    etags.require(request.headers, None)
    return Asked(actor, image, data.intake(image, size=size, digests=digests), store)


def _readable(request: Request) -> Readable | None:
    actor = streaming.caller(request)
    if request.method == "GET":
        bodies.require_none(request.method, request.headers)
    preferred = [
        name.strip()
        for part in request.query_params.getlist("prefer")
        for name in part.split(",")
        if name.strip()
    ]
    return readable(actor, request.path_params["image_id"], preferred)


def readable(actor: Actor, image_id: str, preferred: Sequence[str] = ()) -> Readable | None:
    """What the actor may read of an image; None while it has no data. NotFound, Forbidden, BytesLost, StoreMissing."""
    image = selectors.image_for(actor, image_id)
    data.require_download(image, actor=actor, preferred=preferred)
    size, fields = image.size or 0, image.fields
    found = readable_locations.candidates(image, preferred)
    if not found:
        return None
    sources = tuple(downloads.Source(one.store, one.key, size, image.project_id) for one in found)
    checksum = fields.get("checksum")
    return Readable(image, actor, sources, size, checksum, fields.get("os_hash_value") or checksum)


routes = [
    VersionedRoute("/image/{version}/images/{image_id}/file", file, methods=[*METHODS, *OTHERS])
]
