"""`/metadefs/resource_types`, and the associations of a namespace with them."""

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import empty_response, json_response
from metadefs import selectors
from metadefs.api.v2 import bodies, parameters, representations
from metadefs.api.v2.base import MetadefsView
from metadefs.services import associations


class ResourceTypeList(MetadefsView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request) -> HttpResponse:
        parameters.direction(request)
        rows = selectors.resource_types(self.actor)
        return json_response({"resource_types": [representations.resource_type(r) for r in rows]})


class AssociationList(MetadefsView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request, namespace: str) -> HttpResponse:
        parameters.direction(request)
        rows = selectors.associations_of(self.actor, self.namespace(namespace))
        shown = [representations.association(row) for row in rows]
        return json_response({"resource_type_associations": shown})

    def post(self, request: Request, namespace: str) -> HttpResponse:
        row = self.namespace(namespace)
        made = associations.create(row, bodies.association_body(request), actor=self.actor)
        return json_response(representations.association(made), status=201)


class AssociationItem(MetadefsView):
    refuses_body = frozenset({"DELETE"})

    def delete(self, request: Request, namespace: str, name: str) -> HttpResponse:
        associations.delete(self.namespace(namespace), name, actor=self.actor)
        return empty_response()
