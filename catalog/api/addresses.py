"""How clients reach the service: as configured, or as the request came."""

from collections.abc import Iterable
from typing import Protocol
from urllib.parse import urlencode

from django.http import QueryDict

from catalog.conf import CatalogConfig, section

PROXIED = "vitrine.proxied"
"""Key of an ASGI scope: true when the request came through a proxy whose word about the client is taken."""


class Addressed(Protocol):
    """A request, Django's or DRF's."""

    @property
    def scheme(self) -> str | None: ...

    def get_host(self) -> str: ...


def base_url(request: Addressed) -> str:
    """`http://host:port`, without a slash at the end."""
    configured = section(CatalogConfig).public_url
    return configured.rstrip("/") if configured else f"{request.scheme}://{request.get_host()}"


def page_links(path: str, query: QueryDict, next_marker: str | None) -> dict[str, str]:
    """`first` and, when there is one, `next`: every parameter is kept, repeated ones too."""
    kept = [(k, v) for k, values in query.lists() if k != "marker" for v in values]
    found = {"first": _join(path, kept)}
    if next_marker is not None:
        found["next"] = _join(path, [*kept, ("marker", next_marker)])
    return found


def _join(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    text = urlencode(list(pairs))
    return f"{path}?{text}" if text else path
