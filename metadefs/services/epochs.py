"""The definitions' epoch: raised by every change, held by those who check assets against them."""

import uuid

from django.db import connection, transaction

from metadefs.models import Epoch

_READ = "SELECT value FROM metadefs_epoch WHERE id = 1"


def read_locked() -> int:
    """The epoch, held until the transaction ends: no definition changes between a check and the
    write it allows.

    PostgreSQL takes a share lock, so asset writers do not wait for each other; SQLite's IMMEDIATE
    transactions exclude every other writer anyway. RuntimeError outside a transaction.
    """
    _refuse_outside_a_transaction()
    found = _value("FOR SHARE")
    if found is None:
        _make()
        found = _value("FOR SHARE")
    return found or 0


def lock() -> int:
    """The epoch, and no other change of definitions until the transaction ends."""
    _refuse_outside_a_transaction()
    found = _value("FOR UPDATE")
    if found is None:
        _make()
        found = _value("FOR UPDATE")
    return found or 0


def advance(epoch: int) -> int:
    """Write the next epoch; the caller holds `lock`."""
    Epoch.objects.filter(pk=1).update(value=epoch + 1, token=str(uuid.uuid4()))
    return epoch + 1


def _value(clause: str) -> int | None:
    suffix = f" {clause}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(_READ + suffix)
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _make() -> None:
    Epoch.objects.bulk_create([Epoch(id=1)], ignore_conflicts=True)


def _refuse_outside_a_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("the epoch can only be held inside a transaction")
