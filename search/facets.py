"""Facets of a resource type: its fields and declared properties, with the values that the caller's finds hold."""

from dataclasses import dataclass, field, replace

from catalog.actors import Actor
from catalog.indexing.documents import COMMON, Field, FieldType, sources
from catalog.query import Everything, Expression
from search import engines, keeping, policies, rights
from search.keeping import Keeping
from search.requests import BUCKETS, Aggregation, Bucket, Buckets, SearchRequest, TermsAggregation
from search.resolving import PROPERTIES, PROPERTY_KEYS
from search.schema import Schema

MOST_PROPERTIES = 100
COUNTABLE = frozenset({FieldType.KEYWORD, FieldType.BOOLEAN, FieldType.LONG})


@dataclass(frozen=True, slots=True)
class Facet:
    """`exact`: the field to compare whole values with. `options` None: too many values to offer, or not asked for."""

    name: str
    type: FieldType
    label: str = ""
    exact: str = ""
    declared: bool = False
    options: tuple[Bucket, ...] | None = None


@dataclass(frozen=True, slots=True)
class TypeFacets:
    count: int
    facets: tuple[Facet, ...] = field(default=())


def facets(
    actor: Actor,
    *,
    types: tuple[str, ...] = (),
    query: Expression = Everything(),  # noqa: B008 - a value
    limit: int = 100,
    options: bool = True,
    fields: bool = True,
    all_projects: bool = False,
    opened: frozenset[str] = frozenset(),
) -> dict[str, TypeFacets]:
    """Per type: how many documents the actor finds, and the fields and declared properties they can be narrowed by."""
    policies.require(actor, policies.FACETS)
    schema = engines.current().live().schema
    found = {}
    for one in policies.searchable(actor, types):
        visible = rights.visible(actor, [one], opened=opened, all_projects=all_projects)
        kept = keeping.kept_from(actor, [one])
        request = SearchRequest(query=query, rights=visible, keeping=kept, size=0)
        found[one] = _of_type(schema, one, request, limit, options=options, fields=fields)
    return found


def facet_fields(schema: Schema, types: tuple[str, ...]) -> list[Field]:
    """The fields of these types that are offered with counts."""
    own = {f.name for one in types if one in sources() for f in sources()[one].fields}
    common = {f.name for f in COMMON}
    return [f for f in schema.fields if f.facet and not f.hidden and f.name in own | common]


def _of_type(
    schema: Schema,
    resource_type: str,
    request: SearchRequest,
    limit: int,
    *,
    options: bool,
    fields: bool,
) -> TypeFacets:
    offered = facet_fields(schema, (resource_type,)) if options and fields else []
    wanted: dict[str, Aggregation] = {f.name: TermsAggregation(f.name, limit) for f in offered}
    if fields:
        wanted["properties"] = TermsAggregation(PROPERTY_KEYS.name, BUCKETS, internal=True)
    answer = engines.current().search(replace(request, aggregations=wanted))
    if not fields:
        return TypeFacets(answer.total)
    counted = answer.aggregations
    keys = [str(bucket.key) for bucket in _buckets(counted["properties"])]
    keys = [key for key in keys if not request.keeping.keeps(key)]
    typed = [key for key in keys if key in schema.typings and schema.typings[key].ready]
    properties = _properties(schema, typed[:MOST_PROPERTIES], request, limit, options=options)
    own = _fields(schema, resource_type, request.keeping)
    return TypeFacets(
        answer.total,
        tuple(
            Facet(
                f.name,
                f.type,
                f.label,
                f"{f.name}.raw" if f.type is FieldType.TEXT else "",
                options=_buckets(counted[f.name]) if f.name in counted else None,
            )
            for f in own
        )
        + properties,
    )


def _properties(
    schema: Schema, keys: list[str], request: SearchRequest, limit: int, *, options: bool
) -> tuple[Facet, ...]:
    countable = [key for key in keys if options and schema.typings[key].type in COUNTABLE]
    counted = {}
    if countable:
        wanted = {key: TermsAggregation(PROPERTIES + key, limit) for key in countable}
        counted = dict(engines.current().search(replace(request, aggregations=wanted)).aggregations)
    return tuple(
        Facet(
            PROPERTIES + key,
            schema.typings[key].type,
            key,
            declared=True,
            options=_buckets(counted[key]) if key in counted else None,
        )
        for key in sorted(keys)
    )


def _fields(schema: Schema, resource_type: str, kept: Keeping) -> list[Field]:
    names = {f.name for f in (*COMMON, *sources()[resource_type].fields)}
    return [f for f in schema.fields if f.name in names - kept.fields and not f.hidden]


def _buckets(counted: object) -> tuple[Bucket, ...]:
    return counted.buckets if isinstance(counted, Buckets) else ()
