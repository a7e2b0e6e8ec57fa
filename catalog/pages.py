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


def portions(keys: Sequence[K], weights: Mapping[K, int]) -> Iterator[list[K]]:
    """The keys in order, in parts whose rows hold at most as much as a page together; a heavier row is a part alone."""
    bound, part, held = section(CatalogConfig).page_bytes, list[K](), 0
    for key in keys:
        heavy = weights.get(key, 0)
        if part and (held + heavy > bound or len(part) == ROWS):
            yield part
            part, held = [], 0
        part.append(key)
        held += heavy
    if part:
        yield part


@dataclass(frozen=True, slots=True)
class Filled(Generic[R]):
    """The rows of a page as JSON, the last of them, and whether the page was cut before rows that were there."""

    shown: list[orjson.Fragment]
    last: R | None
    cut: bool


def filled(rows: Iterable[R], show: Callable[[R], Any]) -> Filled[R]:
    """As many of the rows as a page holds, the first whatever its size. Of `rows` no more are read than it takes."""
    bound, held, last = section(CatalogConfig).page_bytes, 0, None
    shown: list[orjson.Fragment] = []
    for row in rows:
        document = orjson.dumps(show(row))
        held += len(document) + 1
        if shown and held > bound:
            return Filled(shown, last, cut=True)
        shown.append(orjson.Fragment(document))
        last = row
    return Filled(shown, last, cut=False)
