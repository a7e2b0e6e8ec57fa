"""`/v2/images/{id}/uploads`: resumable uploads by tus 1.0.0 (core, creation, checksum, expiration, termination).

A session's GET answers JSON, and so does the collection's: for people, and for clients that lost the address.
"""

import re
from collections.abc import Mapping
from contextlib import aclosing
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar
from wsgiref.handlers import format_date_time

import orjson
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import override

from artifacts.api import parts, streaming
from artifacts.api.digests import announced_digests, decoded
from artifacts.api.parts import Checksum
from artifacts.api.threads import in_database
from artifacts.models import Artifact, UploadSession
from artifacts.services import sessions, uploads
from artifacts.services.sessions import Claim, Part, SessionBusy
from artifacts.services.upload_conditions import Intake, SizeMismatch
from catalog.actors import Actor
from catalog.api import warning_header
from catalog.api.openstack_errors import OpenStackDialect
from catalog.clock import iso_seconds
from catalog.errors import (
    CatalogError,
    Gone,
    Invalid,
    InvalidParameter,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    UnsupportedMediaType,
)
from images import selectors
from images.api.v2.data import VERSIONS, signed
from images.api.v2.routes import VersionedRoute
from images.certificates import CertificateNotFound
from images.policies import ImageAction, ImagePolicy
from images.services import data, resumable

TUS = "1.0.0"
CHUNK = "application/offset+octet-stream"
CHECKSUMS = {"sha1": "sha1", "sha256": "sha256", "sha512": "sha512", "md5": "md5"}
CHECKSUM_MISMATCH = 460
LONGEST_METADATA = 4096
_METADATA = re.compile(r"\s*[!-+\--~]+(?: [A-Za-z0-9+/]*={0,2})?\s*", re.ASCII)


class UnknownTusVersion(PreconditionFailed):
    """The client speaks another version of tus, or does not say which."""

    code = "tus_version"


class TusDialect(OpenStackDialect):
    """As the Images API tells errors, with tus' own two statuses."""

    statuses: ClassVar[Mapping[type[CatalogError], int]] = {
        **OpenStackDialect.statuses,
        SessionBusy: HTTPStatus.LOCKED,
        parts.ChecksumMismatch: CHECKSUM_MISMATCH,
    }

    @override
    def body(self, error: CatalogError, status: int, accept: str | None) -> tuple[bytes, str]:
        """The reason phrase of 460 is in no table: 400 speaks for it."""
        known = HTTPStatus.BAD_REQUEST if status == CHECKSUM_MISMATCH else status
        return super().body(error, known, accept)


DIALECT = TusDialect()


async def collection(request: Request) -> Response:
    """POST opens a session, GET lists them, OPTIONS tells what is spoken here."""
    return await _answered(request, {"POST": _create, "GET": _list})


async def item(request: Request) -> Response:
    """HEAD tells the offset, PATCH goes on from it, DELETE ends the session, GET shows it."""
    return await _answered(request, {"HEAD": _head, "PATCH": _append, "DELETE": _end, "GET": _show})


async def _answered(request: Request, verbs: Mapping[str, Any]) -> Response:
    method = request.method
    if method == "POST" and (instead := request.headers.get("x-http-method-override")):
        method = instead.upper()
    try:
        if request.path_params["version"] not in VERSIONS:
            raise NotFound("there is nothing at this address")
        if method == "OPTIONS":
            answer = _options()
        elif method not in verbs:
            raise MethodNotAllowed(
                f"{method} is not done here", headers={"Allow": ", ".join(["OPTIONS", *verbs])}
            )
        else:
            if method != "GET":
                _require_version(request)
            answer = await verbs[method](request)
    except CatalogError as error:
        answer = streaming.error_response(error, request, DIALECT)
    answer.headers["Tus-Resumable"] = TUS
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _options() -> Response:
    return Response(
        status_code=204,
        headers={
            "Tus-Version": TUS,
            "Tus-Extension": "creation,checksum,expiration,termination",
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
            "Tus-Max-Size": str(resumable.largest()),
        },
    )


def _require_version(request: Request) -> None:
    found = request.headers.get("tus-resumable")
    if found != TUS:
        raise UnknownTusVersion(
            f"Tus-Resumable must be {TUS}, not {(found or 'absent')[:20]}",
            headers={"Tus-Version": TUS},
        )


async def _create(request: Request) -> Response:
    actor, image = await in_database(partial(_image, request))
    await signed(request, image, Intake())  # refuses now what would be refused at the end
    session = await in_database(partial(_open, request, actor))
    if session.length == 0:
        await _take(request, actor, session, 0)
        session.state = "done"
    path = f"/image/{request.path_params['version']}/images/{image.spelt_id}/uploads/{session.pk}"
    return Response(status_code=201, headers={"Location": path, **_progress(session)})


async def _list(request: Request) -> Response:
    _, image = await in_database(partial(_image, request))
    found = await in_database(partial(sessions.sessions_of, image))
    return _json({"uploads": [_shown(one, image) for one in found]})


async def _show(request: Request) -> Response:
    _, image, session = await in_database(partial(_session, request))
    return _json(_shown(session, image))


async def _head(request: Request) -> Response:
    _, _, session = await in_database(partial(_session, request))
    headers = {**_progress(session), "Upload-Length": str(session.length)}
    if session.client_metadata:
        headers["Upload-Metadata"] = session.client_metadata
    return Response(status_code=200, headers=headers)


async def _append(request: Request) -> Response:
    actor, session, offset = await streaming.before_bytes(request, _to_append(request))
    if session.state == "done" and offset == session.length:
        return Response(status_code=204, headers=_progress(session))
    await _take(request, actor, session, offset)
    _, image, session = await in_database(partial(_session, request, actor))
    headers = {**_progress(session), **warning_header.warning(data.warnings(image))}
    return Response(status_code=204, headers=headers)


async def _to_append(request: Request) -> tuple[Actor, UploadSession, int]:
    media_type = request.headers.get("content-type", "").strip().lower()
    offset = _number(request, "upload-offset")
    actor, _, session = await in_database(partial(_session, request))
    if media_type != CHUNK:
        raise UnsupportedMediaType(f"chunks are sent as {CHUNK}, not as {media_type or 'nothing'}")
    streaming.require_plain(request)
    return actor, session, offset


async def _end(request: Request) -> Response:
    def run() -> None:
        actor, image, session = _session(request)
        resumable.end(session, image=image, actor=actor)

    await in_database(run)
    return Response(status_code=204)


async def _take(request: Request, actor: Actor, session: UploadSession, offset: int) -> None:
    """The request's body into the session; a session whose bytes are refused at its end is over.

    Unless nobody could tell: a certificate may be laid down, or be told to a newer token, and the last part sent again.
    """
    claiming = _claiming(request, actor, session, offset)
    claim, checksum, digests = await streaming.before_bytes(request, claiming)
    refused = False

    async def finish(found: list[Part]) -> None:
        nonlocal refused
        try:
            await _finish(request, actor, claim, digests, found)
        except (Invalid, UnsupportedMediaType, Gone, NotFound) as error:
            refused = not isinstance(error, CertificateNotFound)
            raise

    try:
        await parts.append(streaming.Body(request), claim, checksum=checksum, finish=finish)
    finally:
        if refused:  # not before: while the session is held, its end would be taken for a deletion
            await in_database(partial(sessions.end, claim.session_id))


async def _claiming(
    request: Request, actor: Actor, session: UploadSession, offset: int
) -> tuple[Claim, Checksum | None, dict[str, str]]:
    checksum, digests = _checksum(request), announced_digests(request.headers, whole=True)
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and offset + int(announced) > session.length:
        raise SizeMismatch(
            f"the session takes {session.length} bytes, not {offset + int(announced)}",
            expected=session.length,
        )
    claiming = partial(_claim, request, actor, session, offset)
    claim = await in_database(claiming, undo=sessions.release)
    return claim, checksum, digests


async def _finish(
    request: Request, actor: Actor, claim: Claim, digests: Mapping[str, str], found: list[Part]
) -> None:
    def asked() -> tuple[Artifact, Intake]:
        image = selectors.image_for(actor, request.path_params["image_id"])
        return image, resumable.intake_of(image, claim, digests)

    image, unsigned = await in_database(asked)
    intake = await signed(request, image, unsigned)
    beginning = partial(resumable.begin_end, image, claim, actor=actor)
    upload = await in_database(beginning, undo=partial(uploads.abandon, actor=actor))
    async with aclosing(parts.joined(found)) as chunks:
        await streaming.store(
            chunks,
            upload,
            actor,
            intake=intake,
            finish=lambda content: resumable.finish(
                upload, content, claim, intake=intake, actor=actor
            ),
        )


def _open(request: Request, actor: Actor) -> UploadSession:
    length, digests = (
        _number(request, "upload-length"),
        announced_digests(request.headers, whole=True),
    )
    store = request.headers.get("x-image-meta-store")
    if store is not None:
        data.require_store(store)
    image = selectors.image_for(actor, request.path_params["image_id"])
    return resumable.open_session(
        image,
        length=length,
        digests=digests,
        store=store,
        client_metadata=_metadata(request),
        actor=actor,
    )


def _image(request: Request) -> tuple[Actor, Artifact]:
    """The image, for those who may upload to it: nobody else learns of its sessions."""
    actor = streaming.caller(request)
    image = selectors.image_for(actor, request.path_params["image_id"])
    ImagePolicy(actor).require(ImageAction.UPLOAD, image)
    return actor, image


def _session(request: Request, known: Actor | None = None) -> tuple[Actor, Artifact, UploadSession]:
    """Once `known`, a caller stays known: a token that ends during a long upload does not end the upload."""
    if known is None:
        actor, image = _image(request)
    else:
        actor, image = known, selectors.image_for(known, request.path_params["image_id"])
    return actor, image, sessions.session_of(image, request.path_params["session_id"])


def _claim(request: Request, actor: Actor, session: UploadSession, offset: int) -> Claim:
    image = selectors.image_for(actor, request.path_params["image_id"])
    return resumable.claim(session, image=image, offset=offset, actor=actor)


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header)
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidParameter(
            f"{header} must be a number of bytes, not {(text or 'absent')[:40]!r}", header=header
        )
    return int(text)


def _metadata(request: Request) -> str:
    """Kept as it is and shown again; it means nothing here. InvalidParameter when it is not tus' format."""
    text = request.headers.get("upload-metadata", "").strip()
    if len(text) > LONGEST_METADATA or (
        text and not all(_METADATA.fullmatch(pair) for pair in text.split(","))
    ):
        raise InvalidParameter(
            "Upload-Metadata must be pairs of a key and a base64 value", header="upload-metadata"
        )
    return text


def _checksum(request: Request) -> Checksum | None:
    text = request.headers.get("upload-checksum")
    if text is None:
        return None
    name, _, value = text.strip().partition(" ")
    if name not in CHECKSUMS:
        raise InvalidParameter(
            f"Upload-Checksum is computed with one of {', '.join(CHECKSUMS)}, not with {name[:20]!r}",
            header="upload-checksum",
        )
    return Checksum(CHECKSUMS[name], decoded(CHECKSUMS[name], value, "upload-checksum"))


def _progress(session: UploadSession) -> dict[str, str]:
    return {
        "Upload-Offset": str(session.received),
        "Upload-Expires": format_date_time(session.expires_at.timestamp()),
    }


def _shown(session: UploadSession, image: Artifact) -> dict[str, Any]:
    return {
        "id": session.pk,
        "status": session.state,
        "offset": session.received,
        "length": session.length,
        "store": session.store,
        "created_at": iso_seconds(session.created_at),
        "expires_at": iso_seconds(session.expires_at),
        "self": f"/v2/images/{image.spelt_id}/uploads/{session.pk}",
    }


def _json(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


_METHODS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE"]
routes = [
    VersionedRoute("/image/{version}/images/{image_id}/uploads", collection, methods=_METHODS),
    VersionedRoute(
        "/image/{version}/images/{image_id}/uploads/{session_id}", item, methods=_METHODS
    ),
]
