"""The ASGI shell: routes that carry bytes run natively, everything else is Django's on its threads."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from settings import origins
from settings.asgi_middleware import OutermostMiddleware
from settings.bodies import Bodies
from settings.bridge import Bridge, WsgiApplication
from settings.capacity import CapacityBudget
from settings.hosts import Hosts
from settings.proxies import TrustedProxies
from settings.sections import HttpConfig
from settings.senders import sender

BODIES, BODIES_OF_ONE = 256 << 20, 64 << 20
"""Bytes of bodies that one process holds at once, and of them for one project or user."""
ANSWERS, ANSWERS_OF_ONE = 256 << 20, 64 << 20
"""Bytes of large answers that clients have not taken yet, and of them for one project, user or address."""
RESERVE, RESERVE_OF_ONE = 64 << 20, 8 << 20
"""The same for small bodies, and for those of whom nobody knows yet who sends: by addresses."""


def assemble(
    django: WsgiApplication,
    native: Iterable[BaseRoute],
    *,
    proxies: TrustedProxies,
    hosts: Hosts,
    body_limit: int,
    http: HttpConfig,
    prepare: Callable[[], None],
) -> ASGIApp:
    """One application from Django and the native routes; `prepare` runs once on a thread before the first request."""
    bodies = Bodies(
        limit=body_limit,
        seconds=http.body_seconds,
        strangers=CapacityBudget(total=RESERVE, share=RESERVE_OF_ONE),
        known=CapacityBudget(total=max(BODIES, body_limit), share=max(BODIES_OF_ONE, body_limit)),
    )
    bridge = Bridge(
        django,
        threads=http.web_threads,
        waiting=http.web_queue,
        bodies=bodies,
        waits=CapacityBudget(total=http.web_waits, share=-(-http.web_waits // 2)),
        answers=CapacityBudget(total=ANSWERS, share=ANSWERS_OF_ONE),
        sender=sender,
    )
    routes = [Route("/healthz/live", live), *native, _Rest(bridge)]
    router = Router(routes)
    outermost = OutermostMiddleware(router, proxies=proxies, hosts=hosts)
    router.lifespan_context = _lifespan(outermost, bridge, prepare)
    return origins.around(outermost, http.cors_origins)


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
    outermost: OutermostMiddleware, bridge: Bridge, prepare: Callable[[], None]
) -> Callable[[object], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        await bridge.warm(prepare)
        try:
            yield
        finally:
            await outermost.emptied()
            bridge.close()

    return lifespan
