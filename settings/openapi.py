"""`/openapi.json`: every route of the service, found in the code, with what each API declares of its operations."""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from artifacts.api.v1 import openapi as artifacts
from catalog.api import openapi_document
from catalog.api.error_responses import ProblemDialect
from catalog.api.openapi import Answer, Family, Operation, problem, told
from catalog.api.openapi_document import Endpoint
from catalog.api.views import CatalogView
from identity.api.v3 import openapi as identity
from images.api.v2 import openapi as images
from search.api.v1 import openapi as search
from settings.native import ROUTES

FOR_PEOPLE = ("/admin/", "/docs/", "/sign-in", "/sign-out", "/project", "/assets/")
"""Pages, which are no API; `/` too."""

SERVICE = Family(
    name="Service",
    prefix="",
    dialect=ProblemDialect(),
    packages=frozenset({"settings"}),
    error=problem,
    error_types=("application/problem+json",),
    operations={
        "GET /healthz/live": Operation(
            summary="Whether the process answers", answers=told("It does.")
        ),
        "GET /healthz/ready": Operation(
            summary="How the parts behind the service are",
            answers={
                **told("The service answers. `degraded`: without the parts that are marked."),
                **told("The database or the store for uploads is away.", status=503),
            },
        ),
        "GET /metrics": Operation(
            summary="Counters, as Prometheus reads them",
            answers={
                200: Answer(meaning="All of them.", schema={"type": "string"}, type="text/plain")
            },
        ),
        "GET /openapi.json": Operation(summary="This document", answers=told("This document.")),
    },
)


def served(_: HttpRequest) -> HttpResponse:
    return HttpResponse(_bytes(), content_type="application/json")


def families() -> tuple[Family, ...]:
    return (images.family(), identity.FAMILY, artifacts.FAMILY, search.FAMILY, SERVICE)


def document() -> dict[str, Any]:
    """The OpenAPI document of this configuration."""
    return openapi_document.document(families(), endpoints(), title="Vitrine", version=_version())


def text() -> str:
    """The document as it is committed: one line per member, and a final newline."""
    return (
        orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"
    )


@lru_cache(maxsize=1)
def _bytes() -> bytes:
    return orjson.dumps(document())


def _version() -> str:
    try:
        return version("vitrine")
    except PackageNotFoundError:
        return "0.1.0"


def endpoints() -> list[Endpoint]:
    """Every method on every path of the APIs; the shell's own routes first, as requests meet them."""
    found: dict[tuple[str, str], Endpoint] = {}
    for endpoint in (*_native(), *_django(get_resolver().url_patterns, "/")):
        found.setdefault((endpoint.path, endpoint.method), endpoint)
    return [one for one in found.values() if one.path != "/" and not _is_other_spelling(one, found)]


def _is_other_spelling(endpoint: Endpoint, known: dict[tuple[str, str], Endpoint]) -> bool:
    """With a slash at the end, where the path without it is known as well."""
    return endpoint.path.endswith("/") and (endpoint.path.rstrip("/"), endpoint.method) in known


def _native() -> Iterator[Endpoint]:
    """A route may take methods only to refuse them: those of declared operations are its own."""
    declared = declarations()
    for route in ROUTES:
        path = route.path.replace("{version}", "v2")
        for method in sorted(route.methods or ()):
            if (path, method) in declared:
                yield Endpoint(path=path, method=method, anonymous=method == "OPTIONS")


def declarations() -> frozenset[tuple[str, str]]:
    """Path and method of every operation that some API declares."""
    keys = (
        (family.prefix, *key.split(" ", 1)) for family in families() for key in family.operations
    )
    return frozenset((prefix + path, method) for prefix, method, path in keys)


def _django(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[Endpoint]:
    for one in patterns:
        path = _joined(before, one)
        if path is None or path.startswith(FOR_PEOPLE):
            continue
        if isinstance(one, URLResolver):
            yield from _django(one.url_patterns, path)
        else:
            yield from _methods(path, one.callback)


def _methods(path: str, callback: Any) -> Iterator[Endpoint]:
    view = getattr(callback, "cls", None)
    if view is None or not issubclass(view, CatalogView):
        yield Endpoint(path=path, method="GET", anonymous=True)
        return
    for method in sorted(set(view.http_method_names) - {"options"}):
        if hasattr(view, method):
            yield Endpoint(path=path, method=method.upper(), anonymous=view.anonymous)
        elif method == "head" and (path, "HEAD") in declarations():  # GET answers HEAD as well
            yield Endpoint(path=path, method="HEAD", anonymous=view.anonymous)


def _joined(before: str, pattern: URLPattern | URLResolver) -> str | None:
    """The path template so far; None for a pattern that takes whatever no other took."""
    if not isinstance(pattern.pattern, RegexPattern):
        return before + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
    text = str(pattern.pattern)
    if ".*" in text:
        return None
    return before + _plain(text)


def _plain(regex: str) -> str:
    r"""`v1(?:\.0)?/search/?` → `v1/search`: what is optional is left out. ValueError when more is left than a path."""
    text = regex.strip("^$")
    while (found := re.search(r"\(\?:([^()]*)\)(\??)", text)) is not None:
        inner = "" if found[2] else "/" if found[1] == "/|$" else "?"
        text = text[: found.start()] + inner + text[found.end() :]
    text = text.replace("/?", "")
    if re.search(r"[\\\[\](){}*+?|]", text):
        raise ValueError(f"{regex} cannot be written as a path")
    return text
