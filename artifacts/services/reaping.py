"""Taking back what dead processes left: uploads whose lease ended, bytes without a row, rows past their grace time."""

import logging

from django.db import transaction
from django.db.models import Q

from artifacts import configured_stores as store_registry
from artifacts.conf import ArtifactsConfig
from artifacts.models import Blob, StoredObject
from artifacts.services import deletion, objects, sessions, uploads
from artifacts.types import type_named
from catalog.actors import system_actor
from catalog.clock import database_now
from catalog.conf import section
from catalog.lease_watch import LeaseWatch
from stores import StoreError

log = logging.getLogger(__name__)

UPLOADS = LeaseWatch(lambda: section(ArtifactsConfig).upload_lease)
OPEN = ~Q(state="stored")
"""What the index of objects under way asks for: PostgreSQL concludes it from the state itself, SQLite does not."""


def reap() -> int:
    """Do all of it once; how many things were taken back. Safe to run twice at once."""
    expired = _expired_uploads() + _expired_sessions() if UPLOADS.may_reclaim() else 0
    return expired + _unreferenced_objects() + _deleted_rows()


def sweep_partials() -> None:
    """Remove half-written files of dead processes; a slow writer's file is locked and stays."""
    for name, store in store_registry.stores().items():
        try:
            removed = store.sweep(older_than=section(ArtifactsConfig).upload_lease)
        except StoreError as error:
            log.warning("store cannot be swept", extra={"store": name, "reason": str(error)})
            continue
        if removed:
            log.info("partial files removed", extra={"store": name, "count": removed})


def _expired_uploads() -> int:
    ended = StoredObject.objects.filter(OPEN, state="writing", lease_until__lt=database_now())
    ended = ended.order_by("lease_until", "id")[:200]
    return sum(_take_back(one) for one in ended)


def _take_back(stored: StoredObject) -> bool:
    """Free the slot at once; the bytes go one lease later, lest a paused writer commits after them."""
    actor = system_actor("reaper")
    later = database_now(section(ArtifactsConfig).upload_lease)
    with transaction.atomic():
        expired = StoredObject.objects.filter(
            pk=stored.pk, state="writing", lease_until__lt=database_now()
        )
        if not expired.update(state="deleting", lease_owner="", lease_until=later):
            return False
        for blob in Blob.objects.filter(upload=stored).select_related("artifact"):
            uploads.release(
                blob.artifact_id, blob.pk, kind=type_named(blob.artifact.type), actor=actor
            )
    log.info("upload taken back", extra={"object": stored.pk})
    return True


def _expired_sessions() -> int:
    ids = sessions.expired()
    for session_id in ids:
        sessions.end(session_id)
    return len(ids)


def _unreferenced_objects() -> int:
    free = Q(lease_until=None) | Q(lease_until__lt=database_now())
    rows = StoredObject.objects.filter(OPEN, free, state="deleting")
    return sum(objects.remove(pk) for pk in rows.values_list("pk", flat=True)[:500])


def _deleted_rows() -> int:
    return deletion.scrub_due()
