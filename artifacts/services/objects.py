"""Bytes that nobody refers to any more."""

import logging
from collections import Counter
from collections.abc import Iterable

from django.db.models import F

from artifacts import configured_stores as store_registry
from artifacts.models import StoredObject
from catalog import failpoints
from stores import BlobNotFound, StoreError

log = logging.getLogger(__name__)

BEFORE_BYTES = failpoints.declare(
    "delete.before_bytes", "the row is a tombstone, the bytes are there"
)
AFTER_BYTES = failpoints.declare("delete.after_bytes", "the bytes are gone, their row is there")


def remove(object_id: int) -> bool:
    """Delete the bytes of an object in state `deleting`, then its row.

    False when the store does not let go of them now: the row stays, and the reaper comes back to it.
    """
    stored = StoredObject.objects.filter(pk=object_id, state="deleting").first()
    if stored is None:
        return True
    failpoints.reach(BEFORE_BYTES)
    if not discard(stored.store, stored.key):
        return False
    failpoints.reach(AFTER_BYTES)
    StoredObject.objects.filter(pk=object_id, state="deleting").delete()
    return True


def are_kept(places: Iterable[tuple[str, str]]) -> bool:
    """Whether rows speak of bytes at one of these places, each a store and a key; addresses of others' always count."""
    for store, key in places:
        rows = StoredObject.objects.filter(store=store, key=key, state="stored")
        if store_registry.store(store).url_schemes or rows.exists():
            return True
    return False


def let_go(ids: Iterable[int]) -> None:
    """Take away one reference for each time that an id is named; what nobody refers to then is in state `deleting`.

    Its bytes are left to `remove`, once the transaction is through.
    """
    counted = Counter(ids)
    for times in set(counted.values()):
        named = [object_id for object_id, count in counted.items() if count == times]
        StoredObject.objects.filter(pk__in=named).update(references=F("references") - times)
    free = StoredObject.objects.filter(pk__in=list(counted), references__lte=0, state="stored")
    free.update(state="deleting")


def discard(store: str, key: str) -> bool:
    """Delete bytes that no row speaks for, if they are there; False when the store does not let go of them now."""
    try:
        store_registry.store(store).delete(key)
    except BlobNotFound:
        pass
    except StoreError as error:
        log.warning("bytes cannot be deleted now", extra={"key": key, "reason": str(error)})
        return False
    return True
