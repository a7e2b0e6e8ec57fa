"""Which role a user has where."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.addresses import base_url
from catalog.api.views import empty_response, json_response
from catalog.errors import InvalidParameter
from identity import grants
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView, api_url, listed
from identity.api.v3.filters import is_true
from identity.grants import AssignmentFilter, Grant
from identity.services.assignments import assign, unassign
from identity.targets import Target

EXCLUSIVE = (
    ("user.id", "group.id"),
    ("scope.project.id", "scope.domain.id"),
    ("scope.project.id", "scope.system"),
    ("scope.domain.id", "scope.system"),
)


class GrantsView(IdentityView):
    """`…/users/{user_id}/roles`, on a project, a domain or the system."""

    def get(self, request: Request, user_id: str, **where: Any) -> HttpResponse:
        rows = grants.roles_on(self.actor, user_id, **_target(where))
        shown = [documents.role(row, api_url(request)) for row in rows]
        return json_response(listed("roles", shown, request))


class GrantView(IdentityView):
    """`…/users/{user_id}/roles/{role_id}`; looking for it answers without a body."""

    def get(self, request: Request, user_id: str, role_id: str, **where: Any) -> HttpResponse:
        grants.check(self.actor, user_id, role_id, **_target(where))
        return empty_response()

    def put(self, request: Request, user_id: str, role_id: str, **where: Any) -> HttpResponse:
        assign(user_id, role_id, actor=self.actor, **_target(where))
        return empty_response()

    def delete(self, request: Request, user_id: str, role_id: str, **where: Any) -> HttpResponse:
        unassign(user_id, role_id, actor=self.actor, **_target(where))
        return empty_response()


class RoleAssignmentsView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        asked = request.GET
        _refuse_contradictions(request)
        question = AssignmentFilter(
            user_id=asked.get("user.id"),
            role_id=asked.get("role.id"),
            project_id=asked.get("scope.project.id"),
            domain_id=asked.get("scope.domain.id"),
            system="scope.system" in asked,
            effective=_flag(request, "effective"),
            subtree=_flag(request, "include_subtree"),
            nobody="group.id" in asked or "scope.OS-INHERIT:inherited_to" in asked,
        )
        names, base = _flag(request, "include_names"), base_url(request)
        shown = [_shown(grant, base, names=names) for grant in grants.ask(self.actor, question)]
        return json_response(listed("role_assignments", shown, request))


def _target(where: dict[str, Any]) -> Target:
    target: Target = {}
    if "project_id" in where:
        target["project_id"] = where["project_id"]
    elif "domain_id" in where:
        target["domain_id"] = where["domain_id"]
    else:
        target["system"] = True
    return target


def _refuse_contradictions(request: Request) -> None:
    for one, other in EXCLUSIVE:
        if one in request.GET and other in request.GET:
            raise InvalidParameter(f"Ask for {one} or for {other}, not for both.", parameter=one)
    if _flag(request, "effective") and "group.id" in request.GET:
        raise InvalidParameter("group.id: groups have no effective roles.", parameter="group.id")
    if _flag(request, "include_subtree") and "scope.project.id" not in request.GET:
        raise InvalidParameter(
            "include_subtree needs scope.project.id.", parameter="include_subtree"
        )


def _flag(request: Request, name: str) -> bool:
    value: str | None = request.GET.get(name)
    return value is not None and is_true(value)


def _shown(grant: Grant, base: str, *, names: bool) -> documents.Document:
    role: documents.Document = {"id": grant.role.pk}
    user: documents.Document = {"id": grant.user.pk}
    scope: documents.Document = {"system": {"all": True}}
    path = "system"
    if names:
        role["name"] = grant.role.name
        user |= {"name": grant.user.name, "domain": _domain(grant.user.domain)}
    if grant.project is not None:
        project: documents.Document = {"id": grant.project.pk}
        if names:
            project |= {"name": grant.project.name, "domain": _domain(grant.project.domain)}
        scope, path = {"project": project}, f"projects/{grant.project.pk}"
    elif grant.domain is not None:
        domain = _domain(grant.domain) if names else {"id": grant.domain.pk}
        scope, path = {"domain": domain}, f"domains/{grant.domain.pk}"
    here = f"{base}/identity/v3/{path}/users/{grant.user.pk}/roles/{grant.source_role_id}"
    links = {"assignment": here}
    if grant.source_role_id != grant.role.pk:
        source = grant.source_role_id
        links["prior_role"] = f"{base}/identity/v3/roles/{source}"
    return {"role": role, "user": user, "scope": scope, "links": links}


def _domain(row: Any) -> documents.Document:
    return {"id": row.pk, "name": row.name}
