"""Version discovery of Artifacts v1."""

from django.http import HttpRequest, HttpResponse

from catalog.api.addresses import base_url
from catalog.api.views import json_response


def versions(request: HttpRequest) -> HttpResponse:
    """300: choose one; there is one."""
    links = [{"rel": "self", "href": f"{base_url(request)}/artifact/"}]
    media_type = "application/vnd.openstack.artifacts-1.0"
    one = {"version": "1.0", "status": "STABLE", "links": links, "media-type": media_type}
    return json_response({"versions": [one]}, status=300)
