"""What Prometheus is told about requests; several processes share one folder of counters when there are several.

``PROMETHEUS_MULTIPROC_DIR`` must be set before this module is imported; `serve` does so.
"""

from functools import lru_cache

from prometheus_client import REGISTRY, Counter, Histogram

__all__ = ["QUIET", "REGISTRY", "observe", "route_class"]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SERVICES = frozenset(
    {
        "identity",
        "image",
        "artifact",
        "search",
        "messaging",
        "admin",
        "static",
        "favicon.ico",
        "healthz",
        "metrics",
    }
)

QUIET = frozenset({"healthz", "metrics"})
"""What machines ask all the time; not worth a line in the log."""

BYTELESS = QUIET | {"static", "favicon.ico"}
"""What the event loop answers itself though it carries nobody's data."""

_REQUESTS = Histogram(
    "vitrine_request_seconds",
    "Time from a request's headers to the end of its answer, in seconds.",
    ("route", "method", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
_RECEIVED = Counter("vitrine_received_bytes", "Bytes of request bodies.", ("route",))
_SENT = Counter("vitrine_sent_bytes", "Bytes of answers' bodies.", ("route",))


def route_class(path: str, *, data: bool) -> str:
    """One of few names, whatever clients ask for: the service, with `-data` where bytes travel natively."""
    service = path.split("/", 2)[1] if path.startswith("/") else ""
    found = service if service in SERVICES else "console"
    return f"{found}-data" if data and found not in BYTELESS else found


def observe(
    route: str, method: str, status: int, *, seconds: float, received: int, sent: int
) -> None:
    """Count one finished request."""
    _timer(route, method if method in METHODS else "other", status).observe(seconds)
    if received:
        _received(route).inc(received)
    if sent:
        _sent(route).inc(sent)


@lru_cache(maxsize=4096)
def _timer(route: str, method: str, status: int) -> Histogram:
    return _REQUESTS.labels(route, method, str(status))


@lru_cache(maxsize=64)
def _received(route: str) -> Counter:
    return _RECEIVED.labels(route)


@lru_cache(maxsize=64)
def _sent(route: str) -> Counter:
    return _SENT.labels(route)
