"""Regions, whose ids clients choose."""

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import empty_response, json_object, json_response
from identity import selectors
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView, api_url, listed, matching
from identity.api.v3.reading import Reader
from identity.services import regions
from identity.services.regions import RegionChanges

KNOWN = ("description", "parent_region_id")


class RegionsView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        shown = [documents.region(r, api_url(request)) for r in selectors.regions_for(self.actor)]
        return json_response(
            listed("regions", matching(shown, request, "parent_region_id"), request)
        )

    def post(self, request: Request) -> HttpResponse:
        body = Reader(json_object(request)).object("region")
        key = body.optional_text("id") if body.document.get("id") else None
        row = regions.create_region(key, actor=self.actor, **_changes(body))
        return json_response({"region": documents.region(row, api_url(request))}, status=201)


class RegionView(IdentityView):
    def get(self, request: Request, region_id: str) -> HttpResponse:
        row = selectors.region_for(self.actor, region_id)
        return json_response({"region": documents.region(row, api_url(request))})

    def put(self, request: Request, region_id: str) -> HttpResponse:
        body = Reader(json_object(request)).object("region")
        row = regions.create_region(region_id, actor=self.actor, **_changes(body))
        return json_response({"region": documents.region(row, api_url(request))}, status=201)

    def patch(self, request: Request, region_id: str) -> HttpResponse:
        values = _changes(Reader(json_object(request)).object("region"))
        row = regions.update_region(region_id, actor=self.actor, **values)
        return json_response({"region": documents.region(row, api_url(request))})

    def delete(self, request: Request, region_id: str) -> HttpResponse:
        regions.delete_region(region_id, actor=self.actor)
        return empty_response()


def _changes(body: Reader) -> RegionChanges:
    found: RegionChanges = {"extra": body.others(KNOWN)}
    if "description" in body:
        found["description"] = body.long_text("description")
    if "parent_region_id" in body:
        found["parent_id"] = body.optional_text("parent_region_id")
    return found
