"""Periodic tasks inside the worker: no beat process, and no broker between the clock and the work.

The table is Celery's own ``beat_schedule``, so `celery beat` reads the same one. Each entry has a thread; an entry
that takes longer than its interval delays only itself. Several workers run them several times, which they bear.
"""

import logging
import random
import threading
from collections.abc import Callable

from celery import Celery
from django.db import Error, close_old_connections

from catalog import outage_log

log = logging.getLogger(__name__)


class Periodic:
    """Runs every entry of the app's schedule until stopped."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._stopping = threading.Event()

    def start(self) -> None:
        for name, entry in self._app.conf.beat_schedule.items():
            if entry["task"] not in self._app.tasks:
                log.error("no code is registered for the periodic task %s", entry["task"])
                continue
            work, seconds = self._app.tasks[entry["task"]], float(entry["schedule"])
            threading.Thread(
                target=self._repeat,
                args=(name, work, seconds),
                name=f"periodic-{name}",
                daemon=True,
            ).start()

    def stop(self) -> None:
        self._stopping.set()

    def _repeat(self, name: str, work: Callable[[], object], seconds: float) -> None:
        while not self._stopping.wait(seconds * random.uniform(0.9, 1.1)):
            try:
                work()
            except Error as error:
                outage_log.tell_database(log, error)
            except Exception:
                log.exception("the periodic task %s failed; it is tried again", name)
            finally:
                close_old_connections()
