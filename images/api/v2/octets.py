"""Data that is sent to where documents go: clients are told how it is done, before a byte of it is read.

Version 1 of Glance's API took data by the POST that made an image, and by PUT to the image itself.
"""

from functools import partial

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override

from artifacts.api import streaming
from artifacts.api.threads import in_database
from catalog.errors import CatalogError, UnsupportedMediaType
from images.api.v2.data import DIALECT, OCTETS, VERSIONS
from images.api.v2.routes import VersionedRoute

KNOWN = VERSIONS | {"v1", "v1.0", "v1.1"}


class OctetsRoute(VersionedRoute):
    """Takes only what is sent as bytes; documents go on to their own route."""

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        if match is not Match.FULL or found["path_params"]["version"] not in KNOWN:
            return Match.NONE, {}
        media_type = Headers(scope=scope).get("content-type", "")
        octets = media_type.partition(";")[0].strip().lower() == OCTETS
        return (match, found) if octets else (Match.NONE, {})


async def refused(request: Request) -> Response:
    """401, or 415 with what is done instead."""
    error: CatalogError = UnsupportedMediaType(
        "an image is made of a JSON document: POST /v2/images with Content-Type: application/json;"
        f" its data follows by PUT /v2/images/{{id}}/file as {OCTETS}"
    )
    try:
        await in_database(partial(streaming.caller, request))
    except CatalogError as found:
        error = found
    if "expect" not in request.headers:  # a client that waits for a go-ahead sends nothing
        await streaming.Body(request).discard()
    return streaming.error_response(error, request, DIALECT)


routes = [
    OctetsRoute("/image/{version}/images", refused, methods=["POST"]),
    OctetsRoute("/image/{version}/images/{image_id}", refused, methods=["POST", "PUT"]),
]
