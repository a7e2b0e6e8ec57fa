"""Numbers of the relay and of searches, for Prometheus."""

from django.db.models import Count, Min, Q
from prometheus_client import Counter, Gauge, Histogram

from catalog.clock import database_time
from catalog.models import Delivery

DELIVERIES = Counter(
    "vitrine_search_deliveries_total", "Deliveries by what became of them.", ["outcome"]
)
BATCH_SECONDS = Histogram("vitrine_search_batch_seconds", "Time a relay takes for one batch.")
OUTSTANDING = Gauge("vitrine_search_outstanding", "Deliveries to the index that are outstanding.")
PARKED = Gauge("vitrine_search_parked", "Deliveries that were set aside with their error.")
LAG = Gauge("vitrine_search_lag_seconds", "Age of the oldest outstanding delivery.")


def observe(consumer: str) -> None:
    """Bring the gauges up to date."""
    outstanding = Q(parked=False)
    # Not by `due_at`: what fails is due again later and later, and would seem new.
    found = Delivery.objects.filter(consumer=consumer).aggregate(
        outstanding=Count("id", filter=outstanding),
        set_aside=Count("id", filter=~outstanding),
        oldest=Min("created_at", filter=outstanding),
    )
    oldest = found["oldest"]
    OUTSTANDING.set(found["outstanding"])
    PARKED.set(found["set_aside"])
    LAG.set(0 if oldest is None else max((database_time() - oldest).total_seconds(), 0))
