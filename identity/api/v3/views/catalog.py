"""Services and endpoints."""

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.addresses import base_url
from catalog.api.views import empty_response, json_object, json_response
from identity import selectors
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView, api_url, listed, matching
from identity.api.v3.reading import Reader
from identity.models import Endpoint
from identity.services import offering
from identity.services.offering import LONGEST_URL, EndpointChanges, ServiceChanges

SERVICE = ("type", "name", "description", "enabled")
ENDPOINT = ("service_id", "interface", "url", "enabled", "region", "region_id")


class ServicesView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        api = api_url(request)
        shown = [documents.service(row, api) for row in selectors.services_for(self.actor)]
        return json_response(listed("services", matching(shown, request, "type", "name"), request))

    def post(self, request: Request) -> HttpResponse:
        body = Reader(json_object(request)).object("service")
        body.text("type")
        row = offering.create_service(actor=self.actor, **_service(body))
        return json_response({"service": documents.service(row, api_url(request))}, status=201)


class ServiceView(IdentityView):
    def get(self, request: Request, service_id: str) -> HttpResponse:
        row = selectors.service_for(self.actor, service_id)
        return json_response({"service": documents.service(row, api_url(request))})

    def patch(self, request: Request, service_id: str) -> HttpResponse:
        values = _service(Reader(json_object(request)).object("service"))
        row = offering.update_service(service_id, actor=self.actor, **values)
        return json_response({"service": documents.service(row, api_url(request))})

    def delete(self, request: Request, service_id: str) -> HttpResponse:
        offering.delete_service(service_id, actor=self.actor)
        return empty_response()


class EndpointsView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        shown = [_shown(row, request) for row in selectors.endpoints_for(self.actor)]
        found = matching(shown, request, "interface", "service_id", "region_id", "region")
        return json_response(listed("endpoints", found, request))

    def post(self, request: Request) -> HttpResponse:
        body = Reader(json_object(request)).object("endpoint")
        for name in ("interface", "service_id", "url"):
            body.text(name, longest=LONGEST_URL)
        row = offering.create_endpoint(actor=self.actor, **_endpoint(body))
        return json_response({"endpoint": _shown(row, request)}, status=201)


class EndpointView(IdentityView):
    def get(self, request: Request, endpoint_id: str) -> HttpResponse:
        row = selectors.endpoint_for(self.actor, endpoint_id)
        return json_response({"endpoint": _shown(row, request)})

    def patch(self, request: Request, endpoint_id: str) -> HttpResponse:
        values = _endpoint(Reader(json_object(request)).object("endpoint"))
        row = offering.update_endpoint(endpoint_id, actor=self.actor, **values)
        return json_response({"endpoint": _shown(row, request)})

    def delete(self, request: Request, endpoint_id: str) -> HttpResponse:
        offering.delete_endpoint(endpoint_id, actor=self.actor)
        return empty_response()


class NoGroupsView(IdentityView):
    """There are no groups of users; clients that ask for them get an empty list."""

    def get(self, request: Request, user_id: str = "") -> HttpResponse:
        return json_response(listed("groups", [], request))


def _shown(row: Endpoint, request: Request) -> documents.Document:
    return documents.endpoint(row, api_url(request), base_url(request))


def _service(body: Reader) -> ServiceChanges:
    found: ServiceChanges = {"extra": body.others(SERVICE)}
    if "type" in body:
        found["type"] = body.text("type")
    if "name" in body:
        given = body.document["name"] is not None
        found["name"] = body.text("name", empty=True) if given else ""
    if "description" in body:
        found["description"] = body.long_text("description")
    if "enabled" in body:
        found["enabled"] = body.flag("enabled")
    return found


def _endpoint(body: Reader) -> EndpointChanges:
    found: EndpointChanges = {"extra": body.others(ENDPOINT)}
    if "service_id" in body:
        found["service_id"] = body.text("service_id", longest=64)
    if "interface" in body:
        found["interface"] = body.text("interface")
    if "url" in body:
        found["url"] = body.text("url", longest=LONGEST_URL)
    if "enabled" in body:
        found["enabled"] = body.flag("enabled")
    if "region_id" in body:
        found["region_id"] = body.optional_text("region_id")
    if (region := body.optional_text("region")) is not None:
        found["region"] = region
    return found
