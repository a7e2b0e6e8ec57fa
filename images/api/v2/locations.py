"""`/v2/images/{id}/locations` and `/v2/stores/{store}/{id}`: where an image's data lies."""

from typing import Any

from django.http import HttpResponse
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rest_framework.request import Request

from artifacts import configured_stores
from catalog.api.views import empty_response, json_object, json_response
from catalog.errors import Conflict
from catalog.schemas import refusal
from images import discovery, selectors
from images.api.v2.views import ImagesView
from images.location_patching import InvalidLocation
from images.policies import ImageAction, ImagePolicy
from images.services.locations import changing, registering

ADDED_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["url"],
    "properties": {
        "url": {"type": "string", "minLength": 1, "maxLength": 255},
        "validation_data": {
            "type": "object",
            "additionalProperties": False,
            "dependentRequired": {
                "os_hash_algo": ["os_hash_value"],
                "os_hash_value": ["os_hash_algo"],
            },
            "properties": {
                "os_hash_algo": {"enum": ["sha1", "sha256", "sha512", "md5"]},
                "os_hash_value": {"type": "string", "maxLength": 128},
            },
        },
    },
}
ADDED = Draft202012Validator(ADDED_SCHEMA)


class StoreUnknown(Conflict):
    """The store that is named is not one of this site."""

    code = "store_unknown"


class Locations(ImagesView):
    refuses_body = frozenset({"GET"})

    def get(self, request: Request, image_id: str) -> HttpResponse:
        del request
        image = selectors.image_for(self.actor, image_id)
        ImagePolicy(self.actor).require(ImageAction.FETCH_LOCATION, image)
        found: list[dict[str, Any]] = [
            {"url": one.url, "metadata": one.metadata} for one in changing.entries(image)
        ]
        return json_response(found)

    def post(self, request: Request, image_id: str) -> HttpResponse:
        selectors.image_for(self.actor, image_id)
        document = json_object(request)
        error = best_match(ADDED.iter_errors(document))
        if error is not None:
            where = ".".join(str(one) for one in error.absolute_path) or "the location"
            raise InvalidLocation(f"invalid value for {where}: {refusal(error)}")
        registering.add_location(
            image_id, document["url"], document.get("validation_data", {}), actor=self.actor
        )
        return empty_response(202)


class StoreItem(ImagesView):
    refuses_body = frozenset({"DELETE"})

    def delete(self, request: Request, store: str, image_id: str) -> HttpResponse:
        del request
        discovery.require_several()
        selectors.image_for(self.actor, image_id)
        if store not in configured_stores.stores():
            raise StoreUnknown(f"there is no store {store!r} here", store=store)
        changing.delete_from_store(image_id, store, actor=self.actor)
        return empty_response()
