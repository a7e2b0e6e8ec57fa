"""Facets of a resource type: its fields and declared properties, with the values that the caller's finds hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from catalog.actors import Actor
from catalog.indexing.documents import COMMON, Field, FieldType, declared, sources
from catalog.query import Everything, Expression
from search import bulkhead, engines, field_security, policies, query_cost, rights
from search.caller_search import CallerSearch
from search.deadline import caller_deadline
from search.field_security import HiddenFields
from search.query_resolver import resolve_query
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
from search.resolving import PROPERTY_KEYS, property_field
from search.schema import Schema

MOST_PROPERTIES = 100
COUNTABLE = frozenset({FieldType.KEYWORD, FieldType.BOOLEAN, FieldType.LONG})


@dataclass(frozen=True, slots=True)
class Facet:
    """`exact`: the field to compare whole values with. `options` None: not asked for, or nothing that is counted.
    `more`: there are values beside those in `options`, or these are left out for what counting them would cost.
    """

    name: str
    type: FieldType
    label: str = ""
    exact: str = ""
    declared: bool = False
    options: tuple[Bucket, ...] | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class TypeFacets:
    """`more`: there are more declared properties than are offered."""

    count: int
    facets: tuple[Facet, ...] = field(default=())
    more: bool = False


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
        hidden = field_security.hidden_from(actor, [one])
        request = SearchRequest(query=query, rights=visible, hidden=hidden, size=0)
        found[one] = counting.of_type(one, request, fields=fields)
    return found


def common_properties(actor: Actor, question: CallerSearch, most: int) -> list[str]:
    """The declared properties that most of what the actor finds has, the most frequent first: of texts no more than may
    be counted at once.
    """
    policies.require(actor, policies.QUERY)
    policies.require(actor, policies.AGGREGATIONS)
    types, schema = policies.searchable(actor, question.types), engines.current().live().schema
    opened, whole = question.opened, question.all_projects
    request = SearchRequest(
        query=question.query,
        rights=rights.visible(actor, types, opened=opened, all_projects=whole),
        hidden=field_security.hidden_from(actor, types),
        size=0,
    )
    return _Counting(actor, schema, most, True).common(request)


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
        own = tuple(
            Facet(
                f.name,
                f.type,
                f.label,
                f"{f.name}.raw" if f.type is FieldType.TEXT else "",
                options=_options(counted.get(f.name)),
                more=_cut(counted.get(f.name)),
            )
            for f in _fields(self.schema, resource_type, request.hidden)
        )
        held = [str(bucket.key) for bucket in _options(counted["properties"]) or ()]
        types = self._declared()
        keys = [key for key in held if key in types and not request.hidden.hides(key)]
        more = _cut(counted["properties"]) or len(keys) > MOST_PROPERTIES
        properties = self._properties(keys[:MOST_PROPERTIES], types, request)
        return TypeFacets(answer.total, own + properties, more)

    def common(self, request: SearchRequest) -> list[str]:
        """The first `limit` of the countable properties."""
        wanted = {"properties": TermsAggregation(PROPERTY_KEYS.name, BUCKETS, internal=True)}
        held = _options(self._search(request, wanted).aggregations["properties"]) or ()
        types, texts = self._declared(), 0
        found: list[str] = []
        for key in (str(bucket.key) for bucket in held):
            if types.get(key) not in COUNTABLE or request.hidden.hides(key):
                continue
            texts += types[key] is FieldType.KEYWORD
            if types[key] is not FieldType.KEYWORD or texts <= self._affordable():
                found.append(key)
        return found[: self.limit]

    def _declared(self) -> dict[str, FieldType]:
        """The declared properties, as the index compares them."""
        typings = self.schema.typings
        types = {key: typing.type for key, typing in typings.items() if typing.ready}
        texts = (key for key, type_ in declared().items() if type_ is FieldType.KEYWORD)
        return types | {key: FieldType.KEYWORD for key in texts if key not in typings}

    def _properties(
        self, keys: list[str], types: Mapping[str, FieldType], request: SearchRequest
    ) -> tuple[Facet, ...]:
        countable = [key for key in keys if self.options and types[key] in COUNTABLE]
        texts = [key for key in countable if types[key] is FieldType.KEYWORD]
        dear = set(texts[self._affordable() :])
        counted: Mapping[str, Counted] = {}
        if wanted := [key for key in countable if key not in dear]:
            asked = {key: TermsAggregation(property_field(key), self.limit) for key in wanted}
            counted = self._search(request, asked).aggregations
        return tuple(
            Facet(
                property_field(key),
                types[key],
                key,
                declared=True,
                options=_options(counted.get(key)),
                more=key in dear or _cut(counted.get(key)),
            )
            for key in sorted(keys)
        )

    def _affordable(self) -> int:
        """How many texts are counted: those that most documents hold, for half of what a question may cost."""
        documents = query_cost.rounded(engines.current().documents())
        return max(1, query_cost.MOST // 2 // (query_cost.COUNTED * documents))

    def _search(self, request: SearchRequest, wanted: Mapping[str, Aggregation]) -> SearchResult:
        engine, asked = engines.current(), replace(request, aggregations=wanted)
        seen = self.schema.seen(request.hidden)
        price = query_cost.price(
            seen, resolve_query(seen, request.query), asked, engine.documents()
        )
        with bulkhead.permit(self.actor, price):
            return engine.search(asked, caller_deadline())


def _fields(schema: Schema, resource_type: str, hidden: HiddenFields) -> list[Field]:
    names = {f.name for f in (*COMMON, *sources()[resource_type].fields)}
    return [f for f in schema.fields if f.name in names - hidden.fields and not f.hidden]


def _options(counted: Counted | None) -> tuple[Bucket, ...] | None:
    return counted.buckets if isinstance(counted, Buckets) else None


def _cut(counted: Counted | None) -> bool:
    return isinstance(counted, Buckets) and counted.other > 0
