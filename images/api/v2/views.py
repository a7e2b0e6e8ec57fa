"""Images: the collection, the item, tags and actions. Bytes are in `data`, members in `members`."""

from django.http import HttpResponse
from rest_framework.request import Request

from catalog import jsonpatch
from catalog.api.addresses import base_url, page_links
from catalog.api.openstack import OpenStackDialect
from catalog.api.views import CatalogView, empty_response, json_body, json_object, json_response
from catalog.errors import UnsupportedMediaType
from images import selectors
from images.api.v2 import filters, operators
from images.api.v2.representation import row_of, shown
from images.services import metadata, states

PATCHES = {
    "application/openstack-images-v2.1-json-patch": (jsonpatch.v2_1, False),
    "application/openstack-images-v2.0-json-patch": (jsonpatch.v2_0, True),
}


class ImagesView(CatalogView):
    """Every view of the Images family answers errors the same way."""

    dialect = OpenStackDialect()


class ImageList(ImagesView):
    def get(self, request: Request) -> HttpResponse:
        query = request.query_params
        rows, more = selectors.listed(
            self.actor,
            rows=filters.filtered(query, self.actor),
            scope=filters.scope(query),
            page=filters.page(query),
        )
        links = page_links("/v2/images", query, rows[-1]["id"] if more and rows else None)
        return json_response(
            {
                "images": [shown(row, self.actor) for row in rows],
                **links,
                "schema": "/v2/schemas/images",
            }
        )

    def post(self, request: Request) -> HttpResponse:
        image = metadata.create_image(json_object(request), actor=self.actor)
        address = f"{base_url(request)}/image/v2/images/{image.pk}"
        return json_response(
            shown(row_of(image), self.actor), status=201, headers={"Location": address}
        )


class ImageItem(ImagesView):
    refuses_body = frozenset({"GET", "DELETE"})

    def get(self, request: Request, image_id: str) -> HttpResponse:
        return json_response(shown(selectors.image_row(self.actor, image_id), self.actor))

    def patch(self, request: Request, image_id: str) -> HttpResponse:
        dialect, add_must_be_new = _patch_dialect(request)
        selectors.image_for(self.actor, image_id)
        operations = jsonpatch.read(json_body(request), dialect)
        image = metadata.patch_image(
            image_id, operations, actor=self.actor, add_must_be_new=add_must_be_new
        )
        return json_response(shown(row_of(image), self.actor))

    def delete(self, request: Request, image_id: str) -> HttpResponse:
        selectors.image_for(self.actor, image_id)
        states.delete_image(image_id, actor=self.actor)
        return empty_response()


class ImageTag(ImagesView):
    refuses_body = frozenset({"PUT", "DELETE"})

    def put(self, request: Request, image_id: str, tag: str) -> HttpResponse:
        selectors.image_for(self.actor, image_id)
        operators.require_text("tag", [tag])
        metadata.set_tag(image_id, tag, actor=self.actor, present=True)
        return empty_response()

    def delete(self, request: Request, image_id: str, tag: str) -> HttpResponse:
        selectors.image_for(self.actor, image_id)
        operators.require_text("tag", [tag])
        metadata.set_tag(image_id, tag, actor=self.actor, present=False)
        return empty_response()


class Deactivation(ImagesView):
    refuses_body = frozenset({"POST"})

    def post(self, request: Request, image_id: str) -> HttpResponse:
        selectors.image_for(self.actor, image_id)
        states.deactivate(image_id, actor=self.actor)
        return empty_response()


class Reactivation(ImagesView):
    refuses_body = frozenset({"POST"})

    def post(self, request: Request, image_id: str) -> HttpResponse:
        selectors.image_for(self.actor, image_id)
        states.reactivate(image_id, actor=self.actor)
        return empty_response()


def _patch_dialect(request: Request) -> tuple[jsonpatch.Dialect, bool]:
    media_type = (request.content_type or "").partition(";")[0].strip().lower()
    if media_type not in PATCHES:
        raise UnsupportedMediaType(
            f"a patch is sent as {' or '.join(PATCHES)}, not as {media_type or 'nothing'}",
            headers={"Accept-Patch": ", ".join(PATCHES)},
        )
    return PATCHES[media_type]
