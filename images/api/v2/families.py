"""`/v2/families`: movable names of images. Not Glance's; its clients find a family's image by `?name=`."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from rest_framework.request import Request

from artifacts import aliases
from artifacts.models import Alias, AliasMove
from artifacts.services import aliases as writing
from catalog.actors import Actor
from catalog.api import etags
from catalog.api.addresses import base_url, page_links
from catalog.api.views import empty_response, json_body, json_object, json_response, not_modified
from catalog.clock import iso_seconds
from catalog.errors import InvalidBody
from catalog.query import Page
from catalog.schemas import whole
from images import image_aliases
from images.api.v2 import operators
from images.api.v2.views import ImagesView
from images.artifact_type import IMAGES
from images.models import TYPE
from images.policies import ImagePolicy

FILTERS = {"name": "name", "visibility": "visibility", "owner": "project_id", "image_id": "target"}
FIELDS = frozenset({"name", "image_id", "visibility"})


class FamiliesView(ImagesView):
    """Who may not list images is told of no families."""

    def found(self, family: str) -> Alias:
        ImagePolicy(self.actor).require_list()
        return aliases.alias_for(self.actor, family, type=TYPE)

    def expected(self, request: Request, family: str) -> tuple[Alias, int | None]:
        """The family, and the revision that the request's conditions allow to be written."""
        alias = self.found(family)
        if not etags.conditional(request.headers):
            return alias, None
        etags.require(request.headers, _tag(alias, self.actor))
        return alias, alias.revision

    def answer(self, alias: Alias, status: int = 200, **headers: str) -> HttpResponse:
        tag = etags.headers(_tag(alias, self.actor))
        document = _shown(alias, image_aliases.seen(self.actor, [alias.target_id]))
        return json_response(document, status=status, headers={**tag, **headers})


class FamilyList(FamiliesView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request) -> HttpResponse:
        ImagePolicy(self.actor).require_list()
        query = request.query_params
        rows = _filtered(query, self.actor)
        page = Page(operators.limit(query), query.get("marker"))
        found, more = aliases.listed(rows, page)
        links = page_links("/v2/families", query, found[-1].pk if more and found else None)
        seen = image_aliases.seen(self.actor, [one.target_id for one in found])
        return json_response({"families": [_shown(one, seen) for one in found], **links})

    def post(self, request: Request) -> HttpResponse:
        ImagePolicy(self.actor).require_list()
        given = _fields(json_object(request), needed=("name", "image_id"))
        alias = writing.create_alias(
            given["name"],
            given["image_id"],
            kind=IMAGES,
            actor=self.actor,
            visibility=given.get("visibility", "private"),
        )
        address = f"{base_url(request)}/image/v2/families/{alias.pk}"
        return self.answer(alias, 201, Location=address)


class FamilyItem(FamiliesView):
    refuses_body = frozenset({"GET", "DELETE"})

    def get(self, request: Request, family: str) -> HttpResponse:
        alias = self.found(family)
        tag = _tag(alias, self.actor)
        return not_modified(tag) if etags.unchanged(request.headers, tag) else self.answer(alias)

    def patch(self, request: Request, family: str) -> HttpResponse:
        alias, revision = self.expected(request, family)
        document = json_object(request)
        if document.get("image_id", "") is None:  # as it is shown where the image is hidden or gone
            del document["image_id"]
        given = _fields(document)
        if given.get("name", alias.name) != alias.name:
            raise InvalidBody("a family keeps its name: make another one", key="name")
        changed = writing.change_alias(
            alias.pk,
            kind=IMAGES,
            actor=self.actor,
            target_id=given.get("image_id"),
            visibility=given.get("visibility"),
            revision=revision,
        )
        return self.answer(changed)

    def delete(self, request: Request, family: str) -> HttpResponse:
        alias, revision = self.expected(request, family)
        writing.remove_alias(alias.pk, kind=IMAGES, actor=self.actor, revision=revision)
        return empty_response()


class FamilyMoves(FamiliesView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request, family: str) -> HttpResponse:
        alias, query = self.found(family), request.query_params
        before = operators.integer("marker", query["marker"]) if "marker" in query else None
        moves, more = aliases.moves_of(alias, limit=operators.limit(query), before=before)
        last = str(moves[-1].pk) if more and moves else None
        links = page_links(f"/v2/families/{quote(family, safe='')}/moves", query, last)
        return json_response({"moves": _moves(moves, alias, self.actor), **links})


class FamilyRollback(FamiliesView):
    def post(self, request: Request, family: str) -> HttpResponse:
        alias = self.found(family)
        move = _move(json_body(request)) if request.body else None
        moved = writing.roll_back(alias.pk, kind=IMAGES, actor=self.actor, move_id=move)
        return self.answer(moved)


def _tag(alias: Alias, actor: Actor) -> str:
    return etags.tag_of(_shown(alias, image_aliases.seen(actor, [alias.target_id])), alias.revision)


def _shown(alias: Alias, seen: Mapping[str, str]) -> dict[str, Any]:
    """`image_id` is null when the caller may not see the image, or it was deleted."""
    return {
        "id": alias.pk,
        "name": alias.name,
        "image_id": seen.get(alias.target_id or ""),
        "owner": alias.project_id,
        "visibility": alias.visibility,
        "created_at": iso_seconds(alias.created_at),
        "updated_at": iso_seconds(alias.updated_at),
        "self": f"/v2/families/{alias.pk}",
    }


def _moves(moves: Iterable[AliasMove], alias: Alias, actor: Actor) -> list[dict[str, Any]]:
    """Who moved it is told to the family's project and to administrators."""
    found = list(moves)
    seen = image_aliases.seen(actor, [one.target_id for one in found])
    inside = actor.is_admin or actor.project_id == alias.project_id
    return [
        {
            "id": str(one.pk),
            "image_id": seen.get(one.target_id or ""),
            "moved_at": iso_seconds(one.moved_at),
            "actor": {"user_id": one.moved_by, "project_id": one.moved_by_project}
            if inside
            else None,
        }
        for one in found
    ]


def _filtered(query: QueryDict, actor: Actor) -> QuerySet[Alias]:
    """The families that the actor finds; by an image that it may not see it finds none."""
    wanted = _filters(query)
    rows = aliases.visible(actor, type=TYPE).filter(**wanted)
    target = wanted.get("target")
    return rows if target is None or image_aliases.seen(actor, [target]) else rows.none()


def _filters(query: QueryDict) -> dict[str, str]:
    found = {}
    for parameter, column in FILTERS.items():
        value = query.get(parameter)
        if value is not None:
            operators.require_text(parameter, [value])
            found[column] = value.lower() if column == "target" else value
    return found


def _fields(document: dict[str, Any], needed: Iterable[str] = ()) -> dict[str, str]:
    for key, value in document.items():
        if key not in FIELDS:
            raise InvalidBody(f"a family has {', '.join(sorted(FIELDS))}, no {key!r}", key=key)
        if not isinstance(value, str):
            raise InvalidBody(f"{key!r} must be a text", key=key)
    for key in needed:
        if key not in document:
            raise InvalidBody(f"the body needs {key!r}", key=key)
    return dict(document)


def _move(document: Any) -> int:
    """`{"move": "17"}` names an entry of the family's moves."""
    if not isinstance(document, dict) or set(document) != {"move"}:
        raise InvalidBody('the body is empty or {"move": "<id of a move>"}')
    return operators.integer("move", str(whole(document["move"])))
