"""Tokens, and what a token may be scoped to."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from typing_extensions import override

from catalog import requestids
from catalog.api import deferred
from catalog.api.addresses import base_url
from catalog.api.authentication import authenticate
from catalog.api.views import empty_response, json_object, json_response
from catalog.errors import Invalid
from identity import hashing, selectors, service_catalog
from identity.api.v3 import documents, token_requests
from identity.api.v3.base import IdentityView, api_url, listed
from identity.errors import SignInsCrowded
from identity.facts import TokenFacts
from identity.services.granting import grant
from identity.services.revoking import revoke_token

SUBJECT = "X-Subject-Token"


class TokensView(IdentityView):
    """Getting a token needs none; looking at one and revoking it does."""

    anonymous = True

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "POST":
            self.actor = authenticate(request.headers, request_id=requestids.current.get())

    def post(self, request: Request) -> HttpResponse:
        asked = token_requests.read(json_object(request))
        try:
            token, facts = grant(asked, address=request.META.get("REMOTE_ADDR", ""))
        except SignInsCrowded:
            if (waits := deferred.again(request.META, hashing.HashWait)) is not None:
                return waits
            raise
        return _shown(token, facts, request, status=201)

    def get(self, request: Request) -> HttpResponse:
        token = _subject(request)
        facts = selectors.token_for(self.actor, token)
        return _shown(token, facts, request, status=200)

    def delete(self, request: Request) -> HttpResponse:
        revoke_token(_subject(request), actor=self.actor)
        return empty_response()


class AuthCatalogView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        shown = selectors.catalog_for(self.actor, base_url(request))
        return json_response(listed("catalog", shown, request))


class AuthProjectsView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        rows = selectors.own_projects(self.actor)
        api = api_url(request)
        return json_response(listed("projects", [documents.project(r, api) for r in rows], request))


class AuthDomainsView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        rows = selectors.own_domains(self.actor)
        api = api_url(request)
        return json_response(listed("domains", [documents.domain(r, api) for r in rows], request))


class AuthSystemView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        shown = [{"all": True}] if selectors.has_system_role(self.actor) else []
        return json_response(listed("system", shown, request))


def _subject(request: Request) -> str:
    token: str | None = request.headers.get(SUBJECT)
    if not token:
        raise Invalid(f"The header {SUBJECT} must name the token.", header=SUBJECT)
    return token


def _shown(token: str, facts: TokenFacts, request: Request, *, status: int) -> HttpResponse:
    catalog = None
    if facts.scoped and "nocatalog" not in request.GET:
        project_id = facts.project.id if facts.project else None
        catalog = service_catalog.catalog(
            base_url(request), project_id=project_id, user_id=facts.user.id
        )
    document = documents.token(facts, catalog=catalog)
    headers = {SUBJECT: token, "Cache-Control": "no-store"}
    return json_response(document, status=status, headers=headers)
