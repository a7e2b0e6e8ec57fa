"""Who sends a request, asked before much of its body is taken in: by the token, or by the session of the pages."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.urls import Resolver404, resolve

from catalog import requestids
from catalog.api.authentication import authenticate
from catalog.errors import NotFound, TooLarge, Unauthenticated
from settings.bodies import SMALL

_sessions = SessionMiddleware(lambda _: HttpResponse())


def sender(environ: Mapping[str, Any]) -> str:
    """The name that the request's bodies are counted under: its project's, or else its user's. Blocks.

    As the view would say it: NotFound where there is nothing, Unauthenticated where a token is asked for, and TooLarge
    where none is.
    """
    request = WSGIRequest(dict(environ))
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        raise NotFound("there is nothing at this address") from None
    try:
        actor = authenticate(request.headers, request_id=requestids.current.get())
    except Unauthenticated:
        if (user := _signed_in(request)) is not None:
            return user
        asks = getattr(view, "cls", None)
        if asks is None or asks.anonymous:
            raise TooLarge(
                f"from who is not signed in, the body may have {SMALL} bytes", limit=SMALL
            ) from None
        raise
    return actor.project_id or actor.user_id or ""


def _signed_in(request: WSGIRequest) -> str | None:
    """The user of the session that a cookie names."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    _sessions.process_request(request)
    user = get_user(request)
    return str(user.pk) if user.is_authenticated else None
