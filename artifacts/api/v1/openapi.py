"""What Artifacts v1 takes and answers, for the OpenAPI document."""

from artifacts.api.v1.listing import FILTERS
from catalog.api.error_responses import ProblemDialect
from catalog.api.openapi import (
    BYTES,
    COUNT,
    OBJECT,
    OCTETS,
    TEXT,
    Answer,
    Body,
    Family,
    Operation,
    described,
    problem,
    silent,
    told,
)

ACTIVATION = {
    "const": [{"op": "replace", "path": "/status", "value": "active"}],
    "description": "The one change that can be made: activation",
}
RANGED = {
    200: Answer(meaning="All bytes.", schema=BYTES, type=OCTETS),
    206: Answer(meaning="The range.", schema=BYTES, type=OCTETS),
}

FAMILY = Family(
    name="Artifacts",
    prefix="/artifact",
    dialect=ProblemDialect(),
    packages=frozenset({"artifacts", "metadefs"}),
    error=problem,
    error_types=("application/problem+json",),
    operations={
        "GET /": Operation(
            summary="The versions there are", answers=told("Choose one.", status=300)
        ),
        "GET /versions": Operation(
            summary="The versions there are", answers=told("Choose one.", status=300)
        ),
        "GET /schemas/{type_name}": Operation(
            summary="JSON Schema of a type",
            answers={
                200: Answer(meaning="The schema.", schema=OBJECT, type="application/schema+json")
            },
        ),
        "GET /artifacts/{type_name}": Operation(
            summary="List artifacts of a type",
            query={
                "limit": described(COUNT, "Most artifacts of the page"),
                "marker": described(TEXT, "Id of the last artifact of the page before"),
                "sort": described(TEXT, "key[:asc|desc], several by commas"),
                **{name: described(TEXT, "Equal to the text") for name in FILTERS},
            },
            answers=told("A page."),
        ),
        "POST /artifacts/{type_name}": Operation(
            summary="Make an artifact",
            body=Body(schema=OBJECT),
            answers=told("It was made.", status=201),
        ),
        "GET /artifacts/{type_name}/{artifact_id}": Operation(
            summary="An artifact", answers=told("The artifact.")
        ),
        "PATCH /artifacts/{type_name}/{artifact_id}": Operation(
            summary="Activate an artifact",
            body=Body(schema=ACTIVATION),
            answers=told("The artifact."),
        ),
        "DELETE /artifacts/{type_name}/{artifact_id}": Operation(
            summary="Delete an artifact", answers=silent("It is gone.")
        ),
        "GET /artifacts/{type_name}/{artifact_id}/{slot}": Operation(
            summary="Download a blob",
            headers={"Range": described(TEXT, "bytes=first-last")},
            answers=RANGED,
            errors=frozenset({416}),
        ),
        "HEAD /artifacts/{type_name}/{artifact_id}/{slot}": Operation(
            summary="A blob's size and checksum",
            answers={**silent("The headers of GET.", 200), **silent("Those of a range.", 206)},
            errors=frozenset({416}),
        ),
        "PUT /artifacts/{type_name}/{artifact_id}/{slot}": Operation(
            summary="Upload a blob",
            body=Body(schema=BYTES, types=(OCTETS,)),
            answers=silent("It is stored."),
        ),
    },
)
