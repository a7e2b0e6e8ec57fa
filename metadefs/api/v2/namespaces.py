"""`/metadefs/namespaces`: the list, and each namespace with everything in it."""

from urllib.parse import quote

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.addresses import base_url, page_links
from catalog.api.views import empty_response, json_response
from catalog.pages import filled
from metadefs import paging, rules, selectors
from metadefs.api.v2 import bodies, parameters, representations
from metadefs.api.v2.base import MetadefsView
from metadefs.models import Namespace
from metadefs.services import namespaces


class NamespaceList(MetadefsView):
    def get(self, request: Request) -> HttpResponse:
        """A page of the namespaces that the caller sees, with their associations."""
        asked = parameters.listing(request, paging.NAMESPACE_KEYS, limited=True)
        rows = selectors.namespaces_visible_to(
            self.actor,
            visibility=parameters.visibility(request),
            resource_types=parameters.resource_types(request),
        )
        marker = self.namespace(asked.marker) if asked.marker is not None else None
        found = paging.page(
            rows.prefetch_related(None),
            key=asked.key,
            descending=asked.descending,
            limit=asked.limit,
            marker=marker,
        )
        page = filled(paging.read(rows, found), _with_associations)
        more = page.cut or (bool(found) and len(found) == asked.limit)
        last = page.last.namespace if more and page.last is not None else None
        links = page_links(representations.ROOT, request.query_params, last)
        schema = f"{representations.SCHEMAS}/namespaces"
        return json_response({"namespaces": page.shown, "schema": schema, **links})

    def post(self, request: Request) -> HttpResponse:
        draft = bodies.new_namespace(request, self.actor)
        row = namespaces.create(draft, actor=self.actor)
        location = f"{base_url(request)}{request.path}/{quote(row.namespace)}"
        odd = bodies.told_of_defaults((n, one) for _, n, one in rules.definitions(draft))
        return json_response(_whole(row), status=201, headers={"Location": location, **odd})


class NamespaceItem(MetadefsView):
    refuses_body = frozenset({"GET", "DELETE"})

    def get(self, request: Request, namespace: str) -> HttpResponse:
        """Everything; with `resource_type`, the keys as assets of that type bear them."""
        row = self.namespace(namespace)
        associations = list(selectors.associations_of(self.actor, row))
        wanted = parameters.resource_type(request)
        prefix = next((a.prefix for a in associations if a.resource_type.name == wanted), None)
        shown = representations.namespace(
            row,
            associations=associations,
            properties=selectors.properties_of(self.actor, row),
            objects=selectors.objects_of(self.actor, row),
            tags=selectors.tags_of(self.actor, row).order_by("-created_at", "-id"),
            prefix=prefix or "",
        )
        return json_response(shown)

    def put(self, request: Request, namespace: str) -> HttpResponse:
        row = self.namespace(namespace)
        draft = bodies.changed_namespace(request, self.actor)
        changed = namespaces.modify(row, draft, actor=self.actor)
        return json_response(representations.namespace(changed, associations=()))

    def delete(self, request: Request, namespace: str) -> HttpResponse:
        namespaces.delete(self.namespace(namespace), actor=self.actor)
        return empty_response()


def _with_associations(row: Namespace) -> dict[str, object]:
    return representations.namespace(row, associations=row.associations.all())


def _whole(row: Namespace) -> dict[str, object]:
    return representations.namespace(
        row,
        associations=row.associations.select_related("resource_type").order_by("id"),
        properties=row.properties.order_by("id"),
        objects=row.objects_defined.order_by("id"),
        tags=row.tags.order_by("id"),
    )
