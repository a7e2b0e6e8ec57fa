"""Lucene's query string: `name:cirros AND size:[1 TO *] -status:queued`, read into values.

Each clause gets its sign by Lucene's rule, which knows no precedence: AND makes both its sides required, and with a
default of AND an OR makes both optional, whatever sign they have but `-`. Words side by side are one text, which each
field takes apart by itself; a text without a word in it, such as `…`, is left out.
"""

from dataclasses import dataclass

from catalog import query
from catalog.indexing.documents import FieldType
from catalog.query import Expression
from search import analysis
from search.errors import QueryRefused
from search.parsing import freetext, lucene
from search.parsing.lucene import Bounds, Clause, Group, Node, Pattern, Quoted, Star, Words
from search.parsing.reading import LONGEST_TEXT
from search.query_resolver import resolve_query
from search.resolving import ANYWHERE, resolve
from search.schema import Schema

DEPTH, CLAUSES = lucene.DEPTH, 256
EXISTS, ALL = "_exists_", "*"


@dataclass(frozen=True, slots=True)
class _Options:
    schema: Schema
    fields: tuple[str, ...]
    every: bool
    lenient: bool
    leading_wildcard: bool
    digests: tuple[str, ...]


def parse(
    schema: Schema,
    text: str,
    *,
    fields: tuple[str, ...] = (),
    every: bool = False,
    lenient: bool = False,
    leading_wildcard: bool = True,
    depth: int = 1,
    digests: tuple[str, ...] = (),
) -> Expression:
    """The expression of a query string. `every`: words without a sign are required. `lenient`: a value that a field
    cannot hold finds nothing instead of being refused. `depth`: how deep it lies in its query. A word without a field
    that may be a digest is looked for as the whole value of `digests`, too.
    """
    if len(text) > LONGEST_TEXT:
        raise QueryRefused(f"the query string is longer than {LONGEST_TEXT} characters")
    if not text.strip():
        return query.Nothing()
    reader = _Reader(_Options(schema, fields, every, lenient, leading_wildcard, digests))
    return reader.group(lucene.parse(text, depth), None) or query.Nothing()


class _Reader:
    """None stands for what holds no word; Lucene leaves it out."""

    def __init__(self, options: _Options) -> None:
        self._options, self._clauses = options, 0

    def group(self, group: Group, field: str | None) -> Expression | None:
        found: list[tuple[str, Expression]] = []
        for clause in group.clauses:
            if found and found[-1][0] != "-":
                if clause.joined == "AND":
                    found[-1] = ("+", found[-1][1])
                elif clause.joined == "OR" and self._options.every:
                    found[-1] = ("", found[-1][1])
            one = self._node(clause.node, field if clause.field is None else clause.field)
            if one is not None:
                found.append((self._sign(clause), one))
        if not found:
            return None

        def having(sign: str) -> tuple[Expression, ...]:
            return tuple(one for given, one in found if given == sign)

        if len(found) == 1 and found[0][0] != "-":
            return found[0][1]
        return query.Bool(must=having("+"), should=having(""), must_not=having("-"))

    def _sign(self, clause: Clause) -> str:
        if clause.sign == "-":
            return "-"
        if self._options.every:
            return "" if clause.joined == "OR" else "+"
        return "+" if clause.sign == "+" or clause.joined == "AND" else ""

    def _node(self, node: Node, field: str | None) -> Expression | None:
        if isinstance(node, Group):
            return self.group(node, field)
        self._count(node.several if isinstance(node, Words) else 1)
        leaf = self._leaf(node, field)
        return None if leaf is None else self._checked(leaf)

    def _leaf(self, node: Node, field: str | None) -> Expression | None:  # noqa: PLR0911 - one for each kind
        if field == EXISTS:
            return _existing(node)
        named = field is not None and field != ALL
        fields = (str(field),) if named else self._options.fields if field is None else ()
        match node:
            case Words(text):
                if self._wordless(fields, text):
                    return None
                match = query.Match(fields, text, "and" if self._options.every else "or")
                digests = [] if fields else self._as_digests(text)
                return query.any_of(match, *digests) if digests else match
            case Quoted(text):
                return None if self._wordless(fields, text) else query.Phrase(fields, text)
            case Star():
                found = tuple(query.Exists(name) for name in fields)
                return query.any_of(*found) if found else query.Everything()
            case Pattern(written):
                return self._pattern(written, fields)
            case Bounds():
                if not named:
                    raise QueryRefused(
                        "a range or a comparison needs a field: size:>1, size:[1 TO 2]"
                    )
                return _range(str(field), node)
        raise QueryRefused("a group stands where a word should")

    def _as_digests(self, text: str) -> list[Expression]:
        return [
            digest
            for word in text.split()
            for digest in freetext.as_digests(word, self._options.digests)
        ]

    def _wordless(self, fields: tuple[str, ...], text: str) -> bool:
        """Whether nothing is left of the text once it is taken apart; fields that are no texts take it whole."""
        if analysis.words(text):
            return False
        targets = [resolve(self._options.schema, name) for name in fields]
        return all(target.type is FieldType.TEXT for target in targets)

    def _pattern(self, pattern: str, fields: tuple[str, ...]) -> Expression:
        if pattern[0] in "*?" and not self._options.leading_wildcard:
            raise QueryRefused(f"a pattern may not begin with * or ? here: {pattern[:80]}")
        return query.any_of(*(query.Wildcard(name, pattern) for name in fields or (ANYWHERE,)))

    def _checked(self, leaf: Expression) -> Expression:
        """The leaf, or Nothing for one that a lenient query passes over."""
        if not self._options.lenient:
            return leaf
        try:
            resolve_query(self._options.schema, leaf)
        except QueryRefused as refused:
            if not refused.unfit:
                raise
            return query.Nothing()
        return leaf

    def _count(self, words: int) -> None:
        self._clauses += words
        if self._clauses > CLAUSES:
            raise QueryRefused(f"the query string has more than {CLAUSES} clauses")


def _existing(node: Node) -> Expression:
    match node:
        case Words(text, 1) | Quoted(text):
            return query.Exists(text)
        case Pattern(written):
            return query.Exists(written)
        case _:
            raise QueryRefused(f"{EXISTS} takes the name of one field: {EXISTS}:name")


def _range(field: str, bounds: Bounds) -> Expression:
    low, high = bounds.low, bounds.high
    return query.Range(
        field,
        **{"gte" if bounds.with_low else "gt": low, "lte" if bounds.with_high else "lt": high},
    )
