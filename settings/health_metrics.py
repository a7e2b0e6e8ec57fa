"""How the parts behind the service are at this moment, asked when Prometheus asks."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from typing_extensions import override

from settings import health


class HealthMetrics(Collector):
    """1 for each part that is well, 0 for one that is not."""

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = GaugeMetricFamily(
            "vitrine_part_up", "Whether the part is well, as /healthz/ready says.", labels=("part",)
        )
        for name, part in health.probe().items():
            found.add_metric((name,), part.ok)
        yield found
