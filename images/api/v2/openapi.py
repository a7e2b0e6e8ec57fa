"""What Images v2 takes and answers, for the OpenAPI document; the metadefs' part is theirs."""

from collections.abc import Mapping

from artifacts.sorting import KEYS
from catalog.api.openapi import (
    BYTES,
    COUNT,
    FLAG,
    OCTETS,
    TEXT,
    Answer,
    Body,
    Family,
    Operation,
    Schema,
    described,
    openstack_error,
    reference,
    shown,
    silent,
    told,
)
from images import schemas
from images.api.v2 import filters, locations, resumable
from images.api.v2.views import PATCHES
from metadefs.api.v2 import openapi as metadefs

IMAGES, IMAGE = "/v2/images", "/v2/images/{image_id}"
FAMILIES, NAMED = "/v2/families", "/v2/families/{family}"
UPLOADS, UPLOAD = f"{IMAGE}/uploads", f"{IMAGE}/uploads/{{session_id}}"

PAGE = {
    "limit": described(COUNT, "Most entries of the page"),
    "marker": described(TEXT, "Id of the last entry of the page before"),
}
LIST: dict[str, Schema] = {
    **PAGE,
    "sort": described(TEXT, "key[:asc|desc], several by commas"),
    "sort_key": {"type": "string", "enum": sorted(KEYS), "description": "The older way to sort"},
    "sort_dir": {"type": "string", "enum": ["asc", "desc"]},
    "visibility": {"type": "string", "enum": list(filters.VISIBILITIES)},
    "member_status": {"type": "string", "enum": list(filters.MEMBER_STATUSES)},
    "os_hidden": described(FLAG, "Hidden images instead of the others"),
    "fields": described(TEXT, "Only these keys, by commas"),
    "total": described(FLAG, "Count what all pages hold"),
    "deleted": described(FLAG, "What can be restored"),
    **{
        name: described(TEXT, one.extra["help_text"])
        for name, one in filters.ImageFilters.base_filters.items()
    },
}
MATCH = {"If-Match": described(TEXT, "Only if the entity tag is this one")}
UNLESS = {"If-None-Match": described(TEXT, "Only if the entity tag is another one")}
RANGE = {"Range": described(TEXT, "bytes=first-last")}
STORE = {"X-Image-Meta-Store": described(TEXT, "The store that keeps the data")}
TAGGED = {"ETag": "The entity tag of what is shown"}
IMAGE_SHOWN = Answer(meaning="The image.", schema=reference("Image"), headers=TAGGED)
NOT_MODIFIED = Answer(meaning="The client has it already.")
CHANGED = {200: IMAGE_SHOWN}
MEMBER = {200: Answer(meaning="The member.", schema=reference("Member"), headers=TAGGED)}
TUS = {"Tus-Resumable": {"type": "string", "const": resumable.TUS}}
OFFSET = {"Upload-Offset": "Bytes that are there", "Upload-Expires": "When the session ends"}
TUS_ERRORS = frozenset({423, resumable.CHECKSUM_MISMATCH})
FAMILY_FIELDS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "image_id": TEXT,
        "visibility": {"type": "string", "enum": ["private", "public"]},
    },
}
PATCH: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "op": {"type": "string", "enum": ["add", "replace", "remove"]},
            "path": {"type": "string", "pattern": "^/", "description": "A JSON pointer"},
            "value": {},
            "add": TEXT,
            "replace": TEXT,
            "remove": TEXT,
        },
    },
}


def _one(name: str) -> Body:
    """An object with one text."""
    schema = {
        "type": "object",
        "required": [name],
        "properties": {name: {"type": "string", "minLength": 1}},
    }
    return Body(schema=schema)


IMAGE_OPERATIONS: Mapping[str, Operation] = {
    "GET /": Operation(summary="The versions there are", answers=told("Choose one.", status=300)),
    "GET /versions": Operation(summary="The versions there are", answers=told("All of them.")),
    "GET /healthcheck": Operation(
        summary="Whether the process answers",
        answers={200: Answer(meaning="OK", schema={"type": "string"}, type="text/plain")},
    ),
    "GET /v2": Operation(summary="The versions there are", answers=told("All of them.")),
    f"GET {IMAGES}": Operation(
        summary="List images", query=LIST, open_query=True, answers=shown("Images", "A page.")
    ),
    f"POST {IMAGES}": Operation(
        summary="Register an image",
        body=Body(schema=reference("Image")),
        answers={201: IMAGE_SHOWN},
    ),
    f"GET {IMAGE}": Operation(
        summary="Show an image",
        query={"fields": described(TEXT, "Only these keys, by commas")},
        headers=UNLESS,
        answers={200: IMAGE_SHOWN, 304: NOT_MODIFIED},
    ),
    f"PATCH {IMAGE}": Operation(
        summary="Change an image by a JSON patch",
        headers=MATCH,
        body=Body(schema=PATCH, types=tuple(PATCHES)),
        answers=CHANGED,
    ),
    f"DELETE {IMAGE}": Operation(
        summary="Delete an image",
        query={"purge": described(FLAG, "For good, at once")},
        headers=MATCH,
        answers=silent("It is gone."),
    ),
    f"POST {IMAGE}/actions/deactivate": Operation(
        summary="Keep everybody but administrators from the data",
        headers=MATCH,
        answers=silent("It is so."),
    ),
    f"POST {IMAGE}/actions/reactivate": Operation(
        summary="Let the data be read again", headers=MATCH, answers=silent("It is so.")
    ),
    f"POST {IMAGE}/actions/restore": Operation(
        summary="Bring a deleted image back", answers=CHANGED
    ),
    f"PUT {IMAGE}/tags/{{tag}}": Operation(
        summary="Tag an image", headers=MATCH, answers=silent("It has the tag.")
    ),
    f"DELETE {IMAGE}/tags/{{tag}}": Operation(
        summary="Remove a tag", headers=MATCH, answers=silent("It has the tag no more.")
    ),
    f"GET {IMAGE}/events": Operation(
        summary="Who changed what and when", query=PAGE, answers=told("A page, the newest first.")
    ),
    f"GET {IMAGE}/locations": Operation(
        summary="List where the data lies", answers=told("All of them.")
    ),
    f"POST {IMAGE}/locations": Operation(
        summary="Register data that others keep",
        body=Body(schema=locations.ADDED_SCHEMA),
        answers=silent("It is taken, and read in the background.", 202),
    ),
    f"GET {IMAGE}/members": Operation(
        summary="List the projects it is shared with", answers=shown("Members", "All of them.")
    ),
    f"POST {IMAGE}/members": Operation(
        summary="Share with a project", body=_one("member"), answers=MEMBER
    ),
    f"GET {IMAGE}/members/{{member_id}}": Operation(
        summary="Show a member", headers=UNLESS, answers={**MEMBER, 304: NOT_MODIFIED}
    ),
    f"PUT {IMAGE}/members/{{member_id}}": Operation(
        summary="Answer an invitation", headers=MATCH, body=_one("status"), answers=MEMBER
    ),
    f"DELETE {IMAGE}/members/{{member_id}}": Operation(
        summary="Share no longer", headers=MATCH, answers=silent("It is so.")
    ),
    "GET /v2/info/import": Operation(summary="The ways to import data", answers=told("By name.")),
    "GET /v2/info/stores": Operation(summary="The stores", answers=told("All of them.")),
    "GET /v2/info/stores/detail": Operation(
        summary="The stores, and what they are made of", answers=told("All of them.")
    ),
    "GET /v2/info/usage": Operation(
        summary="What the project has, beside what it may have", answers=told("By resource.")
    ),
    "DELETE /v2/stores/{store}/{image_id}": Operation(
        summary="Take an image out of a store", answers=silent("It is there no more.")
    ),
    "GET /v2/schemas/{name}": Operation(
        summary="JSON Schema: image, images, member, members", answers=told("The schema.")
    ),
}
FAMILY_OPERATIONS: Mapping[str, Operation] = {
    f"GET {FAMILIES}": Operation(
        summary="List families",
        query={**PAGE, "name": TEXT, "visibility": TEXT, "owner": TEXT, "image_id": TEXT},
        answers=told("A page."),
    ),
    f"POST {FAMILIES}": Operation(
        summary="Make a family",
        body=Body(schema={**FAMILY_FIELDS, "required": ["name", "image_id"]}),
        answers=told("It was made.", status=201),
    ),
    f"GET {NAMED}": Operation(
        summary="Show a family",
        headers=UNLESS,
        answers={**told("The family."), 304: NOT_MODIFIED},
    ),
    f"PATCH {NAMED}": Operation(
        summary="Move a family to another image, or show it to others",
        headers=MATCH,
        body=Body(schema=FAMILY_FIELDS),
        answers=told("The family."),
    ),
    f"DELETE {NAMED}": Operation(
        summary="Delete a family", headers=MATCH, answers=silent("It is gone; its images stay.")
    ),
    f"GET {NAMED}/moves": Operation(
        summary="Where a family pointed", query=PAGE, answers=told("A page, the newest first.")
    ),
    f"POST {NAMED}/actions/rollback": Operation(
        summary="Move a family back",
        body=Body(schema={"type": "object", "properties": {"move": TEXT}}, required=False),
        answers=told("The family."),
    ),
}
RANGED = {
    200: Answer(meaning="All bytes.", schema=BYTES, type=OCTETS, headers=TAGGED),
    206: Answer(meaning="The range.", schema=BYTES, type=OCTETS, headers=TAGGED),
    204: Answer(meaning="There is no data yet."),
    304: NOT_MODIFIED,
}
BYTE_OPERATIONS: Mapping[str, Operation] = {
    f"GET {IMAGE}/file": Operation(
        summary="Download the data",
        query={"prefer": described(TEXT, "Stores to read from, by commas")},
        headers={**RANGE, **UNLESS},
        answers=RANGED,
        errors=frozenset({416}),
    ),
    f"HEAD {IMAGE}/file": Operation(
        summary="Size, checksum and entity tag of the data",
        headers={**RANGE, **UNLESS},
        answers={status: Answer(meaning=one.meaning) for status, one in RANGED.items()},
        errors=frozenset({416}),
    ),
    f"PUT {IMAGE}/file": Operation(
        summary="Upload the data",
        headers=STORE,
        body=Body(schema=BYTES, types=(OCTETS,)),
        answers=silent("It is stored."),
    ),
    f"OPTIONS {UPLOADS}": Operation(
        summary="What of tus is spoken here", answers=silent("In headers.")
    ),
    f"GET {UPLOADS}": Operation(
        summary="List upload sessions", answers=told("Those of the image.")
    ),
    f"POST {UPLOADS}": Operation(
        summary="Open a resumable upload",
        headers={
            **TUS,
            **STORE,
            "Upload-Length": described(COUNT, "Bytes in all"),
            "Upload-Metadata": TEXT,
        },
        answers={
            201: Answer(
                meaning="It is open.", headers={"Location": "The session's address", **OFFSET}
            )
        },
        errors=TUS_ERRORS,
    ),
    f"OPTIONS {UPLOAD}": Operation(
        summary="What of tus is spoken here", answers=silent("In headers.")
    ),
    f"GET {UPLOAD}": Operation(summary="Show an upload session", answers=told("The session.")),
    f"HEAD {UPLOAD}": Operation(
        summary="How far an upload is",
        headers=TUS,
        answers={200: Answer(meaning="In headers.", headers=OFFSET)},
        errors=frozenset({409, 410, 412}),
    ),
    f"PATCH {UPLOAD}": Operation(
        summary="Send the next bytes",
        headers={
            **TUS,
            "Upload-Offset": described(COUNT, "Where the bytes go on"),
            "Upload-Checksum": described(TEXT, "Algorithm and digest in base64"),
        },
        body=Body(schema=BYTES, types=(resumable.CHUNK,)),
        answers={204: Answer(meaning="They are there.", headers=OFFSET)},
        errors=TUS_ERRORS,
    ),
    f"DELETE {UPLOAD}": Operation(
        summary="Give an upload up",
        headers=TUS,
        answers=silent("It is gone."),
        errors=frozenset({423}),
    ),
}


def family() -> Family:
    """The API as it is configured: formats and the schema file are in the image's schema."""
    return Family(
        name="Images",
        prefix="/image",
        dialect=resumable.DIALECT,
        packages=frozenset({"images", "artifacts", "metadefs"}),
        error=openstack_error,
        error_types=("application/json", "text/html", "text/plain"),
        operations={
            **IMAGE_OPERATIONS,
            **FAMILY_OPERATIONS,
            **BYTE_OPERATIONS,
            **metadefs.OPERATIONS,
        },
        schemas={
            "Image": schemas.image(),
            "Images": schemas.images(),
            "Member": schemas.member(),
            "Members": schemas.members(),
            **metadefs.SCHEMAS,
        },
        meanings={
            "image_id": "Id of an image",
            "member_id": "Id of a project",
            "family": "Id of a family",
        },
    )
