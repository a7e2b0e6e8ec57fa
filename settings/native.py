"""Routes that the shell answers itself, because they carry bytes."""

from collections.abc import Sequence

from starlette.routing import Route

from artifacts.api.v1.data import routes as artifact_routes
from images.api.v2.data import routes as image_routes
from images.api.v2.octets import routes as octet_routes
from images.api.v2.resumable import routes as upload_routes

ROUTES: Sequence[Route] = (
    *image_routes,
    *octet_routes,
    *upload_routes,
    *artifact_routes,
)
