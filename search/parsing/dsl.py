"""The subset of Elasticsearch's query language that is understood, read into `catalog.query` values.

A text alone is free text (`freetext`). Depth, clauses and values are bounded. Whatever is not here is refused,
with its name.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from catalog import query
from catalog.query import Expression
from search.errors import QueryRefused, QueryTooCostly
from search.parsing import freetext, querystring
from search.parsing.reading import (
    boolean,
    choice,
    known,
    listed,
    mapping,
    scalar,
    single,
    text,
    whole,
    words,
)
from search.schema import Schema

DEPTH, CLAUSES, VALUES, OF_LISTS = 20, 256, 1000, 10_000
CHARACTERS, OF_STRINGS = 32_768, 4
"""All texts of a question together; those of query strings, which take longer to read, count so many times."""
EVERYWHERE = frozenset({"*", "_all"})
OPERATORS = {"and": "and", "or": "or", "AND": "and", "OR": "or"}


def parse(schema: Schema, document: Any) -> Expression:
    """The expression of a query document; QueryRefused tells what is wrong with it."""
    if isinstance(document, str):
        return freetext.parse(text(document, "query"))
    return _Parser(schema).clause(document, "query", 1)


class _Parser:
    def __init__(self, schema: Schema) -> None:
        self._schema, self._clauses, self._characters, self._values = schema, 0, 0, 0
        self._readers: dict[str, Callable[[Any, int], Expression]] = {
            "match_all": self._match_all,
            "match_none": self._match_none,
            "term": self._term,
            "terms": self._terms,
            "range": self._range,
            "exists": self._exists,
            "prefix": self._prefix,
            "wildcard": self._wildcard,
            "match": self._match,
            "multi_match": self._multi_match,
            "match_phrase": lambda v, _: self._phrase(v, "match_phrase", prefix=False),
            "match_phrase_prefix": lambda v, _: self._phrase(v, "match_phrase_prefix", prefix=True),
            "bool": self._bool,
            "constant_score": self._constant_score,
            "ids": self._ids,
            "query_string": self._query_string,
        }

    def clause(self, document: Any, where: str, depth: int) -> Expression:
        if depth > DEPTH:
            raise QueryRefused(f"the query is nested deeper than {DEPTH} levels")
        self._clauses += 1
        if self._clauses > CLAUSES:
            raise QueryRefused(f"the query has more than {CLAUSES} clauses")
        if document == {}:
            raise QueryRefused(f"{where} is empty; write match_all to find everything")
        name, value = single(document, where)
        reader = self._readers.get(name)
        if reader is None:
            raise QueryRefused(
                f"the query {name!r} is not understood; there are {', '.join(sorted(self._readers))}"
            )
        return reader(value, depth)

    def _read(self, text: str, times: int = 1) -> str:
        """The text, unless all that is to be taken apart became too long."""
        self._characters += len(text) * times
        if self._characters > CHARACTERS:
            raise QueryTooCostly(
                f"the texts to search for are longer than {CHARACTERS} characters together, those of query strings"
                f" counted {OF_STRINGS} times",
                part="query",
            )
        return text

    def _match_all(self, value: Any, depth: int) -> Expression:
        known(mapping(value, "match_all"), "match_all", ())
        return query.Everything()

    def _match_none(self, value: Any, depth: int) -> Expression:
        known(mapping(value, "match_none"), "match_none", ())
        return query.Nothing()

    def _term(self, value: Any, depth: int) -> Expression:
        name, options = _field(value, "term", "value", {"value"})
        return query.Term(name, scalar(options.get("value"), f"term.{name}"))

    def _terms(self, value: Any, depth: int) -> Expression:
        name, several = single(value, "terms")
        if not isinstance(several, list):
            raise QueryRefused(f"terms.{name} must be a list")
        found = listed(several, f"terms.{name}", most=VALUES)
        self._values += len(found)
        if self._values > OF_LISTS:
            raise QueryTooCostly(
                f"the lists of values are longer than {OF_LISTS} together", part="query"
            )
        return query.Terms(name, tuple(scalar(one, f"terms.{name}") for one in found))

    def _range(self, value: Any, depth: int) -> Expression:
        name, bounds = single(value, "range")
        options = mapping(bounds, f"range.{name}")
        known(options, f"range.{name}", {"gt", "gte", "lt", "lte"})
        found = {
            side: None if bound is None else scalar(bound, f"range.{name}.{side}")
            for side, bound in options.items()
        }
        return query.Range(name, **found)

    def _exists(self, value: Any, depth: int) -> Expression:
        options = mapping(value, "exists")
        known(options, "exists", {"field"})
        return query.Exists(text(options.get("field"), "exists.field"))

    def _prefix(self, value: Any, depth: int) -> Expression:
        name, options = _field(value, "prefix", "value", {"value"})
        return query.Prefix(name, text(options.get("value"), f"prefix.{name}"))

    def _wildcard(self, value: Any, depth: int) -> Expression:
        name, options = _field(value, "wildcard", "value", {"value", "wildcard"})
        pattern = options.get("value", options.get("wildcard"))
        return query.Wildcard(name, text(pattern, f"wildcard.{name}"))

    def _match(self, value: Any, depth: int) -> Expression:
        name, options = _field(value, "match", "query", {"query", "operator"})
        wanted = self._read(words(options.get("query"), f"match.{name}"))
        return query.Match((name,), wanted, _operator(options, f"match.{name}"))

    def _multi_match(self, value: Any, depth: int) -> Expression:
        options = mapping(value, "multi_match")
        known(options, "multi_match", {"query", "fields", "type", "operator"})
        wanted = self._read(words(options.get("query"), "multi_match.query"))
        fields = _fields(options, "multi_match")
        kinds = {"best_fields", "phrase", "phrase_prefix", "bool_prefix"}
        kind = choice(options.get("type", "best_fields"), "multi_match.type", kinds)
        if kind in {"best_fields", "bool_prefix"}:
            operator = _operator(options, "multi_match")
            return query.Match(fields, wanted, operator, prefix=kind == "bool_prefix")
        if "operator" in options:
            raise QueryRefused(f"multi_match of type {kind} takes no operator")
        return query.Phrase(fields, wanted, prefix=kind == "phrase_prefix")

    def _phrase(self, value: Any, where: str, *, prefix: bool) -> Expression:
        name, options = _field(value, where, "query", {"query", "slop"})
        if whole(options.get("slop", 0), f"{where}.{name}.slop"):
            raise QueryRefused(
                f"{where}.{name}: words with gaps between them (slop) are not understood"
            )
        wanted = self._read(words(options.get("query"), f"{where}.{name}"))
        return query.Phrase((name,), wanted, prefix)

    def _bool(self, value: Any, depth: int) -> Expression:
        options = mapping(value, "bool")
        known(options, "bool", {"must", "filter", "should", "must_not", "minimum_should_match"})
        parts: dict[str, tuple[Expression, ...]] = {}
        for occur in ("must", "filter", "should", "must_not"):
            clauses = listed(options.get(occur, []), f"bool.{occur}", most=CLAUSES)
            parts[occur] = tuple(self.clause(one, f"bool.{occur}", depth + 1) for one in clauses)
        minimum = None
        if options.get("minimum_should_match") is not None:
            minimum = _minimum(options["minimum_should_match"], len(parts["should"]))
        return query.Bool(**parts, minimum=minimum)

    def _constant_score(self, value: Any, depth: int) -> Expression:
        options = mapping(value, "constant_score")
        known(options, "constant_score", {"filter"})
        return query.all_of(self.clause(options.get("filter"), "constant_score.filter", depth + 1))

    def _ids(self, value: Any, depth: int) -> Expression:
        options = mapping(value, "ids")
        known(options, "ids", {"values", "type"})
        wanted = listed(options.get("values", []), "ids.values", most=VALUES)
        found = query.Terms("id", tuple(text(one, "ids.values") for one in wanted))
        if "type" not in options:
            return found
        types = listed(options["type"], "ids.type", most=VALUES)
        kinds = query.Terms("resource_type", tuple(text(one, "ids.type") for one in types))
        return query.all_of(found, kinds)

    def _query_string(self, value: Any, depth: int) -> Expression:
        options = mapping({"query": value} if isinstance(value, str) else value, "query_string")
        switches = {"lenient", "analyze_wildcard", "allow_leading_wildcard"}
        known(
            options, "query_string",
            {"query", "fields", "default_field", "default_operator", *switches},
        )  # fmt: skip
        for name in switches & options.keys():
            boolean(options[name], f"query_string.{name}")
        written = text(options.get("query"), "query_string.query")
        self._read(written, OF_STRINGS)
        return querystring.parse(
            self._schema,
            written,
            fields=_fields(options, "query_string"),
            every=_operator(options, "query_string", key="default_operator") == "and",
            lenient=options.get("lenient", False),
            leading_wildcard=options.get("allow_leading_wildcard", True),
            depth=depth,
        )


def _field(value: Any, where: str, short: str, allowed: set[str]) -> tuple[str, Mapping[str, Any]]:
    """`{name: text}` or `{name: {options}}` as a name and its options."""
    name, given = single(value, where)
    options = given if isinstance(given, Mapping) else {short: given}
    known(options, f"{where}.{name}", allowed)
    return name, options


def _fields(options: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """The fields to look into; none named, or all: those that free text looks into."""
    if "fields" in options and "default_field" in options:
        raise QueryRefused(f"{where} takes fields or default_field, not both")
    key = "default_field" if "default_field" in options else "fields"
    names = [text(one, f"{where}.{key}") for one in listed(options.get(key, []), where, most=64)]
    if EVERYWHERE & set(names):
        return ()
    for name in names:
        if "*" in name:
            raise QueryRefused(f"{where}: {name!r} is a pattern of fields; name each field, or *")
        if "^" in name:
            raise QueryRefused(f"{where}: weights such as {name!r} are not understood")
    return tuple(dict.fromkeys(names))


def _operator(
    options: Mapping[str, Any], where: str, key: str = "operator"
) -> Literal["and", "or"]:
    chosen = choice(options.get(key, "or"), f"{where}.{key}", OPERATORS)
    return "and" if OPERATORS[chosen] == "and" else "or"


def _minimum(value: Any, clauses: int) -> int:
    """How many optional clauses must hold: 2, -1 (all but one), "75%" or "-25%"."""
    if isinstance(value, str) and value.removesuffix("%").removeprefix("-").isdecimal():
        number = int(value.removesuffix("%"))
        if value.endswith("%"):
            share = abs(number) * clauses // 100
            return clauses - share if number < 0 else share
        value = number
    if isinstance(value, bool) or not isinstance(value, int):
        raise QueryRefused("bool.minimum_should_match must be a number or a percentage")
    return value if value >= 0 else max(clauses + value, 0)
