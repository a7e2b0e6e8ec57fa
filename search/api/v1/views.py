"""Search v1: the search itself, the types there are, and the facets to narrow by."""

from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api import deferred
from catalog.api.addresses import base_url
from catalog.api.views import CatalogView, json_object, json_response
from catalog.conf import section
from search import facets, policies, selectors
from search.api.v1 import parameters, rendering
from search.conf import SearchConfig
from search.parsing import bodies

CONSISTENT = "X-Vitrine-Consistent"


class VersionsView(CatalogView):
    """The versions of the API, for anybody: 300 at the root, as Searchlight answers; 200 under /v1."""

    anonymous: ClassVar[bool] = True
    status: ClassVar[int] = 300

    def get(self, request: Request) -> HttpResponse:
        href = f"{base_url(request)}/search/v1/"
        version = {
            "id": "v1.0",
            "status": "CURRENT",
            "links": [{"rel": "self", "href": href}],
        }
        return json_response({"versions": [version]}, status=self.status)


class VersionView(VersionsView):
    status: ClassVar[int] = 200


class SearchView(CatalogView):
    def post(self, request: Request) -> HttpResponse:
        question = parameters.with_consistency(
            request,
            bodies.parse(
                selectors.live_schema(), parameters.with_openings(request, json_object(request))
            ),
        )
        if question.consistency == "wait" and deferred.offered(request.META):
            return deferred.Deferred(selectors.waiting(self.actor, question))
        consistent = deferred.outcome(request.META)
        result = selectors.search(self.actor, question, consistent=consistent)
        headers: dict[str, str] = {}
        if result.consistent is not None:
            headers[CONSISTENT] = "true" if result.consistent else "false"
        return json_response(rendering.reply(question, result), headers=headers)

    def get(self, request: Request) -> HttpResponse:
        return self.post(request)


class PluginsView(CatalogView):
    def get(self, request: Request) -> HttpResponse:
        policies.require(self.actor, policies.PLUGINS)
        prefix = section(SearchConfig).index_prefix
        plugins: list[dict[str, Any]] = [
            {"type": one, "alias-searching": prefix, "alias-indexing": f"{prefix}-write"}
            for one in policies.searchable(self.actor)
        ]
        return json_response({"plugins": plugins})


class FacetsView(CatalogView):
    def get(self, request: Request) -> HttpResponse:
        wanted = parameters.facets(selectors.live_schema(), request)
        found = facets.facets(self.actor, **wanted)
        return json_response(rendering.facets(found, fields=wanted["fields"]))
