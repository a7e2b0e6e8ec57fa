"""Facets of a resource type: its fields and declared properties, with the values that the caller's finds hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from catalog.actors import Actor
from catalog.indexing.documents import COMMON, Field, FieldType, sources
from catalog.query import Everything, Expression
from search import engines, keeping, places, policies, pricing, rights
from search.binding import bind
from search.keeping import Keeping
from search.requests import (
    BUCKETS,
    Aggregation,
    Bucket,
    Buckets,
    Counted,
    SearchRequest,
    SearchResult,
    TermsAggregation,
)
from search.resolving import PROPERTIES, PROPERTY_KEYS
from search.schema import Schema
from search.spending import allowance

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
    schema, found = engines.current().live().schema, {}
    counting = _Counting(actor, schema, limit, options)
    for one in policies.searchable(actor, types):
        visible = rights.visible(actor, [one], opened=opened, all_projects=all_projects)
        kept = keeping.kept_from(actor, [one])
        request = SearchRequest(query=query, rights=visible, keeping=kept, size=0)
        found[one] = counting.of_type(one, request, fields=fields)
    return found


def facet_fields(schema: Schema, types: tuple[str, ...]) -> list[Field]:
    """The fields of these types that are offered with counts."""
    own = {f.name for one in types if one in sources() for f in sources()[one].fields}
    common = {f.name for f in COMMON}
    return [f for f in schema.fields if f.facet and not f.hidden and f.name in own | common]


@dataclass(frozen=True, slots=True)
class _Counting:
    actor: Actor
    schema: Schema
    limit: int
    options: bool

    def of_type(self, resource_type: str, request: SearchRequest, *, fields: bool) -> TypeFacets:
        offered = facet_fields(self.schema, (resource_type,)) if self.options and fields else []
        wanted: dict[str, Aggregation] = {
            f.name: TermsAggregation(f.name, self.limit) for f in offered
        }
        if fields:
            wanted["properties"] = TermsAggregation(PROPERTY_KEYS.name, BUCKETS, internal=True)
        answer = self._search(request, wanted)
        if not fields:
            return TypeFacets(answer.total)
        counted = answer.aggregations
        keys = [str(bucket.key) for bucket in _buckets(counted["properties"])]
        keys = [key for key in keys if not request.keeping.keeps(key)]
        own = _fields(self.schema, resource_type, request.keeping)
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
            + self._properties(keys, request),
        )

    def _properties(self, keys: list[str], request: SearchRequest) -> tuple[Facet, ...]:
        typings = self.schema.typings
        typed = [key for key in keys if key in typings and typings[key].ready][:MOST_PROPERTIES]
        countable = [key for key in typed if self.options and typings[key].type in COUNTABLE]
        counted: Mapping[str, Counted] = {}
        if countable:
            wanted = {key: TermsAggregation(PROPERTIES + key, self.limit) for key in countable}
            counted = self._search(request, wanted).aggregations
        return tuple(
            Facet(
                PROPERTIES + key,
                typings[key].type,
                key,
                declared=True,
                options=_buckets(counted[key]) if key in counted else None,
            )
            for key in sorted(typed)
        )

    def _search(self, request: SearchRequest, wanted: Mapping[str, Aggregation]) -> SearchResult:
        engine, asked = engines.current(), replace(request, aggregations=wanted)
        seen = self.schema.seen(request.keeping)
        price = pricing.price(seen, bind(seen, request.query), asked, engine.documents())
        with places.held(self.actor, price):
            return engine.search(asked, allowance())


def _fields(schema: Schema, resource_type: str, kept: Keeping) -> list[Field]:
    names = {f.name for f in (*COMMON, *sources()[resource_type].fields)}
    return [f for f in schema.fields if f.name in names - kept.fields and not f.hidden]


def _buckets(counted: object) -> tuple[Bucket, ...]:
    return counted.buckets if isinstance(counted, Buckets) else ()
