"""Metrics of what the database stores of the past, counted when Prometheus asks, but at most once a minute."""

import time
from collections.abc import Iterator
from threading import Lock

from django.db import connection
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from artifacts.models import Artifact
from catalog.models import Event

FRESH = 60.0
"""Seconds for which a process remembers the numbers."""


class StorageMetrics(Collector):
    """Tombstones: deleted artifacts of which the ids are left. Events: on PostgreSQL as its statistics guess."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._until = 0.0
        self._counted: tuple[int, int] = (0, 0)

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        tombstones, events = self._numbers()
        yield GaugeMetricFamily(
            "vitrine_tombstones",
            "Deleted artifacts, images too, of which the ids are kept.",
            value=tombstones,
        )
        yield GaugeMetricFamily("vitrine_events", "Events that the history keeps.", value=events)

    def _numbers(self) -> tuple[int, int]:
        with self._lock:
            if self._until < time.monotonic():
                self._counted = (_tombstones(), _events())
                self._until = time.monotonic() + FRESH
            return self._counted


def _tombstones() -> int:
    return Artifact.objects.filter(scrubbed_at__isnull=False).count()


def _events() -> int:
    """Statistics that were never made are a negative number: then the few that there are get counted."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            table = Event._meta.db_table  # noqa: SLF001 - documented, in spite of its name
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [table]
            )
            found: int = cursor.fetchone()[0]
        if found >= 0:
            return found
    return Event.objects.count()


storage_metrics = StorageMetrics()
