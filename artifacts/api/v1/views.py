"""Artifacts v1: types, the collection of a type, one artifact. Blobs are in `data`."""

from django.http import HttpResponse
from rest_framework.request import Request

from artifacts import selectors
from artifacts.api.v1.listing import page_of
from artifacts.api.v1.representation import shown
from artifacts.services import deletion, plain
from artifacts.types import ArtifactType, UnknownType, type_named
from catalog.api.addresses import page_links
from catalog.api.views import CatalogView, empty_response, json_body, json_object, json_response
from catalog.errors import InvalidPatch
from catalog.pages import filled


def served(name: str) -> ArtifactType:
    """The type, if this API serves it: images are written through their own API."""
    kind = type_named(name)
    if not kind.in_artifact_api:
        raise UnknownType(f"artifacts of type {name!r} are served by their own API", type=name)
    return kind


class ArtifactList(CatalogView):
    def get(self, request: Request, type_name: str) -> HttpResponse:
        kind, query = served(type_name), request.query_params
        rows, more = page_of(self.actor, kind, query)
        page = filled(rows, lambda row: shown(row, kind))
        last = page.last if more or page.cut else None
        links = page_links(f"/artifacts/{type_name}", query, last.pk if last else None)
        return json_response(
            {
                "artifacts": page.shown,
                "type_name": type_name,
                **links,
                "schema": f"/schemas/{type_name}",
            }
        )

    def post(self, request: Request, type_name: str) -> HttpResponse:
        kind = served(type_name)
        artifact = plain.create_artifact(kind, json_object(request), actor=self.actor)
        return json_response(shown(artifact, kind), status=201)


class ArtifactItem(CatalogView):
    refuses_body = frozenset({"GET", "DELETE"})

    def get(self, request: Request, type_name: str, artifact_id: str) -> HttpResponse:
        kind = served(type_name)
        artifact = selectors.artifact_for(self.actor, artifact_id, type=type_name)
        kind.guard.require("get", artifact, self.actor)
        return json_response(shown(artifact, kind))

    def patch(self, request: Request, type_name: str, artifact_id: str) -> HttpResponse:
        kind = served(type_name)
        selectors.artifact_for(self.actor, artifact_id, type=type_name)
        _must_activate(json_body(request))
        return json_response(shown(plain.activate(artifact_id, kind=kind, actor=self.actor), kind))

    def delete(self, request: Request, type_name: str, artifact_id: str) -> HttpResponse:
        kind = served(type_name)
        selectors.artifact_for(self.actor, artifact_id, type=type_name)
        deletion.delete(artifact_id, kind=kind, actor=self.actor)
        return empty_response()


class TypeSchemas(CatalogView):
    def get(self, request: Request, type_name: str) -> HttpResponse:
        return json_response(
            {"schemas": {type_name: plain.schema(served(type_name))}},
            content_type="application/schema+json",
        )


def _must_activate(patch: object) -> None:
    """The one change this version of the API knows: `[{"op": "replace", "path": "/status", "value": "active"}]`."""
    if patch != [{"op": "replace", "path": "/status", "value": "active"}]:
        raise InvalidPatch("only the status can be changed here, and only to active")
