"""`/metadefs/namespaces/{ns}/properties`."""

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import empty_response, json_response
from catalog.errors import NotFound
from metadefs import selectors
from metadefs.api.v2 import bodies, parameters, representations
from metadefs.api.v2.base import MetadefsView
from metadefs.models import Namespace
from metadefs.services import properties


class PropertyList(MetadefsView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request, namespace: str) -> HttpResponse:
        """All of them, by name; each tells its name also, as the served schema has it."""
        parameters.direction(request)
        rows = selectors.properties_of(self.actor, self.namespace(namespace))
        shown = {one.name: representations.property_(one) for one in rows}
        return json_response({"properties": shown})

    def post(self, request: Request, namespace: str) -> HttpResponse:
        row = self.namespace(namespace)
        name, definition = bodies.property_body(request)
        made = properties.create(row, name, definition, actor=self.actor)
        odd = bodies.told_of_defaults([(name, definition)])
        return json_response(representations.property_(made), status=201, headers=odd)

    def delete(self, request: Request, namespace: str) -> HttpResponse:
        properties.delete_all(self.namespace(namespace), actor=self.actor)
        return empty_response()


class PropertyItem(MetadefsView):
    def get(self, request: Request, namespace: str, name: str) -> HttpResponse:
        """With `resource_type`, `name` is the key as assets of that type bear it."""
        row = self.namespace(namespace)
        wanted = parameters.resource_type(request)
        if wanted is not None:
            name = self._without_prefix(row, name, wanted)
        found = selectors.property_for(self.actor, row, name)
        return json_response(representations.property_(found))

    def put(self, request: Request, namespace: str, name: str) -> HttpResponse:
        row = self.namespace(namespace)
        new_name, definition = bodies.property_body(request)
        changed = properties.modify(
            row, name, new_name=new_name, definition=definition, actor=self.actor
        )
        odd = bodies.told_of_defaults([(new_name, definition)])
        return json_response(representations.property_(changed), headers=odd)

    def delete(self, request: Request, namespace: str, name: str) -> HttpResponse:
        properties.delete(self.namespace(namespace), name, actor=self.actor)
        return empty_response()

    def _without_prefix(self, row: Namespace, name: str, resource_type: str) -> str:
        for association in selectors.associations_of(self.actor, row):
            prefix = association.prefix
            if association.resource_type.name == resource_type and prefix:
                if name.startswith(prefix):
                    return name.removeprefix(prefix)
                break
        raise NotFound(
            f"namespace {row.namespace!r} has no property {name!r} for {resource_type!r}",
            namespace=row.namespace,
            name=name,
        )
