"""Sorting in tantivy, which orders by one field: each further key is asked for within the groups of equal values.

Only groups that hold several documents of the page cost a further query; the last key, a number of the
document, ends it.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from tantivy import DocAddress, Occur, Order, Query, Searcher

from catalog.indexing.documents import FieldType
from search.bound import OneOf
from search.compilers.tantivy import TantivyCompiler
from search.encoding import Value
from search.engines.embedded.layout import JSON, TIE, counted_place, counted_value, ordered_place
from search.errors import QueryRefused
from search.ordering import Key
from search.resolving import Target

DISTINCT = 65_000


class Ordering:
    """Pages of addresses in the order of several keys."""

    def __init__(self, searcher: Searcher, compiler: TantivyCompiler, types: "Fields") -> None:
        self._searcher, self._compiler, self._types = searcher, compiler, types

    def first(self, found: Query, keys: Sequence[Key], need: int) -> list[DocAddress]:
        """The first `need` documents of `found`."""
        if need <= 0:
            return []
        if not keys:
            page = self._searcher.search(
                found, need, count=False, order_by_field=TIE, order=Order.Asc
            )
            return [address for _, address in page.hits]
        if keys[0].target.key is not None and keys[0].target.typing is None:
            return self._by_property(found, keys, need)
        return self._by_field(found, keys, need)

    def _by_field(self, found: Query, keys: Sequence[Key], need: int) -> list[DocAddress]:
        key, rest = keys[0], keys[1:]
        name = ordered_place(key.target, descending=key.descending)
        there = Query.const_score_query(Query.exists_query(name), 0.0)
        hits = self._searcher.search(
            _both(found, there),
            need,
            count=False,
            order_by_field=name,
            order=Order.Desc if key.descending else Order.Asc,
        ).hits
        addresses: list[DocAddress] = []
        for value, group in groupby(hits, key=lambda hit: hit[0]):
            members = [address for _, address in group]
            cut = len(hits) == need and len(addresses) + len(members) == need
            if len(members) > 1 or cut:
                equal = self._types.equal(name, key.target.type, value)
                members = self.first(_both(found, equal), rest, len(members))
            addresses += members
        if len(addresses) < need:
            missing = _without(found, there)
            addresses += self.first(missing, rest, need - len(addresses))
        return addresses

    def _by_property(self, found: Query, keys: Sequence[Key], need: int) -> list[DocAddress]:
        key, rest = keys[0], keys[1:]
        counts: dict[str, Any] = self._searcher.aggregate(
            found, {"by": {"terms": {"field": counted_place(key.target), "size": DISTINCT}}}
        )
        if counts["by"]["sum_other_doc_count"]:
            raise QueryRefused(f"{key.target.name} has too many values to sort by")
        values = sorted(
            (counted_value(key.target, bucket["key"]) for bucket in counts["by"]["buckets"]),
            key=str.encode,
            reverse=key.descending,
        )
        addresses: list[DocAddress] = []
        for value in values:
            equal = self._compiler.compile(OneOf(key.target, (value,)))
            addresses += self.first(_both(found, equal), rest, need - len(addresses))
            if len(addresses) >= need:
                return addresses
        there = Query.const_score_query(self._types.holds_property(str(key.target.key)), 0.0)
        return addresses + self.first(_without(found, there), rest, need - len(addresses))


class Fields:
    """Exact queries on an index's own fields."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema

    def equal(self, name: str, type_: FieldType, value: Value) -> Query:
        """The field, which tantivy ordered by, has this value."""
        if type_ is FieldType.BOOLEAN:
            value = bool(value)
        return Query.const_score_query(Query.term_query(self._schema, name, value), 0.0)

    def holds_property(self, key: str) -> Query:
        # A value too long to be compared is not counted, and such a document sorts as one without.
        path = counted_place(Target(JSON, FieldType.KEYWORD, key=key))
        return Query.exists_query(path)


def _both(found: Query, other: Query) -> Query:
    return Query.boolean_query([(Occur.Must, found), (Occur.Must, other)])


def _without(found: Query, other: Query) -> Query:
    return Query.boolean_query([(Occur.Must, found), (Occur.MustNot, other)])
