"""A bound query as a tantivy query."""

from collections.abc import Callable
from typing import Any

import tantivy
from tantivy import FieldType as Kind
from tantivy import Occur, Query, Searcher

from catalog.indexing.documents import FieldType
from search import lexical
from search.bound import (
    ANY_RUN,
    All,
    Begins,
    Best,
    Between,
    Bound,
    Combined,
    Looks,
    Never,
    OneOf,
    Present,
    Sequence,
    Words,
)
from search.compilers.plain import inside, looks
from search.encoding import pair, stem
from search.engines.embedded.layout import NAMES, PAIRS, place
from search.resolving import Target


class TantivyCompiler:
    """Compiles for one state of an index.

    Tantivy ranges numbers only, and bounds the size of expressions: what is beyond that is found by going through
    the terms there are.
    """

    def __init__(self, schema: tantivy.Schema, searcher: Searcher) -> None:
        self._schema, self._searcher = schema, searcher

    def compile(self, bound: Bound) -> Query:
        """The tantivy query; filters score nothing."""
        match bound:
            case All():
                return Query.all_query()
            case Never():
                return Query.empty_query()
            case OneOf(target, values):
                return self._one_of(target, values)
            case Between():
                return self._between(bound)
            case Present(target):
                return self._present(target)
            case Begins(target, value):
                expression = lexical.literal(value) + lexical.REST
                return self._regex(target, expression, value, _any)
            case Looks(target, parts):
                start = parts[0] if parts and isinstance(parts[0], str) else ""
                expression = "".join(map(_part, parts))
                return self._regex(target, expression, start, lambda term: looks(term, parts))
            case Words(target, words, every):
                return self._boosted(target, self._words(target, words, every))
            case Sequence():
                return self._boosted(bound.target, self._sequence(bound))
            case Best(parts):
                return Query.disjunction_max_query([self.compile(part) for part in parts], 0.0)
            case Combined():
                return self._combined(bound)

    def _one_of(self, target: Target, values: tuple[Any, ...]) -> Query:
        name = place(target)
        if name == PAIRS:
            values = tuple(pair(str(target.key), value) for value in values)
        if len(values) == 1:
            return _constant(Query.term_query(self._schema, name, values[0]))
        return _constant(Query.term_set_query(self._schema, name, list(values)))

    def _present(self, target: Target) -> Query:
        if target.typing is not None or target.raw:
            return _constant(Query.exists_query(place(target)))
        return _constant(Query.term_query(self._schema, NAMES, target.name))

    def _between(self, bound: Between) -> Query:
        target, low, high = bound.target, bound.low, bound.high
        if target.type is FieldType.KEYWORD:
            start = _shared(str(low), str(high)) if low is not None and high is not None else ""
            return self._among_terms(target, start, lambda term: inside(bound, term))
        kind = Kind.Float if target.type is FieldType.DOUBLE else Kind.Integer
        return _constant(
            Query.range_query(
                self._schema, place(target), kind, low, high, bound.with_low, bound.with_high
            )
        )

    def _regex(
        self, target: Target, expression: str, start: str, test: Callable[[str], bool]
    ) -> Query:
        """Terms that match the expression; `start` and `test` say the same."""
        name = place(target)
        if name == PAIRS:
            expression = lexical.literal(stem(str(target.key))) + f"({expression})"
        try:
            return _constant(Query.regex_query(self._schema, name, expression))
        except ValueError:
            return self._among_terms(target, start, test)

    def _among_terms(self, target: Target, start: str, test: Callable[[str], bool]) -> Query:
        """Terms that begin with `start` and pass the test, from those there are."""
        name = place(target)
        begin = stem(str(target.key)) if name == PAIRS else ""
        terms = [
            term
            for term, _ in self._searcher.terms_with_prefix(name, begin + start)
            if test(term.removeprefix(begin))
        ]
        if not terms:
            return Query.empty_query()
        return _constant(Query.term_set_query(self._schema, name, terms))

    def _words(self, target: Target, words: tuple[str, ...], every: bool) -> Query:
        parts = [Query.term_query(self._schema, place(target), word) for word in words]
        if len(parts) == 1:
            return parts[0]
        return Query.boolean_query(
            [(Occur.Must if every else Occur.Should, part) for part in parts]
        )

    def _sequence(self, bound: Sequence) -> Query:
        name, words = place(bound.target), [*bound.words]
        if not bound.open:
            return Query.phrase_query(self._schema, name, [*words])
        expressions = [lexical.literal(word) for word in words]
        expressions[-1] += lexical.REST
        return Query.regex_phrase_query(self._schema, name, [*expressions])

    def _boosted(self, target: Target, found: Query) -> Query:
        boost = target.field.boost if target.field is not None else 1.0
        return found if boost == 1.0 else Query.boost_query(found, boost)

    def _combined(self, bound: Combined) -> Query:
        clauses = [(Occur.Must, self.compile(part)) for part in bound.must]
        clauses += [
            (Occur.Must, Query.const_score_query(self.compile(part), 0.0)) for part in bound.filter
        ]
        should = [(Occur.Should, self.compile(part)) for part in bound.should]
        if bound.minimum > len(should):
            return Query.empty_query()
        if bound.minimum:
            clauses.append((Occur.Must, Query.boolean_query(should, bound.minimum)))
        else:
            clauses += should
        if not any(occur is Occur.Must for occur, _ in clauses):
            clauses.append((Occur.Must, Query.all_query()))
        clauses += [(Occur.MustNot, self.compile(part)) for part in bound.must_not]
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


def _constant(found: Query) -> Query:
    return Query.const_score_query(found, 1.0)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return lexical.literal(part)
    return lexical.REST if part is ANY_RUN else lexical.ANY
