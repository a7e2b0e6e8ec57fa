"""Version discovery: `GET /image`, `/image/versions`, and the answer to any version nobody knows."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from catalog.api.addresses import base_url
from catalog.api.views import json_response

MINORS = tuple(range(18, -1, -1))
UNKNOWN_VERSION = 300


def document(request: HttpRequest) -> dict[str, object]:
    href = f"{base_url(request)}/image/v2/"
    return {
        "versions": [
            {
                "id": f"v2.{minor}",
                "status": "CURRENT" if minor == MINORS[0] else "SUPPORTED",
                "links": [{"rel": "self", "href": href}],
            }
            for minor in MINORS
        ]
    }


def root(request: HttpRequest, rest: str = "") -> HttpResponse:
    """300: choose one."""
    del rest
    return json_response(document(request), status=UNKNOWN_VERSION)


def versions(request: HttpRequest) -> HttpResponse:
    return json_response(document(request))


def redirect(request: HttpRequest) -> HttpResponse:
    """`/image/v2` → `/image/v2/`."""
    return HttpResponseRedirect(f"{request.path}/")
