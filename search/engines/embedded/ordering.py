"""Sorting in tantivy: one pass makes the first keys of the order, and the numbers of the documents that hold them."""

from collections.abc import Sequence
from typing import Any

import tantivy
from tantivy import DocAddress, FieldType, Occur, Order, Query, Searcher

from search.engines.embedded.layout import TIE, counted_place, ordered_place
from search.ordering import Key

ROOM = 10_000
"""Of the best documents so many are asked for at once: their ties need no second question."""
ENOUGH = 8
LARGEST = 2**63 - 1

Scored = tuple[float, DocAddress]


class Ordering:
    """Pages of addresses in the order of several keys, and how many documents there are."""

    def __init__(self, searcher: Searcher, schema: tantivy.Schema) -> None:
        self._searcher, self._schema = searcher, schema

    def page(
        self, found: Query, keys: Sequence[Key], offset: int, size: int
    ) -> tuple[int, list[DocAddress]]:
        """The documents from `offset` on; without keys by their own numbers, in which every order ends."""
        if not keys:
            hits = self._searcher.search(
                found, size, offset=offset, order_by_field=TIE, order=Order.Asc
            )
            return int(hits.count), [address for _, address in hits.hits]  # type: ignore[attr-defined] # the stub has left it out
        sources = [{str(at): {"terms": _source(key)}} for at, key in enumerate(keys)]
        sources.append({TIE: {"terms": {"field": TIE, "order": "asc"}}})
        answer: dict[str, Any] = self._searcher.aggregate(
            found,
            {
                "first": {"composite": {"size": offset + size, "sources": sources}},
                "total": {"value_count": {"field": TIE}},
            },
        )
        numbers = [bucket["key"][TIE] for bucket in answer["first"]["buckets"][offset:]]
        return int(answer["total"]["value"]), self._addresses(numbers)

    def by_score(
        self, found: Query, offset: int, size: int
    ) -> tuple[int, list[DocAddress], list[float | None]]:
        """The best documents, their scores beside them; equal ones by their own numbers."""
        need = offset + size
        answer = self._searcher.search(found, max(need, ROOM))
        total, hits = int(answer.count), answer.hits  # type: ignore[attr-defined] # the stub has left it out
        if len(hits) == total or hits[-1][0] < hits[need - 1][0]:
            ranked = self._ranked(hits)
        else:
            last = hits[-1][0]
            ranked = self._ranked([hit for hit in hits if hit[0] > last])
            ranked += self._tied(found, last, need - len(ranked), total)
        page = ranked[offset:need]
        return total, [address for _, address in page], [score for score, _ in page]

    def _tied(self, found: Query, score: float, need: int, total: int) -> list[Scored]:
        """The first `need` documents of this score. Tantivy breaks ties in its own way, so all of a part are asked for:
        of those whose numbers, which are spread evenly, are small; of more when these were too few.
        """
        share = need * ENOUGH / total
        while True:
            part = found if share >= 1 else self._below(found, int(share * LARGEST))
            hits = self._searcher.search(part, total, count=False).hits
            tied = [hit for hit in hits if hit[0] == score]
            if len(tied) >= need or share >= 1:
                return self._ranked(tied)[:need]
            share *= ENOUGH

    def _below(self, found: Query, number: int) -> Query:
        small = Query.range_query(self._schema, TIE, FieldType.Integer, 0, number)
        return Query.boolean_query(
            [(Occur.Must, found), (Occur.Must, Query.const_score_query(small, 0.0))]
        )

    def _ranked(self, hits: Sequence[Scored]) -> list[Scored]:
        numbers = self._searcher.fast_field_values(TIE, [address for _, address in hits])
        ranked = sorted(zip(hits, numbers, strict=True), key=lambda one: (-one[0][0], one[1]))
        return [hit for hit, _ in ranked]

    def _addresses(self, numbers: Sequence[int]) -> list[DocAddress]:
        """Where the documents of these numbers lie."""
        if not numbers:
            return []
        those = Query.term_set_query(self._schema, TIE, list(numbers))
        hits = self._searcher.search(
            those, len(numbers), count=False, order_by_field=TIE, order=Order.Asc
        ).hits
        places = dict(hits)
        return [places[number] for number in numbers]


def _source(key: Key) -> dict[str, Any]:
    untyped = key.target.key is not None and key.target.typing is None
    name = (
        counted_place(key.target)
        if untyped
        else ordered_place(key.target, descending=key.descending)
    )
    return {
        "field": name,
        "order": "desc" if key.descending else "asc",
        "missing_bucket": True,
        "missing_order": "last",
    }
