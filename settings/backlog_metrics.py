"""What is outstanding at this moment, counted in the database when Prometheus asks."""

from collections.abc import Iterator

from django.db.models import Count, Min
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from catalog.clock import database_time
from catalog.jobs.lifecycle import OPEN
from catalog.models import Delivery, Job


class BacklogMetrics(Collector):
    """Deliveries by consumer (outstanding and parked), the age of the oldest, open jobs by state."""

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._deliveries()
        yield self._jobs()

    def _deliveries(self) -> Iterator[GaugeMetricFamily]:
        count = GaugeMetricFamily(
            "vitrine_deliveries", "Outstanding deliveries.", labels=("consumer", "state")
        )
        age = GaugeMetricFamily(
            "vitrine_delivery_age_seconds",
            "Age of the oldest outstanding delivery that is not parked.",
            labels=("consumer",),
        )
        rows = Delivery.objects.values_list("consumer", "parked").annotate(
            Count("id"), Min("created_at")
        )
        moment = database_time()
        found = list(rows.order_by())
        if not any(consumer == "search" and not parked for consumer, parked, _, _ in found):
            count.add_metric(("search", "outstanding"), 0)
        for consumer, parked, number, oldest in found:
            count.add_metric((consumer, "parked" if parked else "outstanding"), number)
            if not parked:
                age.add_metric((consumer,), (moment - oldest).total_seconds())
        yield count
        yield age

    def _jobs(self) -> GaugeMetricFamily:
        found = GaugeMetricFamily("vitrine_jobs", "Jobs that are not finished.", labels=("state",))
        counts = dict(
            Job.objects.filter(state__in=OPEN).values_list("state").annotate(Count("id")).order_by()
        )
        for state in OPEN:
            found.add_metric((state,), counts.get(state, 0))
        return found
