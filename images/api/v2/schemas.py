"""`/v2/schemas/…` of images and members."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from catalog.api.views import json_response
from catalog.errors import NotFound
from images import schemas
from images.api.v2.views import ImagesView

KNOWN: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "image": schemas.image,
    "images": schemas.images,
    "member": schemas.member,
    "members": schemas.members,
}


class Schema(ImagesView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request, name: str) -> HttpResponse:
        if name not in KNOWN:
            raise NotFound(f"there is no schema {name!r}", schema=name)
        return json_response(KNOWN[name]())
