"""From a query in the caller's words to one over the index's fields: names resolved, values typed, text taken apart.

All engines compile the same resolved query, so what a query means is decided here alone:

- `Term` of a text is its whole value; `Prefix` and `Wildcard` of a text look at its words, folded as words are.
- A text is taken apart for each field by itself: of `Match` with `and`, one field must have all the words. Keywords are
  compared whole where they are named; free text looks for each word in them.
- What a value means to a field of some type, `comparing` says.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from catalog import query
from catalog.indexing.documents import FieldType
from catalog.query import Expression, Scalar
from search import analysis, edit_distance, patterns, phrases
from search.comparing import ID, between, equal, short
from search.encoding import Value
from search.errors import QueryRefused, QueryTooCostly
from search.resolved_query import (
    ANY_ONE,
    ANY_RUN,
    All,
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
    any_part,
    both,
)
from search.resolving import ANYWHERE, PROPERTY_KEYS, Target, as_text, resolve, sortable
from search.schema import Schema

LONGEST_BEGINNING = 100
MOST_ANY_RUN, MOST_ANY_ONE, MOST_BEHIND = 10, 50, 10
LOOKUPS, VALUES_OF_ONE = 1024, 32
"""Words, values and patterns that a query may look up, in each field; so many values of one list count as one."""
SHORTEST_ID_PART = 6
"""Free text finds an id by a part of it once that is more than chance: every text of two digits begins some id."""
HEXADECIMAL = frozenset("0123456789abcdef-")
TEXTS = frozenset({FieldType.TEXT, FieldType.KEYWORD})


def resolve_query(
    schema: Schema, expression: Expression, *, internal: bool = False
) -> ResolvedQuery:
    """The resolved query; QueryRefused names what cannot be asked, QueryTooCostly that it looks up too much. `internal`
    queries may name hidden fields, and be of any size.
    """
    return _Resolver(schema, internal).resolve_query(expression)


@dataclass(frozen=True, slots=True)
class _Resolver:
    schema: Schema
    internal: bool
    lookups: list[int] = field(default_factory=lambda: [0])

    def resolve_query(self, one: Expression) -> ResolvedQuery:
        match one:
            case query.Everything():
                return All()
            case query.Nothing():
                return Never()
            case query.Term(name, value):
                return self._counted(self._one_of(self._target(name), (value,)))
            case query.Terms(name, several):
                return self._counted(self._one_of(self._target(name), several))
            case query.Range():
                return self._counted(between(self._target(one.field), one))
            case query.Exists(name):
                return self._present(self._target(name))
            case query.Prefix(name, value):
                return self._over_fields(
                    (name,), lambda target: _begins(_for_text(target, "a prefix"), value)
                )
            case query.Wildcard(name, pattern):
                free = name == ANYWHERE
                return self._over_fields(
                    (name,), lambda target: _looks(_for_text(target, "a pattern"), pattern, free)
                )
            case query.Match():
                return self._over_fields(one.fields, lambda target: self._match(target, one))
            case query.Phrase():
                return self._over_fields(one.fields, lambda target: self._phrase(target, one))
            case query.Near():
                return self._over_fields(one.fields, lambda target: _near(target, one.word))
            case query.Bool():
                return self._combined(one)

    def _target(self, name: str) -> Target:
        return resolve(self.schema, name, internal=self.internal)

    def _combined(self, one: query.Bool) -> ResolvedQuery:
        should = tuple(map(self.resolve_query, one.should))
        alone = not one.must and not one.filter
        minimum = one.minimum or 0
        if should and alone and minimum <= 0:
            minimum = 1  # as Lucene has it: a query of optional clauses alone needs one of them
        if minimum > len(should):
            return Never()
        return Combined(
            must=tuple(map(self.resolve_query, one.must)),
            filter=tuple(map(self.resolve_query, one.filter)),
            should=should,
            must_not=tuple(map(self.resolve_query, one.must_not)),
            minimum=max(minimum, 0),
        )

    def _over_fields(
        self, names: tuple[str, ...], leaf: Callable[[Target], ResolvedQuery]
    ) -> ResolvedQuery:
        """One leaf per field. Over several fields, those that cannot hold such a value are passed over."""
        targets = self._targets(names)
        if len(targets) == 1:
            return self._counted(leaf(targets[0]))
        free = names in {(), (ANYWHERE,)}
        parts = []
        for target in targets:
            try:
                found = self._counted(leaf(target))
                parts.append(self._within(target, found) if free else found)
            except QueryRefused as refused:
                if not refused.unfit:
                    raise
        parts = [part for part in parts if not isinstance(part, Never)]
        return any_part(*parts)

    def _targets(self, names: tuple[str, ...]) -> list[Target]:
        if names and names != (ANYWHERE,):
            return [self._target(name) for name in names]
        return [Target(one.name, one.type, one) for one in self.schema.free_text()]

    def _counted(self, found: ResolvedQuery) -> ResolvedQuery:
        """What was made of one field, unless it was one too many."""
        self._count(len(found.words) if isinstance(found, Words | Sequence) else 1)
        return found

    def _count(self, lookups: int) -> None:
        self.lookups[0] += lookups
        if self.lookups[0] > LOOKUPS and not self.internal:
            raise QueryTooCostly(
                f"the query looks up more than {LOOKUPS} words, values and patterns, counted for each field;"
                " ask for fewer at once, or name the fields to look into",
                part="query",
            )

    def _within(self, target: Target, found: ResolvedQuery) -> ResolvedQuery:
        """What free text finds in a field, in the documents in which the caller may search it."""
        where = self.schema.hidden.words.get(target.name)
        if where is None or isinstance(found, Never):
            return found
        return both(found, resolve_query(self.schema, where, internal=True))

    def _match(self, target: Target, one: query.Match) -> ResolvedQuery:
        every = one.operator == "and"
        if target.type is FieldType.TEXT:
            made = self._unfinished if one.prefix else _any_order
            return made(target, one.text, every)
        if target.type is FieldType.KEYWORD and one.fields in {(), (ANYWHERE,)}:
            return self._apart(target, one)
        if target.type is FieldType.KEYWORD and one.prefix:
            return _begins(target, one.text)
        return self._one_of(target, (one.text,))

    def _unfinished(self, target: Target, text: str, every: bool) -> ResolvedQuery:
        """The words of a text, the last of which may go on."""
        words = _words(text)
        if not words:
            return Never()
        last = _begins_word(target, words[-1])
        finished = tuple(dict.fromkeys(words[:-1]))
        if not finished:
            return last
        self._count(len(finished))
        return _joined([Words(target, finished, every), last], every)

    def _apart(self, target: Target, one: query.Match) -> ResolvedQuery:
        """Free text in keywords: each of its words is a whole value, or the last one the beginning of one."""
        every = one.operator == "and"
        parts = one.text.split()
        parts = [part for part in parts if _words(part)] or parts
        found: list[ResolvedQuery] = []
        if one.prefix and parts:
            last = parts.pop()
            chance = target.name == ID and len(last) < SHORTEST_ID_PART
            found.append(Never() if chance else _begins(target, last))
        whole = (self._one_of(target, (part,)) for part in dict.fromkeys(parts))
        found.extend(map(self._counted, whole))
        return _joined(found, every)

    def _phrase(self, target: Target, one: query.Phrase) -> ResolvedQuery:
        if target.type is FieldType.KEYWORD and one.prefix:
            if target.name == ID and not one.fields and len(one.text) < SHORTEST_ID_PART:
                return Never()
            return _begins(target, one.text)
        if target.type is not FieldType.TEXT:
            return self._one_of(target, (one.text,))
        words = _words(one.text)
        if one.prefix and words:
            _not_too_long(words[-1])
        if one.prefix and not (target.many and len(words) > 1):
            return phrases.unfinished(target, words)
        return phrases.whole(target, words)  # of several texts, the words need not be of the same

    def _present(self, target: Target) -> ResolvedQuery:
        self._count(1)
        if target.key is None:
            return Present(target)
        keys = Target(PROPERTY_KEYS.name, FieldType.KEYWORD, PROPERTY_KEYS)
        return OneOf(keys, (target.key,))

    def _one_of(self, target: Target, wanted: tuple[Scalar, ...]) -> ResolvedQuery:
        self._count(len(wanted) // VALUES_OF_ONE)
        target = sortable(target)
        parts = [equal(target, value) for value in wanted]
        merged: dict[Target, dict[Value, None]] = {}
        others: list[ResolvedQuery] = []
        for part in parts:
            if isinstance(part, OneOf):
                merged.setdefault(part.target, {}).update(dict.fromkeys(part.values))
            elif not isinstance(part, Never):
                others.append(part)
        found = [*(OneOf(t, tuple(found)) for t, found in merged.items()), *others]
        return any_part(*found)


def _any_order(target: Target, text: str, every: bool) -> ResolvedQuery:
    words = tuple(dict.fromkeys(_words(text)))
    return Words(target, words, every) if words else Never()


def _joined(parts: list[ResolvedQuery], every: bool) -> ResolvedQuery:
    """All of the parts, or any of them; each counts."""
    found = [part for part in parts if not isinstance(part, Never)]
    if not every or len(parts) < 2:
        return any_part(*found)
    return Combined(tuple(found), (), (), (), 0) if len(found) == len(parts) else Never()


def _begins_word(target: Target, word: str) -> ResolvedQuery:
    _not_too_long(word)
    return PrefixMatch(target, word)


def _not_too_long(word: str) -> None:
    if len(word) > LONGEST_BEGINNING:
        raise QueryRefused(f"an unfinished word has at most {LONGEST_BEGINNING} characters")


def _begins(target: Target, value: str) -> ResolvedQuery:
    short(target, value)
    if target.type is FieldType.TEXT:
        value = analysis.folded(value)
    found = PrefixMatch(target, value)
    return (
        any_part(found, PrefixMatch(target, value.lower())) if _capitals(target, value) else found
    )


def _capitals(target: Target, part: str) -> bool:
    """Whether this may be a part of an id that is written in capitals."""
    return target.name == ID and part != part.lower() and set(part.lower()) <= HEXADECIMAL


@lru_cache(maxsize=64)
def _words(text: str) -> tuple[str, ...]:
    """The words of a text, which is asked of several fields."""
    return tuple(analysis.words(text))


def _looks(target: Target, pattern: str, free: bool) -> ResolvedQuery:
    short(target, pattern)
    parts = list(patterns.parts(pattern))
    letters = sum(len(part) for part in parts if isinstance(part, str))
    if free and target.name == ID and letters < SHORTEST_ID_PART:
        return Never()
    if parts.count(ANY_RUN) > MOST_ANY_RUN:
        raise QueryRefused(
            f"the pattern for {target.name} has more than {MOST_ANY_RUN} *", field=target.name
        )
    if parts.count(ANY_ONE) > MOST_ANY_ONE:
        raise QueryRefused(
            f"the pattern for {target.name} has more than {MOST_ANY_ONE} ?", field=target.name
        )
    if patterns.ones_after_a_run(parts) > MOST_BEHIND:
        raise QueryRefused(
            f"the pattern for {target.name} has more than {MOST_BEHIND} ? after a *",
            field=target.name,
        )
    if target.type is FieldType.TEXT:
        parts = [analysis.folded(part) if isinstance(part, str) else part for part in parts]
    found = WildcardMatch(target, tuple(parts))
    if not _capitals(target, "".join(part for part in parts if isinstance(part, str))):
        return found
    small = (part.lower() if isinstance(part, str) else part for part in parts)
    return any_part(found, WildcardMatch(target, tuple(small)))


def _near(target: Target, word: str) -> ResolvedQuery:
    target = _for_text(target, "a near word")
    found = analysis.folded(word) if target.type is FieldType.TEXT else word
    if target.name == ID or not edit_distance.SHORTEST <= len(found) <= LONGEST_BEGINNING:
        return Never()
    return Near(target, found, edit_distance.most(found))


def _for_text(target: Target, what: str) -> Target:
    if target.type in TEXTS:
        return target
    if target.key is not None:
        return as_text(target)
    raise QueryRefused.of_field(f"{target.name} is a {target.type}; {what} needs text", target.name)
