"""A resolved query as a tantivy query."""

from collections.abc import Callable
from typing import Any

import tantivy
from tantivy import FieldType as Kind
from tantivy import Occur, Query, Searcher

from catalog.indexing.documents import FieldType
from search.deadline import UNBOUNDED, Deadline
from search.encoding import pair, stem
from search.engines.embedded import regexps
from search.engines.embedded.layout import NAMES, PAIRS, place
from search.errors import QueryTooCostly
from search.evaluation import inside, looks
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


class TantivyCompiler:
    """Compiles for one state of an index.

    Tantivy ranges numbers only, and bounds the size of expressions: what is beyond that is found by going through
    the terms there are.
    """

    def __init__(
        self, schema: tantivy.Schema, searcher: Searcher, deadline: Deadline = UNBOUNDED
    ) -> None:
        self._schema, self._searcher, self._deadline = schema, searcher, deadline

    def compile(self, resolved: ResolvedQuery) -> Query:
        """The tantivy query; each leaf scores its field's boost, and filters nothing."""
        match resolved:
            case All():
                return _constant(Query.all_query())
            case Never():
                return Query.empty_query()
            case Words(target, words, every):
                return self._words(target, words, every)
            case Combined():
                return self._combined(resolved)
            case _:
                return _constant(self._leaf(resolved), boost(resolved))

    def _leaf(
        self, resolved: OneOf | Between | Present | PrefixMatch | WildcardMatch | Near | Sequence
    ) -> Query:
        self._deadline.check()
        match resolved:
            case OneOf(target, values):
                return self._one_of(target, values)
            case Between():
                return self._between(resolved)
            case Present(target):
                return self._present(target)
            case PrefixMatch(target, value):
                return self._begins(target, value)
            case WildcardMatch(target, parts):
                return self._looks(target, parts)
            case Near(target, value, slips):
                if place(target) == PAIRS:
                    value = pair(str(target.key), value)
                return Query.fuzzy_term_query(self._schema, place(target), value, slips)
            case Sequence(target, words):
                return Query.phrase_query(self._schema, place(target), list(words))

    def _one_of(self, target: Target, values: tuple[Any, ...]) -> Query:
        name = place(target)
        if name == PAIRS:
            values = tuple(pair(str(target.key), value) for value in values)
        if len(values) == 1:
            return Query.term_query(self._schema, name, values[0])
        return Query.term_set_query(self._schema, name, list(values))

    def _present(self, target: Target) -> Query:
        if target.typing is not None or target.raw:
            return Query.exists_query(place(target))
        return Query.term_query(self._schema, NAMES, target.name)

    def _between(self, resolved: Between) -> Query:
        target, low, high = resolved.target, resolved.low, resolved.high
        if target.type is FieldType.KEYWORD:
            return self._between_texts(resolved)
        kind = Kind.Float if target.type is FieldType.DOUBLE else Kind.Integer
        return Query.range_query(
            self._schema, place(target), kind, low, high, resolved.with_low, resolved.with_high
        )

    def _between_texts(self, resolved: Between) -> Query:
        low, high = str(resolved.low or ""), None if resolved.high is None else str(resolved.high)
        expression = regexps.between(
            low,
            high,
            with_low=resolved.with_low or resolved.low is None,
            with_high=resolved.with_high,
        )
        try:
            return self._regex(resolved.target, expression)
        except ValueError:
            start = "" if high is None else _shared(low, high)
            return self._among_terms(resolved.target, start, lambda term: inside(resolved, term))

    def _looks(self, target: Target, parts: tuple[Any, ...]) -> Query:
        try:
            return self._regex(target, "".join(map(_part, parts)))
        except ValueError:
            start = parts[0] if isinstance(parts[0], str) else ""
            if not start and place(target) != PAIRS:
                raise QueryTooCostly(
                    "the pattern is too long to be looked for; begin it with letters", part="query"
                ) from None
            return self._among_terms(target, start, lambda term: looks(term, parts))

    def _begins(self, target: Target, start: str) -> Query:
        try:
            return self._regex(target, regexps.literal(start) + regexps.REST)
        except ValueError:
            return self._among_terms(target, start, _any)

    def _regex(self, target: Target, expression: str) -> Query:
        """Terms that match the expression; ValueError when that is too long."""
        name = place(target)
        if name == PAIRS:
            expression = regexps.literal(stem(str(target.key))) + f"({expression})"
        return Query.regex_query(self._schema, name, expression)

    def _among_terms(self, target: Target, start: str, test: Callable[[str], bool]) -> Query:
        """Terms that begin with `start` and pass the test, from those there are."""
        name = place(target)
        begin = stem(str(target.key)) if name == PAIRS else ""
        terms = [
            term for term in self._terms(name, begin + start) if test(term.removeprefix(begin))
        ]
        return Query.term_set_query(self._schema, name, terms) if terms else Query.empty_query()

    def _terms(self, name: str, start: str) -> list[str]:
        """The terms there are that begin so."""
        return [term for term, _ in self._searcher.terms_with_prefix(name, start)]

    def _words(self, target: Target, words: tuple[str, ...], every: bool) -> Query:
        weight = target.field.boost if target.field is not None else 1.0
        parts = [
            _constant(Query.term_query(self._schema, place(target), word), weight) for word in words
        ]
        if len(parts) == 1:
            return parts[0]
        return Query.boolean_query(
            [(Occur.Must if every else Occur.Should, part) for part in parts]
        )

    def _combined(self, resolved: Combined) -> Query:
        clauses = [(Occur.Must, self.compile(part)) for part in resolved.must]
        clauses += [(Occur.Must, _constant(self.compile(part), 0.0)) for part in resolved.filter]
        should = [(Occur.Should, self.compile(part)) for part in resolved.should]
        if resolved.minimum > len(should):
            return Query.empty_query()
        if resolved.minimum:
            clauses.append((Occur.Must, Query.boolean_query(should, resolved.minimum)))
        else:
            clauses += should
        if not any(occur is Occur.Must for occur, _ in clauses):
            clauses.append((Occur.Must, _constant(Query.all_query(), 0.0)))
        clauses += [(Occur.MustNot, self.compile(part)) for part in resolved.must_not]
        return Query.boolean_query(clauses)


def _any(_: str) -> bool:
    return True


def _shared(one: str, other: str) -> str:
    """What both texts begin with."""
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return min(one, other, key=len) if at is None else one[:at]


def count(searcher: Searcher, found: Query) -> int:
    """How many documents match."""
    return int(searcher.search(found, 1).count)  # type: ignore[attr-defined] # the stub has left it out


def _constant(found: Query, score: float = 1.0) -> Query:
    return Query.const_score_query(found, score)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return regexps.literal(part)
    return regexps.REST if part is ANY_RUN else regexps.ANY
