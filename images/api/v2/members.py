"""Sharing: the projects an image is shared with."""

from django.http import HttpResponse
from rest_framework.request import Request

from artifacts.models import Artifact, Member
from catalog.api import etags
from catalog.api.views import empty_response, json_object, json_response, not_modified
from catalog.errors import InvalidBody
from images import selectors
from images.api.v2.representation import member_shown
from images.api.v2.views import ImagesView
from images.services import members


class MemberList(ImagesView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request, image_id: str) -> HttpResponse:
        image = selectors.image_for(self.actor, image_id)
        found = selectors.members_of(self.actor, image)
        return json_response(
            {"members": [member_shown(m, image) for m in found], "schema": "/v2/schemas/members"}
        )

    def post(self, request: Request, image_id: str) -> HttpResponse:
        image = selectors.image_for(self.actor, image_id)
        document = json_object(request)
        document.setdefault("member", document.get("member_id"))  # as members are shown
        member = members.add_member(image, _text(document, "member"), actor=self.actor)
        return json_response(member_shown(member, image))


class MemberItem(ImagesView):
    refuses_body = frozenset({"GET", "DELETE"})

    def get(self, request: Request, image_id: str, member_id: str) -> HttpResponse:
        image = selectors.image_for(self.actor, image_id)
        member = selectors.member_for(self.actor, image, member_id)
        tag = _tag(member, image)
        if etags.unchanged(request.headers, tag):
            return not_modified(tag)
        return json_response(member_shown(member, image), headers=etags.headers(tag))

    def put(self, request: Request, image_id: str, member_id: str) -> HttpResponse:
        image = selectors.image_for(self.actor, image_id)
        status = _text(json_object(request), "status")
        member = selectors.member_to_write(self.actor, image, member_id)
        etags.require(request.headers, _tag(member, image))
        answered = members.answer(image, member, status, actor=self.actor)
        return json_response(
            member_shown(answered, image), headers=etags.headers(_tag(answered, image))
        )

    def delete(self, request: Request, image_id: str, member_id: str) -> HttpResponse:
        image = selectors.image_for(self.actor, image_id)
        member = selectors.member_to_write(self.actor, image, member_id)
        etags.require(request.headers, _tag(member, image))
        members.remove_member(image, member, actor=self.actor)
        return empty_response()


def _tag(member: Member, image: Artifact) -> str:
    """Every answer to an invitation has a time of its own."""
    return etags.tag_of(member_shown(member, image), int(member.updated_at.timestamp() * 1_000_000))


def _text(document: dict[str, object], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidBody(f"the body needs {key!r} with a text", key=key)
    return value
