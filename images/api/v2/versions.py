"""Version discovery: `GET /image`, `/image/v2`, `/image/versions`, and the answer to any version nobody knows.

A client may also name the version by `Accept: application/vnd.openstack.images-v2`, and leave it out of the path.
"""

import re
from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt

from artifacts import configured_stores
from catalog.api.addresses import base_url
from catalog.api.views import json_response
from catalog.conf import section
from images.conf import ImagesConfig

UNKNOWN_VERSION = 300
CURRENT, SUPPORTED = "CURRENT", "SUPPORTED"
_NAMED = re.compile(
    r"(?:^|,)\s*application/vnd\.openstack\.images-(v2(?:\.(?:\d|1[0-8]))?)\s*(?:[;,+]|$)"
)


def minors(*, cached: bool, several: bool) -> Iterable[tuple[int, str]]:
    """Minor versions with their status, in Glance's order; what they say depends on what the site has."""
    if cached:
        yield 18, CURRENT
        yield from ((minor, SUPPORTED) for minor in (17, 16, 15, 14))
    else:
        yield 15, SUPPORTED
    yield from ((minor, SUPPORTED) for minor in ((13, 12, 11, 10, 9, 8) if several else (9,)))
    if not cached:
        yield 17, CURRENT
    yield from ((minor, SUPPORTED) for minor in range(7, -1, -1))


def document(request: HttpRequest) -> dict[str, object]:
    configured = section(ImagesConfig).public_endpoint
    base = configured.rstrip("/") if configured else f"{base_url(request)}/image"
    links = [{"rel": "self", "href": f"{base}/v2/"}]
    found = minors(cached=False, several=configured_stores.several())
    return {
        "versions": [
            {"id": f"v2.{minor}", "status": status, "links": links} for minor, status in found
        ]
    }


def named(accept: str | None) -> str | None:
    """The version, as it stands in paths, that an `Accept` header chooses."""
    found = _NAMED.search((accept or "").lower())
    return found[1] if found else None


@csrf_exempt
def root(request: HttpRequest, rest: str = "") -> HttpResponse:
    """What the `Accept` header chooses, or 300: choose one."""
    version = named(request.headers.get("Accept"))
    if version and rest:
        try:
            found = resolve(f"/{version}/{rest}", urlconf="images.api.v2.urls")
        except Resolver404:
            pass
        else:
            answer: HttpResponse = found.func(request, *found.args, **found.kwargs)
            return answer
    return json_response(document(request), status=UNKNOWN_VERSION)


def versions(request: HttpRequest) -> HttpResponse:
    return json_response(document(request))


def healthcheck(_: HttpRequest) -> HttpResponse:
    """Where load balancers look before a Glance; the process answers (`glance-operations.md`, section 13)."""
    return HttpResponse("OK", content_type="text/plain; charset=UTF-8")
