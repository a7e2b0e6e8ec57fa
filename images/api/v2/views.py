"""Images: the collection, the item, tags and actions. Bytes are in `data`, members in `members`."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, QueryDict
from rest_framework.request import Request

from artifacts.visibility import Scope
from catalog import jsonpatch
from catalog.actors import Actor
from catalog.api import etags
from catalog.api.addresses import base_url, page_links
from catalog.api.openstack_errors import OpenStackDialect
from catalog.api.views import (
    CatalogView,
    empty_response,
    json_body,
    json_object,
    json_response,
    not_modified,
)
from catalog.errors import CatalogError, NotFound, UnsupportedMediaType
from catalog.pages import filled
from images import discovery, image_aliases, patching, selectors
from images.api.v2 import filters, operators, viewing
from images.api.v2.representation import row_of, shown, shown_deleted, shown_release
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
        if viewing.deleted_wanted(query):
            return self._deleted(query)
        wanted = viewing.fields(query)
        rows = filters.filtered(query, self.actor)
        scope, page = filters.scope(query), filters.page(query)
        found = selectors.listed(
            self.actor,
            rows=rows,
            scope=scope,
            page=page,
            properties=viewing.of_properties(wanted),
        )
        document = self._page(query, found, wanted, shown)
        release = None if document["images"] else self._release(query, scope)
        if release is not None:
            document["images"] = [viewing.only(wanted, release)]
        if not viewing.total_wanted(query):
            return json_response(document)
        count = 0 if release is None else 1
        count = count or selectors.counted(self.actor, rows=rows, scope=scope)
        total, headers = viewing.total(count)
        return json_response({**document, **total}, headers=headers)

    def _release(self, query: QueryDict, scope: Scope) -> dict[str, Any] | None:
        """The current image of the family that the list's name means, when no image has that name."""
        name = viewing.one_name(query)
        if name is None:
            return None
        rows = filters.filtered(query, self.actor, but=frozenset({"name"}))
        found = image_aliases.current(self.actor, name, rows=rows, scope=scope)
        return None if found is None else shown_release(found[1], self.actor, family=name)

    def _deleted(self, query: QueryDict) -> HttpResponse:
        """What can be restored, the newest deletion first; in the shape of any other list."""
        wanted, page = viewing.fields(query), viewing.page_of_deleted(query)
        rows = filters.filtered(query, self.actor)
        found = selectors.restorable(self.actor, rows=rows, page=page)
        return json_response(self._page(query, found, wanted, shown_deleted))

    def _page(
        self,
        query: QueryDict,
        found: selectors.Listing,
        wanted: frozenset[str] | None,
        show: Callable[[selectors.ImageRow, Actor], dict[str, Any]],
    ) -> dict[str, Any]:
        page = filled(found.rows, lambda row: viewing.only(wanted, show(row, self.actor)))
        more = found.more or page.cut
        last = selectors.spelt_id(page.last) if more and page.last else None
        links = page_links("/v2/images", query, last)
        return {"images": page.shown, **links, "schema": "/v2/schemas/images"}

    def post(self, request: Request) -> HttpResponse:
        image = metadata.create_image(json_object(request), actor=self.actor)
        address = f"{base_url(request)}/image/v2/images/{image.spelt_id}"
        headers = {"Location": address, **discovery.headers()}
        return _tagged(row_of(image), self.actor, status=201, headers=headers)


class ImageItem(ImagesView):
    refuses_body = frozenset({"GET", "DELETE"})

    def get(self, request: Request, image_id: str) -> HttpResponse:
        row, wanted = (
            selectors.image_row(self.actor, image_id),
            viewing.fields(request.query_params),
        )
        document = shown(row, self.actor)
        tag = etags.tag_of(document, row["revision"])
        if etags.unchanged(request.headers, tag):
            return not_modified(tag)
        return json_response(viewing.only(wanted, document), headers=etags.headers(tag))

    def patch(self, request: Request, image_id: str) -> HttpResponse:
        dialect, add_must_be_new = _patch_dialect(request)
        revision = self._expected(request, image_id) if etags.conditional(request.headers) else None
        try:
            operations = jsonpatch.read(
                json_body(request), dialect, most=patching.most_operations()
            )
            image = metadata.patch_image(
                image_id,
                operations,
                actor=self.actor,
                add_must_be_new=add_must_be_new,
                revision=revision,
            )
        except CatalogError:
            selectors.image_for(self.actor, image_id)  # that it is absent counts before all else
            raise
        return _tagged(row_of(image), self.actor)

    def delete(self, request: Request, image_id: str) -> HttpResponse:
        purge = viewing.purge_wanted(request.query_params)
        try:
            revision = self._expected(request, image_id)
        except NotFound:
            if not purge or etags.conditional(request.headers):
                raise
            states.purge_image(image_id, actor=self.actor)
        else:
            states.delete_image(image_id, actor=self.actor, revision=revision, purge=purge)
        return empty_response()

    def _expected(self, request: Request, image_id: str) -> int | None:
        return expected_revision(request, self.actor, image_id)


class ImageTag(ImagesView):
    refuses_body = frozenset({"PUT", "DELETE"})

    def put(self, request: Request, image_id: str, tag: str) -> HttpResponse:
        return self._set(request, image_id, tag, present=True)

    def delete(self, request: Request, image_id: str, tag: str) -> HttpResponse:
        return self._set(request, image_id, tag, present=False)

    def _set(self, request: Request, image_id: str, tag: str, *, present: bool) -> HttpResponse:
        revision = expected_revision(request, self.actor, image_id)
        operators.require_text("tag", [tag])
        metadata.set_tag(image_id, tag, actor=self.actor, present=present, revision=revision)
        return empty_response()


class Deactivation(ImagesView):
    refuses_body = frozenset({"POST"})

    def post(self, request: Request, image_id: str) -> HttpResponse:
        revision = expected_revision(request, self.actor, image_id)
        states.deactivate(image_id, actor=self.actor, revision=revision)
        return empty_response()


class Restoration(ImagesView):
    """Not Glance's: a deleted image comes back within the grace time."""

    refuses_body = frozenset({"POST"})

    def post(self, request: Request, image_id: str) -> HttpResponse:
        return _tagged(row_of(states.restore_image(image_id, actor=self.actor)), self.actor)


class Reactivation(ImagesView):
    refuses_body = frozenset({"POST"})

    def post(self, request: Request, image_id: str) -> HttpResponse:
        revision = expected_revision(request, self.actor, image_id)
        states.reactivate(image_id, actor=self.actor, revision=revision)
        return empty_response()


def expected_revision(request: Request, actor: Actor, image_id: str) -> int | None:
    """The revision that the request's conditions allow to be written; None when it names none.

    NotFound, PreconditionFailed. The service compares again once it holds the row.
    """
    if not etags.conditional(request.headers):
        selectors.image_for(actor, image_id)
        return None
    row = selectors.image_row(actor, image_id)
    etags.require(request.headers, etags.tag_of(shown(row, actor), row["revision"]))
    return int(row["revision"])


def _tagged(
    row: selectors.ImageRow,
    actor: Actor,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    document = shown(row, actor)
    tag = etags.tag_of(document, row["revision"])
    return json_response(document, status=status, headers={**(headers or {}), **etags.headers(tag)})


def _patch_dialect(request: Request) -> tuple[jsonpatch.Dialect, bool]:
    media_type = (request.content_type or "").partition(";")[0].strip().lower()
    if media_type not in PATCHES:
        raise UnsupportedMediaType(
            f"a patch is sent as {' or '.join(PATCHES)}, not as {media_type or 'nothing'}",
            headers={"Accept-Patch": ", ".join(PATCHES)},
        )
    return PATCHES[media_type]
