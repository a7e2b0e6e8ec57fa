from typing import cast

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import empty_response, json_object, json_response
from catalog.errors import InvalidParameter
from identity import hierarchy, selectors
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView, api_url, listed
from identity.api.v3.filters import ProjectFilters, page_of
from identity.api.v3.reading import Reader
from identity.errors import TagNotFound
from identity.models import DEFAULT_DOMAIN, Project
from identity.services import projects, tagging
from identity.services.projects import ProjectChanges, ProjectDetails

MUTABLE = ("name", "description", "enabled", "tags")
FIXED = ("domain_id", "parent_id")
IGNORED = ("options", "is_domain")


class ProjectsView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        rows, following = page_of(selectors.projects_for(self.actor), request, ProjectFilters)
        shown = [documents.project(row, api_url(request)) for row in rows]
        return json_response(listed("projects", shown, request, following))

    def post(self, request: Request) -> HttpResponse:
        body = Reader(json_object(request)).object("project")
        name = body.text("name", longest=64)
        row = projects.create_project(
            actor=self.actor,
            domain_id=body.optional_text("domain_id", longest=64) or DEFAULT_DOMAIN,
            parent_id=body.optional_text("parent_id", longest=64),
            name=name,
            **_details(body),
        )
        return json_response({"project": documents.project(row, api_url(request))}, status=201)


class ProjectView(IdentityView):
    def get(self, request: Request, project_id: str) -> HttpResponse:
        row = selectors.project_for(self.actor, project_id)
        api, asked = api_url(request), request.GET
        shown = documents.project(row, api)
        for name in ("parents", "subtree"):
            if f"{name}_as_list" in asked and f"{name}_as_ids" in asked:
                raise InvalidParameter(
                    f"Ask for {name}_as_list or for {name}_as_ids, not for both."
                )
        if "parents_as_ids" in asked:
            shown["parents"] = hierarchy.ids_above(row)
        if "parents_as_list" in asked:
            shown["parents"] = self._listed(hierarchy.above(row), api)
        if "subtree_as_ids" in asked:
            shown["subtree"] = hierarchy.ids_below(row)
        if "subtree_as_list" in asked:
            levels = hierarchy.below([row.pk])
            shown["subtree"] = self._listed([one for level in levels for one in level], api)
        return json_response({"project": shown})

    def _listed(self, rows: list[Project], api: str) -> list[documents.Document]:
        seen = hierarchy.seen_by(self.actor, rows)
        return [{"project": documents.project(one, api)} for one in seen]

    def patch(self, request: Request, project_id: str) -> HttpResponse:
        body = Reader(json_object(request)).object("project")
        changes = _changes(body)
        fixed = {name: body.optional_text(name) for name in FIXED if name in body}
        row = projects.update_project(project_id, actor=self.actor, fixed=fixed, **changes)
        return json_response({"project": documents.project(row, api_url(request))})

    def delete(self, request: Request, project_id: str) -> HttpResponse:
        projects.delete_project(project_id, actor=self.actor)
        return empty_response()


class ProjectTagsView(IdentityView):
    def get(self, request: Request, project_id: str) -> HttpResponse:
        return _tags(selectors.project_tags(self.actor, project_id), request)

    def put(self, request: Request, project_id: str) -> HttpResponse:
        names = Reader(json_object(request)).texts("tags", empty=True)
        return _tags(tagging.set_tags(project_id, names, actor=self.actor), request)

    def delete(self, request: Request, project_id: str) -> HttpResponse:
        tagging.set_tags(project_id, (), actor=self.actor)
        return empty_response()


class ProjectTagView(IdentityView):
    def get(self, request: Request, project_id: str, tag: str) -> HttpResponse:
        if tag not in selectors.project_tags(self.actor, project_id):
            raise TagNotFound(f"The project {project_id} has no tag {tag}.", tag=tag)
        return empty_response()

    def put(self, request: Request, project_id: str, tag: str) -> HttpResponse:
        tagging.add_tag(project_id, tag, actor=self.actor)
        return empty_response(201)

    def delete(self, request: Request, project_id: str, tag: str) -> HttpResponse:
        tagging.remove_tag(project_id, tag, actor=self.actor)
        return empty_response()


def _tags(names: list[str], request: Request) -> HttpResponse:
    return json_response(listed("tags", names, request))


def _changes(body: Reader) -> ProjectChanges:
    found = cast("ProjectChanges", _details(body))
    if "name" in body:
        found["name"] = body.text("name", longest=64)
    return found


def _details(body: Reader) -> ProjectDetails:
    body.must_be_empty(*IGNORED)
    found: ProjectDetails = {"extra": body.others((*MUTABLE, *FIXED, *IGNORED))}
    if "description" in body:
        found["description"] = body.long_text("description")
    if "enabled" in body:
        found["enabled"] = body.flag("enabled")
    if body.document.get("tags") is not None:
        found["tags"] = body.texts("tags", empty=True)
    return found
