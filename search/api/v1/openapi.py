"""What Search v1 takes and answers, for the OpenAPI document."""

from catalog.api.error_responses import ProblemDialect
from catalog.api.openapi import (
    COUNT,
    FLAG,
    OBJECT,
    TEXT,
    Body,
    Family,
    Operation,
    Schema,
    described,
    problem,
    told,
)

OPENINGS = {
    "community": described(
        {"enum": ["true", "false", "all", True, False]}, "Others' community assets too"
    ),
    "os_hidden": described(
        {"enum": ["true", "false", "all", True, False]}, "Hidden images alone (true), or too (all)"
    ),
}
QUESTION: Schema = {
    "type": "object",
    "properties": {
        "query": described(
            OBJECT, "A query of the Elasticsearch DSL; see the reference of queries"
        ),
        "type": {"type": ["string", "array"], "items": TEXT, "description": "Resource types"},
        "offset": COUNT,
        "from": COUNT,
        "limit": COUNT,
        "size": COUNT,
        "sort": {"description": "A field, {field: order}, or a list of those"},
        "_source": {"description": "Which fields are shown"},
        "highlight": OBJECT,
        "aggregations": OBJECT,
        "aggs": OBJECT,
        "all_projects": {"type": "boolean"},
        **OPENINGS,
    },
}
CONSISTENCY = described({"type": "string", "enum": ["wait", "none"]}, "Wait for the index")


def _asked(summary: str) -> Operation:
    return Operation(
        summary=summary,
        query={"consistency": CONSISTENCY, **OPENINGS},
        headers={"X-Vitrine-Consistency": CONSISTENCY},
        body=Body(schema=QUESTION),
        answers=told("Hits, and aggregations where asked for."),
    )


FAMILY = Family(
    name="Search",
    prefix="/search",
    dialect=ProblemDialect(),
    packages=frozenset({"search"}),
    error=problem,
    error_types=("application/problem+json",),
    operations={
        "GET /": Operation(
            summary="The versions there are", answers=told("Choose one.", status=300)
        ),
        "GET /v1": Operation(summary="This version", answers=told("This version.")),
        "GET /v1/search": _asked("Search, by the body of a GET"),
        "POST /v1/search": _asked("Search"),
        "GET /v1/search/plugins": Operation(
            summary="The resource types that can be searched", answers=told("The types.")
        ),
        "GET /v1/search/facets": Operation(
            summary="Fields to narrow by, and their values",
            query={
                "type": described(TEXT, "A resource type; repeated: several"),
                "limit_terms": described(COUNT, "How many values per field"),
                "all_projects": described(FLAG, "For administrators"),
                **OPENINGS,
                "include_fields": FLAG,
                "exclude_options": FLAG,
            },
            answers=told("{type: {doc_count, facets}}"),
        ),
    },
)
