"""Pages bounded in bytes: rows are read in portions, and a page ends before it would hold more than its bound.

::

    listing = selectors.listed(…)                      # keys first
    page = filled(listing.rows, show)                  # rows in portions, until the page is full
    json_response({"things": page.shown, …})           # page.last, page.cut: whether and where a next one begins
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from django.db.models import F, Func, IntegerField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.sql.compiler import SQLCompiler
from typing_extensions import override

from catalog.conf import CatalogConfig, section

ROWS = 250
"""Most rows of a portion: what hangs on each, and is not weighed, is bounded as well."""
FIRST = 100
"""Rows of the first portion: usual pages are one, and a page of the heaviest rows ends within it."""
K = TypeVar("K")
R = TypeVar("R")


class _StoredBytes(Func):
    """How many bytes a column's text takes."""

    output_field = IntegerField()
    template = "octet_length((%(expressions)s)::text)"

    @override
    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **extra_context: Any) -> Any:
        return self.as_sql(compiler, connection, template="length(CAST(%(expressions)s AS BLOB))")


def weight(*columns: str) -> Combinable:
    """How many bytes these columns of a row hold together."""
    found: Combinable = Value(0)
    for column in columns:
        found += Coalesce(_StoredBytes(F(column)), Value(0))
    return found


def portions(
    keys: Sequence[K], weigh: Callable[[Sequence[K]], Mapping[K, int]] | None = None
) -> Iterator[list[K]]:
    """The keys in order, in parts whose rows hold at most as much as a page together; a heavier row is a part alone.

    `weigh` tells what rows hold, in bytes. It is asked for some keys at a time, so that nobody weighs what a full page
    leaves out; a key alone is not weighed.
    """
    start, window = 0, FIRST
    while start < len(keys):
        part = keys[start : start + window]
        yield from _bounded(part, weigh(part) if weigh and len(part) > 1 else {})
        start, window = start + len(part), ROWS


def _bounded(keys: Sequence[K], weights: Mapping[K, int]) -> Iterator[list[K]]:
    bound, part, held = section(CatalogConfig).page_bytes, list[K](), 0
    for key in keys:
        heavy = weights.get(key, 0)
        if part and held + heavy > bound:
            yield part
            part, held = [], 0
        part.append(key)
        held += heavy
    if part:
        yield part


def room(weights: Iterable[int]) -> int:
    """How many rows of these weights, from the first one on, a page has room for; one at least."""
    bound, held, count = section(CatalogConfig).page_bytes, 0, 0
    for heavy in weights:
        held += heavy
        if count and held > bound:
            break
        count += 1
    return count


def taken(rows: Iterable[R], size: Callable[[R], int]) -> tuple[list[R], bool]:
    """As many of the rows as a page holds, the first whatever its size, and whether there were more. Of `rows` no more
    are read than it takes.
    """
    bound, held = section(CatalogConfig).page_bytes, 0
    found: list[R] = []
    for row in rows:
        held += size(row) + 1
        if found and held > bound:
            return found, True
        found.append(row)
    return found, False


@dataclass(frozen=True, slots=True)
class Filled(Generic[R]):
    """The rows of a page as JSON, the last of them, and whether the page was cut before rows that were there."""

    shown: list[orjson.Fragment]
    last: R | None
    cut: bool


def filled(rows: Iterable[R], show: Callable[[R], Any]) -> Filled[R]:
    """What `taken` takes, as it is shown."""
    written = ((row, orjson.dumps(show(row))) for row in rows)
    found, cut = taken(written, lambda one: len(one[1]))
    shown = [orjson.Fragment(document) for _, document in found]
    return Filled(shown, found[-1][0] if found else None, cut)
