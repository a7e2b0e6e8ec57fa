"""The shell with this service's own routes and settings in it."""

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.urls import get_resolver
from starlette.types import ASGIApp

from artifacts.services import startup
from catalog.conf import CatalogConfig, section
from settings import monitoring, static
from settings.asgi_application import assemble
from settings.hosts import Hosts
from settings.native import ROUTES
from settings.sections import HttpConfig


def build() -> ASGIApp:
    """The application; it starts no thread before its first request or its lifespan."""
    get_resolver().url_patterns  # noqa: B018 - imports every view now instead of at the first request
    return assemble(
        WSGIHandler(),
        [*ROUTES, monitoring.route, *static.routes(settings.STATIC_URL)],
        proxies=settings.TRUSTED_PROXIES,
        hosts=Hosts(settings.ALLOWED_HOSTS),
        body_limit=section(CatalogConfig).body_limit,
        http=section(HttpConfig),
        prepare=_prepare,
    )


def _prepare() -> None:
    connection.ensure_connection()
    startup.sweep()
