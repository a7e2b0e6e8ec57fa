"""The notifier: every notice is published at least once, those of one object in the order of its events.

One that cannot be published as it is, whoever listens, keeps nobody waiting: those that follow overtake it. It is tried
again later and later, and its delivery is parked in the end, with the error; a further event of the object, or a
person, has it tried anew.

A delivery per object is claimed under a lease, so that one notifier at a time tells of an object. A notice is deleted
when the driver has it; death before that tells it again, under the same message id.
"""

import logging
import os
import signal
import socket
import threading
import time
import uuid
from types import FrameType

from django.db import Error, close_old_connections

from catalog import drift, failpoints, outage_log
from catalog.conf import section
from catalog.models import Notice
from catalog.notifications.conf import NotificationsConfig
from catalog.notifications.drivers import Away, Driver, driver
from catalog.notifications.notices import CONSUMER
from catalog.outbox import claiming
from catalog.outbox.claiming import Claim, Turns

log = logging.getLogger(__name__)

BATCH = 50
POLL, LONGEST_PAUSE = 0.5, 30.0
AFTER_CLAIM = failpoints.declare("notifier.after_claim", "deliveries are claimed, nothing is told")
AFTER_PUBLISH = failpoints.declare(
    "notifier.after_publish", "a notification is published, its notice is still there"
)


class Publisher:
    def __init__(self, using: Driver | None = None) -> None:
        self._config = section(NotificationsConfig)
        self._driver = using or driver(self._config)
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._turns = Turns()
        self._unfinished = False

    def batch(self) -> int:
        """Tell what is due, a batch of objects at a time; how many objects. Away when the broker is.

        What an error of the database left claimed is free again with the next batch.
        """
        if self._unfinished:
            claiming.release(CONSUMER, owner=self._owner)
        self._unfinished = True
        told = self._batch()
        self._unfinished = False
        return told

    def _batch(self) -> int:
        ends = time.monotonic() + self._config.lease * 0.8
        claims = claiming.claim(
            CONSUMER,
            owner=self._owner,
            lease=self._config.lease,
            limit=BATCH,
            turns=self._turns,
        )
        if claims:
            failpoints.reach(AFTER_CLAIM)
        for place, claim in enumerate(claims):
            try:
                self._tell(claim, ends)
            except Away as error:
                claiming.give_back(
                    claims[place:], owner=self._owner, error=error.message, poison=False
                )
                raise
        return len(claims)

    def _tell(self, claim: Claim, ends: float) -> None:
        """Publish what is known of the object, the oldest first. What is left when the lease runs out is somebody's
        later, and so is what could not be published.
        """
        refused = ""
        rows = Notice.objects.filter(object_type=claim.topic, object_id=claim.object_id)
        for notice in rows.order_by("id").iterator(chunk_size=100):
            if time.monotonic() > ends:
                claiming.give_back([claim], owner=self._owner, error="it takes long", poison=False)
                return
            if fault := self._publish(notice):
                refused = refused or fault
                continue
            failpoints.reach(AFTER_PUBLISH)
            notice.delete()
        if refused:
            claiming.give_back([claim], owner=self._owner, error=refused, poison=True)
        else:
            claiming.acknowledge([claim], owner=self._owner)

    def _publish(self, notice: Notice) -> str:
        """Hand one over; what is wrong with it when it cannot be published. Away."""
        try:
            self._driver.publish(notice)
        except (Away, Error):
            raise
        except Exception as error:
            log.exception(
                "a notification cannot be published",
                extra={
                    "event_type": notice.event_type,
                    "object": notice.object_id,
                    "message_id": notice.message_id,
                },
            )
            return f"{notice.event_type} ({notice.message_id}): {type(error).__name__}: {error}"
        return ""

    def close(self) -> None:
        self._driver.close()


class NotifierProcess:
    """`run` returns after SIGTERM or SIGINT, when the batch under way is done."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        publisher, pause = Publisher(), POLL
        log.info("the notifier runs")
        try:
            while not self._stopping.is_set():
                try:
                    told = publisher.batch()
                    drift.measure()
                    pause = POLL
                except Away as error:
                    outage_log.tell(log, "notifications wait", reason=error.message)
                    told, pause = 0, min(pause * 2, LONGEST_PAUSE)
                except Error as error:
                    outage_log.tell_database(log, error)
                    close_old_connections()
                    told, pause = 0, min(pause * 2, LONGEST_PAUSE)
                if not told:
                    self._stopping.wait(pause)
        finally:
            publisher.close()
        log.info("the notifier stopped")

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Stop after the batch under way."""
        self._stopping.set()
