"""`/metadefs/namespaces/{ns}/tags`."""

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import empty_response, json_response
from metadefs import paging, selectors
from metadefs.api.v2 import bodies, parameters, representations
from metadefs.api.v2.base import MetadefsView
from metadefs.services import tags


class TagList(MetadefsView):
    def get(self, request: Request, namespace: str) -> HttpResponse:
        """Newest first unless told otherwise, all of them unless `limit` is given."""
        asked = parameters.listing(request, paging.TAG_KEYS, limited=False)
        row = self.namespace(namespace)
        rows = selectors.tags_of(self.actor, row)
        marker = (
            selectors.tag_for(self.actor, row, asked.marker) if asked.marker is not None else None
        )
        found = paging.page(
            rows, key=asked.key, descending=asked.descending, limit=asked.limit, marker=marker
        )
        return json_response({"tags": [{"name": one.name} for one in found]})

    def post(self, request: Request, namespace: str) -> HttpResponse:
        """Replaces the tags; with `X-Openstack-Append: true` adds to them."""
        row = self.namespace(namespace)
        names = bodies.tags_body(request)
        made = tags.create_many(row, names, append=parameters.append(request), actor=self.actor)
        return json_response({"tags": [{"name": one.name} for one in made]}, status=201)

    def delete(self, request: Request, namespace: str) -> HttpResponse:
        tags.delete_all(self.namespace(namespace), actor=self.actor)
        return empty_response()


class TagItem(MetadefsView):
    refuses_body = frozenset({"GET", "POST", "DELETE"})

    def get(self, request: Request, namespace: str, name: str) -> HttpResponse:
        found = selectors.tag_for(self.actor, self.namespace(namespace), name)
        return json_response(representations.tag(found))

    def post(self, request: Request, namespace: str, name: str) -> HttpResponse:
        made = tags.create(self.namespace(namespace), name, actor=self.actor)
        return json_response(representations.tag(made), status=201)

    def put(self, request: Request, namespace: str, name: str) -> HttpResponse:
        row = self.namespace(namespace)
        changed = tags.rename(row, name, new_name=bodies.tag_body(request), actor=self.actor)
        return json_response(representations.tag(changed))

    def delete(self, request: Request, namespace: str, name: str) -> HttpResponse:
        tags.delete(self.namespace(namespace), name, actor=self.actor)
        return empty_response()
