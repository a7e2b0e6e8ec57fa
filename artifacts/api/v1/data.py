"""`/artifact/artifacts/{type}/{id}/{slot}`: a blob's bytes in and out."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from artifacts import selectors
from artifacts.api import downloads, safe_content_type, streaming
from artifacts.api.digests import announced_digests
from artifacts.api.ranges import span
from artifacts.api.threads import in_database
from artifacts.api.v1.views import served
from artifacts.missing_bytes import bytes_lost
from artifacts.models import Artifact, Blob, Location
from artifacts.services import uploads
from artifacts.services.upload_conditions import Intake
from artifacts.services.uploads import Upload
from artifacts.types import ArtifactType
from catalog.actors import Actor
from catalog.api.error_responses import ProblemDialect
from catalog.errors import CatalogError, NotFound

DIALECT = ProblemDialect()


async def blob(request: Request) -> Response:
    """PUT stores the blob, GET and HEAD send it."""
    try:
        return await (_put(request) if request.method == "PUT" else _get(request))
    except CatalogError as error:
        return streaming.error_response(error, request, DIALECT)


async def _put(request: Request) -> Response:
    actor, upload, intake = await in_database(partial(_begin, request), undo=_abandon)
    await streaming.receive(
        request,
        upload,
        actor,
        intake=intake,
        finish=lambda content: uploads.finish(upload, content, actor=actor),
    )
    return Response(status_code=204)


async def _get(request: Request) -> Response:
    return await sent(request, await in_database(partial(_readable, request)))


async def sent(request: Request, location: Location) -> Response:
    """The bytes of a blob, or the range of them that is asked for. BytesLost, Unavailable, RangeNotSatisfiable."""
    stored = location.stored_object
    if stored is None or stored.size is None or stored.state != "stored":
        raise bytes_lost(artifact=location.blob.artifact_id, slot=location.blob.slot)
    asked = span(stored.size, request.headers.get("range"))
    headers = {**safe_content_type.HEADERS, "Content-MD5": stored.md5}
    return await downloads.send(
        request,
        [downloads.Source(stored.store, stored.key, stored.size)],
        asked,
        headers=headers,
        content_type=safe_content_type.for_browsers(location.blob.content_type),
    )


def _begin(request: Request) -> tuple[Actor, Upload, Intake]:
    actor, kind, artifact = _artifact(request)
    kind.guard.require("upload", artifact, actor)
    content_type = request.headers.get("content-type", "application/octet-stream")[:255]
    intake = Intake(
        size=streaming.announced_size(request), digests=announced_digests(request.headers)
    )
    slot = request.path_params["slot"]
    upload = uploads.begin(artifact, kind=kind, slot=slot, actor=actor, content_type=content_type)
    return actor, upload, intake


def _abandon(begun: tuple[Actor, Upload, Intake]) -> None:
    uploads.abandon(begun[1], actor=begun[0])


def _readable(request: Request) -> Location:
    actor, kind, artifact = _artifact(request)
    return readable(actor, kind, artifact, request.path_params["slot"])


def readable(actor: Actor, kind: ArtifactType, artifact: Artifact, slot: str) -> Location:
    """Where the actor may read a blob. NotFound, Forbidden, BytesLost."""
    kind.guard.require("download", artifact, actor)
    blobs = Blob.objects.filter(artifact=artifact, slot=slot)
    rows = Location.objects.filter(blob__in=blobs, status="active")
    found = rows.select_related("blob", "stored_object").order_by("id").first()
    if found is None and blobs.filter(status="active").exists():
        raise bytes_lost(artifact=artifact.pk, slot=slot)
    if found is None:
        raise NotFound("there are no bytes in this slot")
    return found


def _artifact(request: Request) -> tuple[Actor, ArtifactType, Artifact]:
    actor = streaming.caller(request)
    kind = served(request.path_params["type_name"])
    if request.path_params["slot"] not in kind.slots:
        raise NotFound(f"{kind.name} have no slot {request.path_params['slot']!r}")
    artifact = selectors.artifact_for(actor, request.path_params["artifact_id"], type=kind.name)
    return actor, kind, artifact


routes = [
    Route("/artifact/artifacts/{type_name}/{artifact_id}/{slot}", blob, methods=["GET", "PUT"])
]
