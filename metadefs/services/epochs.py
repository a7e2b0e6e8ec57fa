"""The definitions' epoch: raised by every change, held by those who check assets against them."""

import uuid

from django.db import connection, transaction

from catalog.sql import prepared
from metadefs.models import Epoch

_READ = "SELECT value, token FROM metadefs_epoch WHERE id = %s"


def read_locked() -> int:
    """The value of `stamp_locked`."""
    return stamp_locked()[0]


def stamp_locked() -> tuple[int, str]:
    """The epoch and its token, held until the transaction ends: no definition changes between a
    check and the write it allows.

    PostgreSQL takes a share lock, so asset writers do not wait for each other; SQLite's IMMEDIATE
    transactions exclude every other writer anyway. RuntimeError outside a transaction.
    """
    _refuse_outside_a_transaction()
    return _held("FOR SHARE")


def lock() -> int:
    """The epoch, and no other change of definitions until the transaction ends."""
    _refuse_outside_a_transaction()
    return _held("FOR UPDATE")[0]


def advance(epoch: int) -> int:
    """Write the next epoch; the caller holds `lock`."""
    Epoch.objects.filter(pk=1).update(value=epoch + 1, token=str(uuid.uuid4()))
    return epoch + 1


def _held(clause: str) -> tuple[int, str]:
    found = _read(clause)
    if found is None:
        first = Epoch(id=1, token=str(uuid.uuid4()))
        Epoch.objects.bulk_create([first], ignore_conflicts=True)
        found = _read(clause)
    return found or (0, "")


def _read(clause: str) -> tuple[int, str] | None:
    suffix = f" {clause}" if connection.vendor == "postgresql" else ""
    with prepared.cursor() as cursor:
        cursor.execute(_READ + suffix, [1])
        row: tuple[int, str] | None = cursor.fetchone()
    return row


def _refuse_outside_a_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("the epoch can only be held inside a transaction")
