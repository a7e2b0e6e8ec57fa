"""Discovery: which versions there are, and where."""

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import json_response
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView, api_url


class VersionsView(IdentityView):
    """All versions, as several choices; needs no token."""

    anonymous = True

    def get(self, request: Request) -> HttpResponse:
        shown = {"versions": {"values": [documents.version(api_url(request))]}}
        return json_response(shown, status=300)


class VersionView(IdentityView):
    """Version 3; needs no token."""

    anonymous = True

    def get(self, request: Request) -> HttpResponse:
        return json_response({"version": documents.version(api_url(request))})
