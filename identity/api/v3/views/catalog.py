"""The service catalog in its parts; it follows from the configuration and cannot be written."""

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import json_response
from catalog.conf import section
from catalog.errors import NotFound
from identity import endpoints
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView, api_url, base_url, listed
from identity.conf import IdentityConfig
from identity.policies import require


class ServicesView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        require(self.actor, "list_services")
        api = api_url(request)
        shown = [documents.service(row, api) for row in endpoints.services()]
        return json_response(listed("services", _matching(shown, request, "type", "name"), request))


class ServiceView(IdentityView):
    def get(self, request: Request, service_id: str) -> HttpResponse:
        require(self.actor, "get_service")
        api = api_url(request)
        shown = [documents.service(row, api) for row in endpoints.services()]
        return json_response({"service": _one(shown, service_id, "service")})


class EndpointsView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        require(self.actor, "list_endpoints")
        filters = ("interface", "service_id", "region_id", "region")
        shown = _matching(_endpoints(request), request, *filters)
        return json_response(listed("endpoints", shown, request))


class EndpointView(IdentityView):
    def get(self, request: Request, endpoint_id: str) -> HttpResponse:
        require(self.actor, "get_endpoint")
        return json_response({"endpoint": _one(_endpoints(request), endpoint_id, "endpoint")})


class RegionsView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        require(self.actor, "list_regions")
        shown = [documents.region(section(IdentityConfig).region, api_url(request))]
        return json_response(
            listed("regions", _matching(shown, request, "parent_region_id"), request)
        )


class RegionView(IdentityView):
    def get(self, request: Request, region_id: str) -> HttpResponse:
        require(self.actor, "get_region")
        shown = [documents.region(section(IdentityConfig).region, api_url(request))]
        return json_response({"region": _one(shown, region_id, "region")})


class NoGroupsView(IdentityView):
    """There are no groups of users; clients that ask for them get an empty list."""

    def get(self, request: Request, user_id: str = "") -> HttpResponse:
        return json_response(listed("groups", [], request))


def _endpoints(request: Request) -> list[documents.Document]:
    api = api_url(request)
    return [
        {**one, "links": {"self": f"{api}/endpoints/{one['id']}"}}
        for one in endpoints.endpoints(base_url(request))
    ]


def _matching(
    shown: list[documents.Document], request: Request, *names: str
) -> list[documents.Document]:
    wanted = [(name, request.GET[name]) for name in names if name in request.GET]
    return [one for one in shown if all(one[name] == value for name, value in wanted)]


def _one(shown: list[documents.Document], key: str, noun: str) -> documents.Document:
    for one in shown:
        if one["id"] == key:
            return one
    raise NotFound(f"Could not find {noun}: {key}.")
