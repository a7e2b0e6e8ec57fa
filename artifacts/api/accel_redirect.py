"""Whole downloads of local files, handed to the proxy in front: nginx sends a file at the speed of the socket.

The answer names the file in `X-Accel-Redirect` and carries no byte. What the proxy would have to decide, ranges and
conditions, is answered here, with the bytes.
"""

from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from artifacts import configured_stores as store_registry
from artifacts.conf import StoresConfig
from catalog.api.addresses import PROXIED
from catalog.conf import section

_DECIDED_HERE = (
    "range",
    "content-range",
    "if-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
)


def wanted(request: Request) -> bool:
    """Whether the request came through a trusted proxy that sends files, and asks for a whole one."""
    return (
        bool(section(StoresConfig).accel_redirect)
        and request.method == "GET"
        and bool(request.scope.get(PROXIED))
        and not any(name in request.headers for name in _DECIDED_HERE)
    )


def local_file(store: str, key: str, size: int | None) -> Path | None:
    """The file of this machine that is the blob; None when there is none of this size. StoreError, OSError."""
    found = store_registry.store(store)
    if not found.has_local_path:
        return None
    path = found.local_path(key).absolute()
    return path if size in (None, path.stat().st_size) else None


def answer(path: Path, headers: dict[str, str], content_type: str) -> Response:
    """What tells the proxy to send the file, with the headers that its answer is to have."""
    address = section(StoresConfig).accel_redirect + quote(str(path))
    return Response(headers={**headers, "X-Accel-Redirect": address}, media_type=content_type)
