"""Rows of Vitrine's models for COPY: every stored column, with the model's own defaults where nothing is said.

Made from the models, so that a column added to them later is filled without a change here.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.db import models

from benchmarks.copying import Target


class RowMaker:
    """Turns `{attribute: value}` into the tuple of a model's columns; `key=False` leaves the key to the database."""

    def __init__(self, model: type[models.Model], *, key: bool = True) -> None:
        meta = model._meta  # noqa: SLF001 - documented, in spite of its name
        fields = [f for f in meta.concrete_fields if not f.generated and (key or not f.primary_key)]
        self.target = Target(meta.db_table, tuple(str(f.column) for f in fields))
        self._columns = [(f.attname, f.get_default, _adapter(f)) for f in fields]

    def __call__(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(
            adapt(values[name] if name in values else default())
            for name, default, adapt in self._columns
        )

    def all(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
        return map(self, rows)


def _adapter(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    if isinstance(field, models.JSONField):
        return lambda value: None if value is None else json.dumps(value)
    return lambda value: value
