"""The relay as a process: woken, patient when the engine or the database is away, stopped cleanly."""

import logging
import signal
import threading
from types import FrameType

from django.db import DatabaseError, close_old_connections, connection

from catalog.conf import section
from catalog.events import waking
from search import engines, metrics, upkeep
from search.conf import SearchConfig
from search.errors import EngineUnavailable
from search.relay import CONSUMER, Relay

log = logging.getLogger(__name__)

UPKEEP_SECONDS, PURGE_ROUNDS = 5.0, 720
LONGEST_PAUSE = 30.0


class RelayProcess:
    """`run` returns after SIGTERM or SIGINT, when the batch under way is done."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        listener = waking.Listener()
        try:
            upkeep.make()
        except (EngineUnavailable, DatabaseError) as error:
            log.warning("the index is not there yet", extra={"reason": str(error)})
        keeper = threading.Thread(target=self._keep, name="index-upkeep", daemon=True)
        keeper.start()
        log.info("the relay runs")
        try:
            self._relay(listener)
        finally:
            self._stopping.set()
            keeper.join(timeout=10)
            listener.close()
        log.info("the relay stopped")

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Stop after the batch under way."""
        self._stopping.set()
        waking.wake()

    def _relay(self, listener: waking.Listener) -> None:
        poll = section(SearchConfig).relay_poll
        relay, pause = Relay(), poll
        while not self._stopping.is_set():
            try:
                done = relay.batch()
                away = bool(done.engine_error)
            except DatabaseError:
                log.exception("the database is away")
                close_old_connections()
                done, away = None, True
            if away:
                pause = min(pause * 2, LONGEST_PAUSE)
                self._stopping.wait(pause)
                continue
            pause = poll
            if done is not None and not done.claimed and not self._stopping.is_set():
                listener.wait(poll)

    def _keep(self) -> None:
        """Upkeep beside the deliveries, with a database connection of its own."""
        ensured, rounds = False, 0
        try:
            while not self._stopping.is_set():
                try:
                    if not ensured:
                        upkeep.ensure()
                        ensured = True
                        waking.wake()
                    upkeep.keep()
                    metrics.observe(CONSUMER)
                    rounds += 1
                    if rounds % PURGE_ROUNDS == 0:
                        engines.current().purge()
                except EngineUnavailable as error:
                    log.warning("the search engine is away", extra={"reason": error.message})
                    ensured = False
                except DatabaseError:
                    log.exception("the database is away")
                    close_old_connections()
                except Exception:
                    log.exception("the index could not be looked after")
                self._stopping.wait(UPKEEP_SECONDS if ensured else 1.0)
        finally:
            connection.close()
