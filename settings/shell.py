"""The ASGI shell: routes that carry bytes run natively, everything else is Django's on its threads."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from settings.bodies import Bodies
from settings.bridge import Bridge, WsgiApplication
from settings.frame import Frame
from settings.proxies import TrustedProxies
from settings.sections import HttpConfig

BODY_BUDGET = 256 << 20
"""Bytes of bodies that one process holds at once."""


def assemble(
    django: WsgiApplication,
    native: Iterable[BaseRoute],
    *,
    proxies: TrustedProxies,
    body_limit: int,
    http: HttpConfig,
    prepare: Callable[[], None],
) -> ASGIApp:
    """One application from Django and the native routes; `prepare` runs once on a thread before the first request."""
    bodies = Bodies(limit=body_limit, seconds=http.body_seconds, budget=BODY_BUDGET)
    bridge = Bridge(django, threads=http.web_threads, waiting=http.web_queue, bodies=bodies)
    routes = [Route("/healthz/live", live), *native, _Rest(bridge)]
    return Frame(Router(routes, lifespan=_lifespan(bridge, prepare)), proxies=proxies)


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


def _lifespan(
    bridge: Bridge, prepare: Callable[[], None]
) -> Callable[[object], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        await bridge.warm(prepare)
        try:
            yield
        finally:
            bridge.close()

    return lifespan
