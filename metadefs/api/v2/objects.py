"""`/metadefs/namespaces/{ns}/objects`."""

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import empty_response, json_response
from metadefs import selectors
from metadefs.api.v2 import bodies, parameters, representations
from metadefs.api.v2.base import MetadefsView
from metadefs.services import objects


class ObjectList(MetadefsView):
    def get(self, request: Request, namespace: str) -> HttpResponse:
        """All of them: paging parameters are judged and otherwise without effect, as in Images."""
        parameters.count(request, least=1)
        parameters.direction(request)
        row = self.namespace(namespace)
        shown = [representations.object_(row, one) for one in selectors.objects_of(self.actor, row)]
        return json_response({"objects": shown, "schema": f"{representations.SCHEMAS}/objects"})

    def post(self, request: Request, namespace: str) -> HttpResponse:
        row = self.namespace(namespace)
        draft = bodies.object_body(request)
        made = objects.create(row, draft, actor=self.actor)
        odd = bodies.told_of_defaults(draft.properties.items())
        return json_response(representations.object_(row, made), status=201, headers=odd)

    def delete(self, request: Request, namespace: str) -> HttpResponse:
        objects.delete_all(self.namespace(namespace), actor=self.actor)
        return empty_response()


class ObjectItem(MetadefsView):
    refuses_body = frozenset({"GET", "DELETE"})

    def get(self, request: Request, namespace: str, name: str) -> HttpResponse:
        row = self.namespace(namespace)
        found = selectors.object_for(self.actor, row, name)
        return json_response(representations.object_(row, found))

    def put(self, request: Request, namespace: str, name: str) -> HttpResponse:
        row = self.namespace(namespace)
        draft = bodies.object_body(request)
        changed = objects.modify(row, name, draft, actor=self.actor)
        odd = bodies.told_of_defaults(draft.properties.items())
        return json_response(representations.object_(row, changed), headers=odd)

    def delete(self, request: Request, namespace: str, name: str) -> HttpResponse:
        objects.delete(self.namespace(namespace), name, actor=self.actor)
        return empty_response()
