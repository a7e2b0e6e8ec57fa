"""A resolved query as Elasticsearch's query language. Words are taken apart already, so they are handed over as
they are.
"""

from typing import Any

from catalog.indexing.documents import FieldType
from search.encoding import AFTER_SEPARATOR, SEPARATOR, pair, stem
from search.engines.elasticsearch.layout import BEGINNING, PAIRS, place
from search.resolved_query import (
    ANY_RUN,
    All,
    Between,
    Combined,
    Near,
    Never,
    OneOf,
    PrefixMatch,
    Present,
    ResolvedQuery,
    Sequence,
    WildcardMatch,
    Words,
    boost,
)
from search.resolving import Target

Query = dict[str, Any]


def compile_query(resolved: ResolvedQuery) -> Query:
    """The query document; each leaf scores its field's boost, so that nothing is told by statistics of the index."""
    match resolved:
        case All():
            return {"match_all": {}}
        case Never():
            return {"match_none": {}}
        case Words(target, words, every):
            found = [
                _scored(resolved, {"term": {place(target): {"value": word}}}) for word in words
            ]
            if len(found) == 1:
                return found[0]
            return {"bool": {"must": found} if every else {"should": found}}
        case Combined():
            return _combined(resolved)
        case _:
            return _scored(resolved, _leaf(resolved))


def _scored(resolved: ResolvedQuery, found: Query) -> Query:
    return {"constant_score": {"filter": found, "boost": boost(resolved)}}


def _leaf(
    resolved: OneOf | Between | Present | PrefixMatch | WildcardMatch | Near | Sequence,
) -> Query:
    match resolved:
        case OneOf(target, values):
            return {"terms": {place(target): [_written(target, value) for value in values]}}
        case Between():
            return _between(resolved)
        case Present(target):
            return {"exists": {"field": place(target)}}
        case PrefixMatch(target, value):
            return _begins(target, value)
        case WildcardMatch(target, parts):
            return _looks(target, parts)
        case Near(target, value, slips):
            wanted = {"value": _written(target, value), "fuzziness": slips}
            return {"fuzzy": {place(target): wanted}}
        case Sequence(target, words):
            phrase = {"query": " ".join(words), "analyzer": "whitespace"}
            return {"match_phrase": {place(target): phrase}}


def _between(resolved: Between) -> Query:
    target = resolved.target
    low = None if resolved.low is None else _written(target, resolved.low)
    high = None if resolved.high is None else _written(target, resolved.high)
    with_high = resolved.with_high
    if place(target) == PAIRS:
        low = stem(str(target.key)) if low is None else low
        if high is None:
            high = stem(str(target.key)).removesuffix(SEPARATOR) + AFTER_SEPARATOR
            with_high = False
    options: dict[str, Any] = {}
    if low is not None:
        options["gte" if resolved.with_low else "gt"] = low
    if high is not None:
        options["lte" if with_high else "lt"] = high
    if target.type is FieldType.DATE:
        options["format"] = "epoch_millis"
    return {"range": {place(target): options}}


def _begins(target: Target, value: str) -> Query:
    if target.type is FieldType.TEXT and target.name == "name" and 0 < len(value) <= BEGINNING:
        return {"term": {"name.prefix": value}}
    return {"prefix": {place(target): {"value": _written(target, value)}}}


def _looks(target: Target, parts: tuple[Any, ...]) -> Query:
    pattern = "".join(
        _escaped(part) if isinstance(part, str) else "*" if part is ANY_RUN else "?"
        for part in parts
    )
    if place(target) == PAIRS:
        pattern = _escaped(stem(str(target.key))) + pattern
    return {"wildcard": {place(target): {"value": pattern}}}


def _combined(resolved: Combined) -> Query:
    options: dict[str, Any] = {
        name: [compile_query(part) for part in parts]
        for name, parts in (
            ("must", resolved.must),
            ("filter", resolved.filter),
            ("should", resolved.should),
            ("must_not", resolved.must_not),
        )
        if parts
    }
    if resolved.should:
        options["minimum_should_match"] = resolved.minimum
    if not options:
        options["filter"] = {"match_all": {}}  # so that it counts nothing, as a filter does
    return {"bool": options}


def _written(target: Target, value: Any) -> Any:
    return pair(str(target.key), value) if place(target) == PAIRS else value


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in "*?\\" else character for character in text)
