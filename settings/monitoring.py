"""`/healthz/live`, `/healthz/ready` and `/metrics`: for machines, without a token, and with counts only."""

import os
from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import path
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from catalog.api.views import anybody, json_response
from settings import health, metrics
from settings.backlog_metrics import BacklogMetrics
from settings.health import Health
from settings.health_metrics import HealthMetrics
from settings.storage_metrics import storage_metrics


def live(_: HttpRequest) -> HttpResponse:
    """The process answers; the shell answers this itself, without a thread."""
    return json_response({"status": "ok"})


def ready(_: HttpRequest) -> HttpResponse:
    """How every part is; 503 when one is not well that this node cannot do without."""
    document, status = _told(health.probe())
    return json_response(document, status=status)


async def ready_without_thread(_: Request) -> Response:
    """The same from the shell: anybody may ask, and while a part hangs that takes its time."""
    document, status = _told(await health.probe.without_thread())
    return Response(orjson.dumps(document), status, media_type="application/json")


def _told(found: Mapping[str, Health]) -> tuple[dict[str, Any], int]:
    state = health.state(found)
    parts = {
        name: {
            "ok": part.ok,
            "required": name in health.REQUIRED,
            "reason": part.reason,
            "seconds": round(part.seconds, 4),
        }
        for name, part in found.items()
    }
    return {"status": state, "parts": parts}, 503 if state is health.State.FAILING else 200


def numbers(_: HttpRequest) -> HttpResponse:
    """Prometheus' text format: the counters of all processes, what is outstanding and stored, and how the parts are."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # as the library has it
    else:
        registry.register(metrics.REGISTRY)
    registry.register(BacklogMetrics())
    registry.register(storage_metrics)
    registry.register(HealthMetrics())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


route = Route("/healthz/ready", ready_without_thread)
urlpatterns = [
    path("metrics", anybody(numbers)),
    path("healthz/live", anybody(live)),
    path("healthz/ready", anybody(ready)),
]
