from typing import cast

from django.http import HttpResponse
from rest_framework.request import Request

from catalog import requestids
from catalog.actors import Actor
from catalog.api.views import empty_response, json_object, json_response
from identity import selectors
from identity.api.v3 import documents
from identity.api.v3.base import IdentityView, api_url, listed
from identity.api.v3.filters import UserFilters, page_of
from identity.api.v3.reading import Reader
from identity.models import DEFAULT_DOMAIN
from identity.services import users
from identity.services.signing_in import UserReference, prove
from identity.services.users import LONGEST_PASSWORD, UserChanges, UserDetails

MUTABLE = ("name", "email", "description", "enabled", "default_project_id", "password")
FIXED = ("domain_id",)
IGNORED = ("options", "federated")
TOLD = ("password_expires_at",)


class UsersView(IdentityView):
    def get(self, request: Request) -> HttpResponse:
        rows, following = page_of(selectors.users_for(self.actor), request, UserFilters)
        shown = [documents.user(row, api_url(request)) for row in rows]
        return json_response(listed("users", shown, request, following))

    def post(self, request: Request) -> HttpResponse:
        body = Reader(json_object(request)).object("user")
        name = body.text("name")
        row = users.create_user(
            actor=self.actor,
            domain_id=body.optional_text("domain_id", longest=64) or DEFAULT_DOMAIN,
            name=name,
            **_details(body),
        )
        return json_response({"user": documents.user(row, api_url(request))}, status=201)


class UserView(IdentityView):
    def get(self, request: Request, user_id: str) -> HttpResponse:
        row = selectors.user_for(self.actor, user_id)
        return json_response({"user": documents.user(row, api_url(request))})

    def patch(self, request: Request, user_id: str) -> HttpResponse:
        body = Reader(json_object(request)).object("user")
        changes = _changes(body)
        fixed = {name: body.optional_text(name) for name in FIXED if name in body}
        row = users.update_user(user_id, actor=self.actor, fixed=fixed, **changes)
        return json_response({"user": documents.user(row, api_url(request))})

    def delete(self, request: Request, user_id: str) -> HttpResponse:
        users.delete_user(user_id, actor=self.actor)
        return empty_response()


class UserPasswordView(IdentityView):
    """Changing one's own password; the old one is the proof, and no token is needed."""

    anonymous = True

    def post(self, request: Request, user_id: str) -> HttpResponse:
        body = Reader(json_object(request)).object("user")
        body.only(("password", "original_password"))
        old = body.text("original_password", longest=LONGEST_PASSWORD)
        new = body.text("password", longest=LONGEST_PASSWORD)
        address = request.META.get("REMOTE_ADDR", "")
        user = prove(UserReference(id=user_id), old, address=address)
        actor = Actor(user_id=user.pk, user_name=user.name, request_id=requestids.current.get())
        users.change_own_password(user, new, actor=actor)
        return empty_response()


class UserProjectsView(IdentityView):
    def get(self, request: Request, user_id: str) -> HttpResponse:
        rows, following = page_of(selectors.projects_of_user(self.actor, user_id), request)
        shown = [documents.project(row, api_url(request)) for row in rows]
        return json_response(listed("projects", shown, request, following))


def _changes(body: Reader) -> UserChanges:
    found = cast("UserChanges", _details(body))
    if "name" in body:
        found["name"] = body.text("name")
    return found


def _details(body: Reader) -> UserDetails:
    body.must_be_empty(*IGNORED)
    found: UserDetails = {"extra": body.others((*MUTABLE, *FIXED, *IGNORED, *TOLD))}
    if "email" in body:
        given = body.document["email"] is not None
        found["email"] = body.text("email", empty=True) if given else ""
    if "description" in body:
        found["description"] = body.long_text("description")
    if "enabled" in body:
        found["enabled"] = body.flag("enabled")
    if "default_project_id" in body:
        found["default_project_id"] = body.optional_text("default_project_id", longest=64)
    if "password" in body:
        found["password"] = body.optional_text("password", longest=LONGEST_PASSWORD)
    return found
