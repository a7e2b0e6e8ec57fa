"""What every page has in common: who looks at it, its headers, and errors in words."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from catalog.actors import Actor
from catalog.api.error_responses import ProblemDialect
from catalog.errors import CatalogError, Forbidden, Invalid, NotFound, Unavailable
from identity.models import Project, User
from identity.sessions import actor_of, project_names, projects_in, user_of
from search.errors import QueryRefused

FRAGMENT = "X-Fragment"
"""Sent by the page's own script: it wants the parts that change, not the page."""

Page = Callable[..., HttpResponseBase]
Names = Callable[[Iterable[str]], Mapping[str, str]]
"""The names of projects, of those that who looks may know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who is signed in: who it is, as whom it acts, and where else it could (for whole pages)."""

    user: User
    actor: Actor
    projects: list[Project]
    names: Names


def open_page(view: Page) -> Page:
    """A page for everybody, with the headers of all pages."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return _dressed(view(request, *args, **kwargs))

    return shown


def page(view: Page) -> Page:
    """A page for who is signed in; `view` gets a Visitor beside the request, and may raise any CatalogError."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = user_of(request)
        if user is None:
            return _dressed(_ask_to_sign_in(request))
        projects = [] if is_fragment(request) else projects_in(request)
        actor = actor_of(request)
        names = partial(project_names, request, actor)
        visitor = Visitor(user=user, actor=actor, projects=projects, names=names)
        try:
            return _dressed(view(request, visitor, *args, **kwargs))
        except CatalogError as error:
            return _dressed(told(request, visitor, error))

    return shown


def is_fragment(request: HttpRequest) -> bool:
    return FRAGMENT in request.headers


def told(
    request: HttpRequest, visitor: Visitor, error: CatalogError, **more: object
) -> HttpResponse:
    """The error in words, with `more` for the template: the page's changing part alone when that was asked for."""
    status = ProblemDialect().status(error)
    title, hint = _words(error)
    context = {"visitor": visitor, "title": title, "hint": hint, "error": error, **more}
    template = "console/_problem.html" if is_fragment(request) else "console/problem.html"
    return render(request, template, context, status=status)


def _words(error: CatalogError) -> tuple[str, str]:
    if isinstance(error, NotFound):
        return (
            _("There is nothing here"),
            _("It was deleted, never existed, or is not shared with your project."),
        )
    if isinstance(error, Unavailable):
        return (
            _("Search does not answer right now"),
            _("Nothing is lost: assets are safe and their own pages work. Try again in a moment."),
        )
    if isinstance(error, Forbidden):
        return _("You may not do this"), _("Ask an administrator of the project for the right.")
    if isinstance(error, QueryRefused) and error.at is not None:
        return _("This search cannot be read"), capfirst(error.message)
    if isinstance(error, Invalid):
        return _("This cannot be searched for"), capfirst(error.message)
    return HTTPStatus(ProblemDialect().status(error)).phrase, error.message


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    if is_fragment(request) or request.method != "GET":
        return HttpResponse(status=401)
    return redirect_to_login(request.get_full_path(), reverse("sign-in"))


def _dressed(response: HttpResponseBase) -> HttpResponseBase:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Vary"] = f"Cookie, {FRAGMENT}"
    return response
