"""`GET /v2/info/usage`: what the caller's project has, beside what it may have."""

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import json_response
from images.api.v2.views import ImagesView
from images.limits import enforcing


class Usage(ImagesView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request) -> HttpResponse:
        return json_response({"usage": enforcing.report(self.actor)})
