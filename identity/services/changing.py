"""What all of identity's services share: a transaction that tells its conflicts, and what an event remembers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction

from catalog.errors import CatalogError, ConcurrentChange, Invalid, NotFound
from catalog.events.recording import Change

M = TypeVar("M", bound=models.Model)
EXTRA = "extra"
NOTHING: Mapping[str, str | None] = MappingProxyType({})


@contextmanager
def changing(taken: CatalogError | None = None) -> Iterator[None]:
    """A transaction; `taken` is raised when a unique constraint refuses the change.

    ConcurrentChange when a row that the change relies on was deleted meanwhile.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if taken is not None and _is_unique_violation(error):
            raise taken from None
        raise ConcurrentChange(
            "Something that the change relies on was changed at the same time; try again."
        ) from error


def locked(rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """The rows, held until the transaction ends (SQLite holds the whole database anyway)."""
    return rows.select_for_update(of=("self",), no_key=True)


def apply(row: models.Model, values: Mapping[str, Any]) -> dict[str, Change]:
    """Set the attributes that differ, save those, and tell the changes.

    `extra` is merged into what is there; null takes a member out.
    """
    if EXTRA in values:
        values = {**values, EXTRA: without_nulls({**getattr(row, EXTRA), **values[EXTRA]})}
    changes = {
        name: Change(old=getattr(row, name), new=value)
        for name, value in values.items()
        if getattr(row, name) != value
    }
    for name, change in changes.items():
        setattr(row, name, change.new)
    if changes:
        row.save(update_fields=list(changes))
    return changes


def refuse_others(fixed: Mapping[str, str | None], present: Mapping[str, str | None]) -> None:
    """Invalid when a client gives what never changes another value than it has."""
    for name, value in fixed.items():
        if value is not None and value != present[name]:
            raise Invalid(f"{name} cannot be changed.", attribute=name)


@contextmanager
def pointing(attribute: str) -> Iterator[None]:
    """Invalid instead of NotFound for what a document points to: the address that was asked for is there."""
    try:
        yield
    except NotFound as error:
        raise Invalid(error.message, attribute=attribute) from None


def created(row: models.Model, *names: str) -> dict[str, Change]:
    """The changes of a creation: what is not empty."""
    return {
        name: Change(new=v) for name in names if (v := getattr(row, name)) not in (None, "", {})
    }


def without_nulls(extra: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (extra or {}).items() if value is not None}


def _is_unique_violation(error: IntegrityError) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state == "23505" if state else "UNIQUE constraint failed" in str(error)
