"""Roles and what they imply."""

from typing import cast

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import empty_response, json_object, json_response
from identity import selectors
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView, api_url, listed
from identity.api.v3.filters import RoleFilters, page_of
from identity.api.v3.reading import Reader
from identity.models import Role
from identity.services import roles
from identity.services.roles import RoleChanges, RoleDetails

IGNORED = ("options", "domain_id")


class RolesView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        rows, following = page_of(selectors.roles_for(self.actor), request, RoleFilters)
        shown = [documents.role(row, api_url(request)) for row in rows]
        return json_response(listed("roles", shown, request, following))

    def post(self, request: Request) -> HttpResponse:
        body = Reader(json_object(request)).object("role")
        name = body.text("name")
        row = roles.create_role(actor=self.actor, name=name, **_details(body))
        return json_response({"role": documents.role(row, api_url(request))}, status=201)


class RoleView(IdentityView):
    def get(self, request: Request, role_id: str) -> HttpResponse:
        row = selectors.role_for(self.actor, role_id)
        return json_response({"role": documents.role(row, api_url(request))})

    def patch(self, request: Request, role_id: str) -> HttpResponse:
        changes = _changes(Reader(json_object(request)).object("role"))
        row = roles.update_role(role_id, actor=self.actor, **changes)
        return json_response({"role": documents.role(row, api_url(request))})

    def delete(self, request: Request, role_id: str) -> HttpResponse:
        roles.delete_role(role_id, actor=self.actor)
        return empty_response()


class ImpliedRolesView(IdentityView):
    def get(self, request: Request, prior_id: str) -> HttpResponse:
        prior, implied = selectors.implied_by(self.actor, prior_id)
        api = api_url(request)
        return json_response(
            {
                "role_inference": documents.inference(prior, implied, api),
                "links": {"self": f"{api}/roles/{prior.pk}/implies"},
            }
        )


class ImpliedRoleView(IdentityView):
    def get(self, request: Request, prior_id: str, implied_id: str) -> HttpResponse:
        prior, implied = selectors.implication_for(self.actor, prior_id, implied_id)
        return json_response(_one(request, prior, implied))

    def head(self, request: Request, prior_id: str, implied_id: str) -> HttpResponse:
        selectors.implication_for(self.actor, prior_id, implied_id)
        return empty_response()

    def put(self, request: Request, prior_id: str, implied_id: str) -> HttpResponse:
        row = roles.imply(prior_id, implied_id, actor=self.actor)
        return json_response(_one(request, row.prior, row.implied), status=201)

    def delete(self, request: Request, prior_id: str, implied_id: str) -> HttpResponse:
        roles.no_longer_imply(prior_id, implied_id, actor=self.actor)
        return empty_response()


class RoleInferencesView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        api = api_url(request)
        shown = [
            documents.inference(prior, implied, api)
            for prior, implied in selectors.inferences_for(self.actor)
        ]
        return json_response(listed("role_inferences", shown, request))


def _one(request: Request, prior: Role, implied: Role) -> documents.Document:
    api = api_url(request)
    shown = documents.inference(prior, [implied], api)
    shown["implies"] = shown["implies"][0]
    here = f"{api}/roles/{prior.pk}/implies/{implied.pk}"
    return {"role_inference": shown, "links": {"self": here}}


def _changes(body: Reader) -> RoleChanges:
    found = cast("RoleChanges", _details(body))
    if "name" in body:
        found["name"] = body.text("name")
    return found


def _details(body: Reader) -> RoleDetails:
    body.must_be_empty(*IGNORED)
    found: RoleDetails = {"extra": body.others(("name", "description", *IGNORED))}
    if "description" in body:
        found["description"] = body.long_text("description")
    return found
