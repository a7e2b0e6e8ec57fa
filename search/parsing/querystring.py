"""Lucene's query string: `name:cirros AND size:[1 TO *] -status:queued`, read into values.

luqum parses the text; its precedence of AND and OR is not Lucene's, so the tree is flattened and each clause gets its
sign by Lucene's rule: AND makes both its sides required, and with a default of AND an OR makes both optional.
"""

import re
from dataclasses import dataclass
from typing import Any

from luqum import tree
from luqum.exceptions import ParseError
from luqum.thread import parse as parse_tree

from catalog import query
from catalog.query import Expression
from search.binding import bind
from search.errors import QueryRefused, QueryTooCostly, UnknownField
from search.parsing.reading import LONGEST_TEXT
from search.resolving import ANYWHERE
from search.schema import Schema

DEPTH, CLAUSES = 20, 256
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_WILD = re.compile(r"(?<!\\)(?:\\\\)*[*?]")
_OPERATIONS = (tree.AndOperation, tree.OrOperation, tree.UnknownOperation)
_REFUSED = {
    tree.Boost: "weights (^)",
    tree.Fuzzy: "fuzzy words (~)",
    tree.Proximity: "words with gaps between them (~)",
    tree.Regex: "regular expressions (/…/; write \\/ for a slash)",
}


@dataclass(frozen=True, slots=True)
class _Options:
    schema: Schema
    fields: tuple[str, ...]
    every: bool
    lenient: bool
    leading_wildcard: bool


def parse(
    schema: Schema,
    text: str,
    *,
    fields: tuple[str, ...] = (),
    every: bool = False,
    lenient: bool = False,
    leading_wildcard: bool = True,
    depth: int = 1,
) -> Expression:
    """The expression of a query string. `every`: words without a sign are required. `lenient`: a value that a field
    cannot hold finds nothing instead of being refused. `depth`: how deep it lies in its query.
    """
    if len(text) > LONGEST_TEXT:
        raise QueryRefused(f"the query string is longer than {LONGEST_TEXT} characters")
    if not text.strip():
        return query.Nothing()
    try:
        parsed = parse_tree(text)
    except (ParseError, RecursionError) as error:
        raise QueryRefused(f"the query string cannot be read: {str(error)[:300]}") from None
    return _Reader(_Options(schema, fields, every, lenient, leading_wildcard)).read(
        parsed, None, depth
    )


class _Reader:
    def __init__(self, options: _Options) -> None:
        self._options, self._clauses = options, 0

    def read(self, node: Any, field: str | None, depth: int) -> Expression:
        if depth > DEPTH:
            raise QueryRefused(f"the query string is nested deeper than {DEPTH} levels")
        for kind, name in _REFUSED.items():
            if isinstance(node, kind):
                raise QueryRefused(f"{name} are not understood: {str(node).strip()[:80]}")
        if isinstance(node, _OPERATIONS):
            return self._operation(node, field, depth)
        if isinstance(node, tree.Group | tree.FieldGroup):
            return self.read(node.expr, field, depth + 1)
        if isinstance(node, tree.SearchField):
            return self._field(node, field, depth)
        if isinstance(node, tree.Plus):
            return self.read(node.a, field, depth + 1)
        if isinstance(node, tree.Prohibit | tree.Not):
            return query.Bool(must_not=(self.read(node.a, field, depth + 1),))
        self._count()
        return self._checked(self._leaf(node, field), field)

    def _operation(self, node: Any, field: str | None, depth: int) -> Expression:
        signs: list[str] = []
        clauses: list[Expression] = []
        for joined, one in _flat(node, None):
            sign, inner = _sign(one)
            if signs and signs[-1] != "-":
                if joined == "AND":
                    signs[-1] = "+"
                elif joined == "OR" and self._options.every:
                    signs[-1] = ""
            required = sign == "+" or joined == "AND" or (self._options.every and joined != "OR")
            signs.append("-" if sign == "-" else "+" if required else "")
            clauses.append(self.read(inner, field, depth + 1))

        def having(sign: str) -> tuple[Expression, ...]:
            return tuple(c for s, c in zip(signs, clauses, strict=True) if s == sign)

        return query.Bool(must=having("+"), should=having(""), must_not=having("-"))

    def _field(self, node: Any, field: str | None, depth: int) -> Expression:
        if field is not None:
            raise QueryRefused(
                f"a field within a field: {field}:{node.name}; escape the colon as \\:"
            )
        name = _unescaped(node.name)
        expression = node.expr
        if name == "_exists_":
            return self._checked(query.Exists(_unescaped(str(expression).strip())), name)
        if isinstance(expression, tree.Prohibit | tree.Plus) and isinstance(
            expression.a, tree.Word
        ):
            # `size:-5`: the sign belongs to the value.
            sign = "-" if isinstance(expression, tree.Prohibit) else ""
            self._count()
            return self._checked(query.Match((name,), sign + _unescaped(expression.a.value)), name)
        return self.read(expression, name, depth + 1)

    def _leaf(self, node: Any, field: str | None) -> Expression:
        fields = (field,) if field is not None else self._options.fields
        if isinstance(node, tree.Phrase):
            return query.Phrase(fields, _unescaped(node.value[1:-1]))
        if isinstance(node, tree.Range | tree.From | tree.To):
            if field is None:
                raise QueryRefused(f"a range needs a field: {str(node).strip()[:80]}")
            return _range(field, node)
        if not isinstance(node, tree.Word):
            raise QueryRefused(f"not understood: {str(node).strip()[:80]}")
        if node.value == "*":
            return query.Everything() if field is None else query.Exists(field)
        if _WILD.search(node.value):
            return self._wildcard(node.value, fields)
        operator = "and" if self._options.every else "or"
        return query.Match(fields, _unescaped(node.value), operator)  # type: ignore[arg-type] # one of the two

    def _wildcard(self, pattern: str, fields: tuple[str, ...]) -> Expression:
        if pattern[0] in "*?" and not self._options.leading_wildcard:
            raise QueryRefused(f"a pattern may not begin with * or ? here: {pattern[:80]}")
        return query.any_of(*(query.Wildcard(name, pattern) for name in fields or (ANYWHERE,)))

    def _checked(self, leaf: Expression, field: str | None) -> Expression:
        """The leaf, or Nothing for one that a lenient query passes over."""
        if not self._options.lenient:
            return leaf
        try:
            bind(self._options.schema, leaf)
        except (UnknownField, QueryTooCostly):
            raise
        except QueryRefused:
            return query.Nothing()
        return leaf

    def _count(self) -> None:
        self._clauses += 1
        if self._clauses > CLAUSES:
            raise QueryRefused(f"the query string has more than {CLAUSES} clauses")


def _flat(node: Any, joined: str | None) -> list[tuple[str | None, Any]]:
    """The clauses of nested operations, each with the word before it."""
    found: list[tuple[str | None, Any]] = []
    stack: list[tuple[str | None, Any]] = [(joined, node)]
    while stack:
        before, one = stack.pop()
        if not isinstance(one, _OPERATIONS):
            found.append((before, one))
            continue
        own = {tree.AndOperation: "AND", tree.OrOperation: "OR"}.get(type(one))
        children = [(before if i == 0 else own, child) for i, child in enumerate(one.children)]
        stack.extend(reversed(children))
    return found


def _sign(node: Any) -> tuple[str, Any]:
    if isinstance(node, tree.Plus):
        return "+", node.a
    if isinstance(node, tree.Prohibit | tree.Not):
        return "-", node.a
    return "", node


def _range(field: str, node: Any) -> Expression:
    if isinstance(node, tree.From):
        side = "gte" if node.include else "gt"
        return query.Range(field, **{side: _bound(node.a)})
    if isinstance(node, tree.To):
        side = "lte" if node.include else "lt"
        return query.Range(field, **{side: _bound(node.a)})
    return query.Range(
        field,
        **{
            "gte" if node.include_low else "gt": _bound(node.low),
            "lte" if node.include_high else "lt": _bound(node.high),
        },
    )


def _bound(node: Any) -> str | None:
    written = str(node).strip()
    if written == "*":
        return None
    if isinstance(node, tree.Phrase):
        written = written[1:-1]
    return _unescaped(written)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
