"""Whose job it is: claims, and what the holder of one writes while the job is its own."""

import logging
import time
from typing import Any

from django.db import Error, IntegrityError, close_old_connections, connection, transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from typing_extensions import override

from catalog import outage_log
from catalog.clock import database_now, now
from catalog.conf import CatalogConfig, section
from catalog.jobs.lifecycle import FAILING, QUEUED, RUNNING
from catalog.jobs.registry import Lost, Progress
from catalog.lease_watch import LeaseWatch
from catalog.models import Job

log = logging.getLogger(__name__)

AGAIN = 0.5
"""Seconds after which a database that is away is asked again."""
WATCH = LeaseWatch(lambda: section(CatalogConfig).job_lease)


def waiting() -> Q:
    """Jobs that nobody holds, for their next attempt or to be undone further."""
    return Q(state=QUEUED) | Q(state=FAILING, lease_until=None)


def expired() -> Q:
    """Jobs whose holder let its lease end; for who has made sure that it could have renewed (`WATCH`)."""
    return Q(state__in=(RUNNING, FAILING), lease_until__lt=database_now())


def claim(job_id: str, owner: str) -> Job | None:
    """The job with this attempt counted: running, or failing as it was.

    None when it is not to be had: somebody holds it, its time has not come, or another job of its key is under way.
    """
    due = Job.objects.filter(pk=job_id, run_after__lte=database_now())
    if _take(due.filter(waiting()), owner):
        return Job.objects.get(pk=job_id)
    dead = due.filter(expired())
    if dead.exists() and WATCH.may_reclaim() and _take(dead, owner):
        return Job.objects.get(pk=job_id)
    return None


def _take(rows: QuerySet[Job], owner: str) -> bool:
    failing = Q(state=FAILING)
    try:
        with transaction.atomic():
            won = rows.update(
                state=Case(When(failing, then=Value(FAILING)), default=Value(RUNNING)),
                attempts=F("attempts") + Case(When(failing, then=0), default=1),
                undo_attempts=F("undo_attempts") + Case(When(failing, then=1), default=0),
                lease_owner=owner,
                lease_until=_end(),
                updated_at=now(),
            )
    except IntegrityError:
        return False
    return bool(won)


def _end() -> Any:
    return database_now(section(CatalogConfig).job_lease)


class Lease(Progress):
    """The worker's hold on its job: every write asks whether the job is still its own, and raises Lost when it is not.

    While the database is away, reports are left out and other writes wait for it: nobody takes the job meanwhile.
    """

    def __init__(self, job: Job, owner: str) -> None:
        self._job, self._owner = job, owner
        self._seconds = section(CatalogConfig).job_lease
        self._written = self._tried = time.monotonic()

    @override
    def report(self, fraction: float) -> None:
        if time.monotonic() - self._written >= min(1.0, self._seconds / 3):
            self._renew(progress=fraction)

    @override
    def check(self) -> None:
        if time.monotonic() - self._written >= self._seconds / 3:
            self._renew()

    def keep(self, **values: object) -> None:
        """Write, and hold the job for another lease."""
        self.write(lease_until=_end(), **values)

    def let_go(self, **values: object) -> None:
        """Write, and hold the job no more."""
        self.write(lease_until=None, **values)

    def write(self, **values: object) -> None:
        while True:
            try:
                return self._write(values)
            except Error as error:
                _bear(error)
            time.sleep(AGAIN)

    def _renew(self, **values: object) -> None:
        if time.monotonic() - self._tried < min(AGAIN, self._seconds / 10):
            return
        try:
            self._write({"lease_until": _end(), **values})
        except Error as error:
            _bear(error)
            self._tried = time.monotonic()

    def _write(self, values: dict[str, object]) -> None:
        with transaction.atomic():
            kept = Job.objects.filter(
                pk=self._job.pk, lease_owner=self._owner, state__in=(RUNNING, FAILING)
            ).update(updated_at=now(), **values)
        if not kept:
            raise Lost(self._job.pk)
        self._written = self._tried = time.monotonic()


def _bear(error: Error) -> None:
    """Raise what is no outage, or what has spoilt the caller's transaction."""
    if connection.in_atomic_block or not outage_log.of_database(error):
        raise error
    outage_log.tell_database(log, error)
    close_old_connections()
