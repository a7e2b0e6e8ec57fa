from typing import cast

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import empty_response, json_object, json_response
from identity import selectors
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView, api_url, listed
from identity.api.v3.filters import DomainFilters, page_of
from identity.api.v3.reading import Reader
from identity.services import domains
from identity.services.domains import DomainChanges, DomainDetails

MUTABLE = ("name", "description", "enabled")
IGNORED = ("options", "tags", "explicit_domain_id")


class DomainsView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        rows, following = page_of(selectors.domains_for(self.actor), request, DomainFilters)
        shown = [documents.domain(row, api_url(request)) for row in rows]
        return json_response(listed("domains", shown, request, following))

    def post(self, request: Request) -> HttpResponse:
        body = Reader(json_object(request)).object("domain")
        name = body.text("name", longest=64)
        row = domains.create_domain(actor=self.actor, name=name, **_details(body))
        return json_response({"domain": documents.domain(row, api_url(request))}, status=201)


class DomainView(IdentityView):
    def get(self, request: Request, domain_id: str) -> HttpResponse:
        row = selectors.domain_for(self.actor, domain_id)
        return json_response({"domain": documents.domain(row, api_url(request))})

    def patch(self, request: Request, domain_id: str) -> HttpResponse:
        changes = _changes(Reader(json_object(request)).object("domain"))
        row = domains.update_domain(domain_id, actor=self.actor, **changes)
        return json_response({"domain": documents.domain(row, api_url(request))})

    def delete(self, request: Request, domain_id: str) -> HttpResponse:
        domains.delete_domain(domain_id, actor=self.actor)
        return empty_response()


def _changes(body: Reader) -> DomainChanges:
    found = cast("DomainChanges", _details(body))
    if "name" in body:
        found["name"] = body.text("name", longest=64)
    return found


def _details(body: Reader) -> DomainDetails:
    body.must_be_empty(*IGNORED)
    found: DomainDetails = {"extra": body.others((*MUTABLE, *IGNORED))}
    if "description" in body:
        found["description"] = body.long_text("description")
    if "enabled" in body:
        found["enabled"] = body.flag("enabled")
    return found
