"""Pages of other addresses that may call the services from a browser (CORS, as the Fetch standard has it).

They bring a token in a header, as every client does: no cookie of this site goes with their calls.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from catalog.conf import is_address

ANY = "*"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SHOWN = (
    "Accept-Patch",
    "Accept-Ranges",
    "Allow",
    "Content-Disposition",
    "Content-Length",
    "Content-MD5",
    "Content-Range",
    "ETag",
    "Location",
    "OpenStack-image-import-methods",
    "OpenStack-image-store-ids",
    "Retry-After",
    "Tus-Extension",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "WWW-Authenticate",
    "Warning",
    "X-Auth-Token",
    "X-Openstack-Request-Id",
    "X-Subject-Token",
    "X-Total-Count",
    "X-Total-Relation",
)
"""Headers of answers that scripts may read, beside the few that the standard lets them."""
REMEMBERED = 3600
"""Seconds for which a browser need not ask again."""
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]")


def around(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """The application, open to scripts of these origins; as it is when there are none."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=METHODS,
        allow_headers=["*"],
        expose_headers=SHOWN,
        max_age=REMEMBERED,
    )


def problems(variable: str, origins: Iterable[str]) -> Iterator[str]:
    """A sentence about each text that no browser would send as its page's origin."""
    for one in origins:
        if one == ANY:
            continue
        meant = _origin(one)
        if meant is None:
            yield f"{variable}: {one!r} is no origin: write https://host or https://host:port"
        elif meant != one:
            yield f"{variable}: {one!r} is no origin: write {meant}"


def _origin(text: str) -> str | None:
    """The origin of an address as browsers write it; None for what is no address of a page."""
    if not is_address(text, *_PORTS):
        return None
    parts = urlsplit(text)
    name = parts.hostname or ""
    try:
        host = f"[{name}]" if ":" in name else name.encode("idna").decode()
    except UnicodeError:
        return None
    if not _HOST.fullmatch(host):
        return None
    standard = parts.port in (None, _PORTS[parts.scheme])
    return f"{parts.scheme}://{host}" if standard else f"{parts.scheme}://{host}:{parts.port}"
