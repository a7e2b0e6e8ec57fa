"""`GET /v2/info/…`: what this site offers, for clients to find out."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from artifacts.configured_stores import Configured
from catalog.api.views import json_response
from images import discovery
from images.api.v2.views import ImagesView
from images.policies import ImageAction, ImagePolicy


class ImportMethods(ImagesView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request) -> HttpResponse:
        del request
        ImagePolicy(self.actor)
        methods = {
            "description": "Import methods available.",
            "type": "array",
            "value": list(discovery.IMPORT_METHODS),
        }
        return json_response({"import-methods": methods})


class Stores(ImagesView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request) -> HttpResponse:
        del request
        ImagePolicy(self.actor)
        return json_response({"stores": [_shown(one) for one in discovery.listed()]})


class StoresDetail(ImagesView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request) -> HttpResponse:
        del request
        ImagePolicy(self.actor).require_site(ImageAction.STORES_DETAIL)
        return json_response({"stores": [_detail(one) for one in discovery.listed()]})


def _shown(one: Configured) -> dict[str, Any]:
    """Flags are the text `true`, and left out otherwise: clients expect it so."""
    found = {"id": one.name}
    if one.description:
        found["description"] = one.description
    if one.default:
        found["default"] = "true"
    if not one.store.can_write:
        found["read-only"] = "true"
    return found


def _detail(one: Configured) -> dict[str, Any]:
    more = {"type": one.driver, "weight": one.weight, "properties": dict(one.store.describe())}
    return {**_shown(one), **more}
