"""Django views that only answer what reached them; the bridge's tests serve them."""

import json
import threading
import time
from collections.abc import Iterator

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from catalog.api import deferred
from catalog.callers import CallerGone, require_caller

handler400 = "settings.error_handlers.bad_request"
handler404 = "settings.error_handlers.not_found"
handler500 = "settings.error_handlers.failed"

ended = threading.Event()
"""Set when a streamed answer was closed, or work for nobody ended; each test has its own, taken when a view begins."""
gate = threading.Event()
"""`blocked` waits for it; each test has its own as well."""


@csrf_exempt
def echo(request: HttpRequest, rest: str = "") -> HttpResponse:
    return HttpResponse(
        json.dumps(
            {
                "method": request.method,
                "path": request.path,
                "query": request.META["QUERY_STRING"],
                "length": request.META.get("CONTENT_LENGTH"),
                "body": request.body.decode("latin-1"),
                "address": request.META["REMOTE_ADDR"],
                "url": request.build_absolute_uri(),
                "headers": {k: v for k, v in request.META.items() if k.startswith("HTTP_")},
                "thread": threading.current_thread().name,
            }
        ),
        content_type="application/json",
    )


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


def boom(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret of the inside")


def databaseless(request: HttpRequest) -> HttpResponse:
    raise OperationalError(request.GET.get("because", 'connection to server at "db.inside" failed'))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Parts with pauses between them; `fail=1` breaks off, `endless=1` goes on."""

    opened, closed = gate, ended

    def parts() -> Iterator[bytes]:
        try:
            yield b"first"
            while "endless" in request.GET:
                yield b"x" * 4096
                time.sleep(0.01)
            opened.wait(60)
            yield b"second"
            if "fail" in request.GET:
                raise RuntimeError("in the middle")
        finally:
            closed.set()

    return StreamingHttpResponse(parts())


def large(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"x" * int(request.GET["size"]))


def blocked(request: HttpRequest) -> HttpResponse:
    gate.wait(60)
    return HttpResponse("free")


@csrf_exempt
def working(request: HttpRequest) -> HttpResponse:
    """Works until nobody waits for it."""
    left = ended
    for _ in range(6000):
        try:
            require_caller()
        except CallerGone:
            left.set()
            raise
        time.sleep(0.01)
    return HttpResponse("done")


class Gate:
    def __init__(self) -> None:
        self._opened = gate

    def poll(self) -> bool | None:
        return True if self._opened.is_set() else None


def waits(request: HttpRequest) -> HttpResponse:
    """Answers `True` once the gate is open, and needs no thread until then."""
    if deferred.offered(request.META):
        return deferred.Deferred(Gate())
    return HttpResponse(f"{deferred.outcome(request.META)} {request.body.decode()}")


urlpatterns = [
    path("echo", echo),
    path("echo/<path:rest>", echo),
    path("nothing", nothing),
    path("image/v2/images", nothing),
    path("boom", boom),
    path("databaseless", databaseless),
    path("stream", stream),
    path("large", large),
    path("blocked", blocked),
    path("working", working),
    path("waits", csrf_exempt(waits)),
]
