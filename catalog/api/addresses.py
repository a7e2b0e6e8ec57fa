"""How clients reach the service: as configured, or as the request came where nobody is led elsewhere by that."""

import socket
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from django.http.request import split_domain_port, validate_host

from catalog.conf import CatalogConfig, section

PROXIED = "vitrine.proxied"
"""Key of an ASGI scope and of a WSGI environment: true when the request came through a proxy whose word about the
client is taken.
"""
RAW_PATH = "vitrine.raw_path"
"""Key of a WSGI environment: the path as it was sent, with its escapes."""


OWN_NAMES = frozenset({"localhost", socket.gethostname().lower()})
"""This machine's; no resolver is asked."""


class Addressed(Protocol):
    """A request, Django's or DRF's."""

    @property
    def scheme(self) -> str | None: ...

    @property
    def META(self) -> Mapping[str, Any]: ...  # noqa: N802 - Django's name

    def get_host(self) -> str: ...


def base_url(request: Addressed) -> str:
    """`http://host:port`, without a slash at the end.

    Anybody may write any `Host`. Without a configured address its name counts when operators allowed that name, when a
    trusted proxy told it, or when it is this machine or an address in private networks; else links lead to the address
    that the client is connected to.
    """
    configured = section(CatalogConfig).public_url
    if configured:
        return configured.rstrip("/")
    told, here = request.get_host(), str(request.META["SERVER_NAME"])
    if request.META.get(PROXIED) or _believed(told, here, tuple(settings.ALLOWED_HOSTS)):
        return f"{request.scheme}://{told}"
    name = f"[{here}]" if ":" in here else here
    return f"{request.scheme}://{name}:{request.META['SERVER_PORT']}"


@lru_cache(maxsize=1024)
def _believed(told: str, here: str, allowed: tuple[str, ...]) -> bool:
    name = split_domain_port(told)[0]
    if validate_host(name, [one for one in allowed if one != "*"]):
        return True
    try:
        address = ip_address(name.strip("[]"))
    except ValueError:
        return name in OWN_NAMES
    return address.is_private or str(address) == here


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
