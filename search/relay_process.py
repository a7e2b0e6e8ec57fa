"""The relay as a process: woken, patient when the engine or the database is away, stopped cleanly."""

import logging
import signal
import threading
from types import FrameType

from django.db import Error, close_old_connections, connection

from catalog import drift, outage_log
from catalog.conf import section
from catalog.outbox import waking
from search import engines, index_maintenance, metrics
from search.conf import SearchConfig
from search.errors import EngineUnavailable
from search.relay import AWAY, CONSUMER, Relay

log = logging.getLogger(__name__)

UPKEEP_SECONDS, LOOK_SECONDS, PURGE_ROUNDS = 5.0, 1.0, 720
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


class RelayProcess:
    """`run` returns after SIGTERM or SIGINT, when the batch under way is done.

    Deliveries that fail are tried again after longer and longer pauses; a pause ends as soon as the upkeep, which
    looks every second, has found engine and database again.
    """

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._go_on = threading.Event()
        self._ensured = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        listener = waking.Listener()
        try:
            index_maintenance.make()
        except EngineUnavailable as error:
            outage_log.tell(log, AWAY, reason=error.for_operators)
        except Error as error:
            outage_log.tell_database(log, error)
        beside = [
            threading.Thread(target=self._keep, name="index-upkeep", daemon=True),
            threading.Thread(target=self._watch, name="index-numbers", daemon=True),
        ]
        for thread in beside:
            thread.start()
        log.info("the relay runs")
        try:
            self._relay(listener)
        finally:
            self._stopping.set()
            for thread in beside:
                thread.join(timeout=10)
            listener.close()
        log.info("the relay stopped")

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Stop after the batch under way."""
        self._stopping.set()
        self._go_on.set()
        waking.wake()

    def _relay(self, listener: waking.Listener) -> None:
        poll = section(SearchConfig).relay_poll
        relay, pause = Relay(rests=True), FIRST_PAUSE
        while True:
            self._go_on.clear()  # before the question whether it stops: what is said from now on is heard
            if self._stopping.is_set():
                return
            claimed = _batch(relay)
            if claimed is None:
                self._go_on.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            if not claimed and not self._stopping.is_set():
                listener.wait(relay.pause(poll))

    def _keep(self) -> None:
        """Upkeep beside the deliveries, with a database connection of its own."""
        rounds = 0
        try:
            while not self._stopping.is_set():
                rounds += 1
                if self._look_after(purge=rounds % PURGE_ROUNDS == 0):
                    self._go_on.set()
                    self._stopping.wait(UPKEEP_SECONDS)
                else:
                    self._stopping.wait(LOOK_SECONDS)
        finally:
            connection.close()

    def _watch(self) -> None:
        """The numbers, beside the upkeep: building an index may take hours."""
        try:
            while not self._stopping.is_set():
                try:
                    metrics.observe(CONSUMER)
                    drift.measure()
                except Error as error:
                    outage_log.tell_database(log, error)
                    close_old_connections()
                except Exception:
                    log.exception("the numbers could not be counted")
                self._stopping.wait(UPKEEP_SECONDS)
        finally:
            connection.close()

    def _look_after(self, *, purge: bool) -> bool:
        """One round; whether engine and database were there."""
        try:
            if not self._ensured:
                index_maintenance.ensure()
                self._ensured = True
                waking.wake()
            index_maintenance.keep()
            if purge:
                engines.current().purge()
        except EngineUnavailable as error:
            outage_log.tell(log, AWAY, reason=error.for_operators)
            self._ensured = False
            return False
        except Error as error:
            outage_log.tell_database(log, error)
            close_old_connections()
            return False
        except Exception:
            log.exception("the index could not be looked after")
        return True


def _batch(relay: Relay) -> int | None:
    """How many deliveries were taken through; None when the engine or the database is away."""
    try:
        done = relay.batch()
    except Error as error:
        outage_log.tell_database(log, error)
        close_old_connections()
        return None
    return None if done.engine_error else done.claimed
