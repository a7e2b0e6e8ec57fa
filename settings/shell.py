"""The ASGI shell: routes that carry bytes run natively, everything else is Django's."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.urls import get_resolver
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from artifacts.api.v1.data import routes as artifact_routes
from artifacts.services import startup
from catalog.conf import CatalogConfig, section
from images.api.v2.data import routes as image_routes
from settings.bodies import Bodies
from settings.bridge import Bridge
from settings.frame import Frame
from settings.sections import HttpConfig

BODY_BUDGET = 256 << 20


def build() -> ASGIApp:
    """The application; it starts no thread before its first request or its lifespan."""
    catalog, http = section(CatalogConfig), section(HttpConfig)
    bodies = Bodies(limit=catalog.body_limit, seconds=http.body_seconds, budget=BODY_BUDGET)
    bridge = Bridge(WSGIHandler(), threads=http.web_threads, waiting=http.web_queue, bodies=bodies)
    routes: list[BaseRoute] = [Route("/healthz/live", live), *image_routes, *artifact_routes]
    router = Router([*routes, _Rest(bridge)], lifespan=_lifespan(bridge))
    get_resolver().url_patterns  # noqa: B018 - imports every view now instead of at the first request
    return Frame(router, proxies=settings.TRUSTED_PROXIES)


async def live(_: Request) -> JSONResponse:
    """The event loop turns; asks no thread and no other part."""
    return JSONResponse({"status": "ok"})


class _Rest(BaseRoute):
    """Takes what no route before it took."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _lifespan(bridge: Bridge) -> Callable[[object], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        await bridge.warm(_prepare)
        try:
            yield
        finally:
            bridge.close()

    return lifespan


def _prepare() -> None:
    connection.ensure_connection()
    startup.sweep()
