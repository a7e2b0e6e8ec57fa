"""The base of all API views: who calls, what the body is, how errors are told."""

import re
from collections.abc import Callable
from http import HTTPStatus
from itertools import islice
from typing import Any, ClassVar

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from typing_extensions import override

from catalog import errors, requestids
from catalog.actors import ANONYMOUS, Actor
from catalog.api import bodies, etags
from catalog.api.authentication import authenticate
from catalog.api.error_responses import Dialect, ProblemDialect

DEEPEST = 254
"""Levels of a body: what the library that writes JSON writes."""
MOST_VALUES = 50_000
"""Of a body: the largest that means something is a list of ten thousand, or a namespace of two thousand definitions."""
_PARTS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|,', re.DOTALL)
"""Texts, and the commas between values."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The only way to write it in JSON: an escape whose backslash is not itself escaped."""


class CatalogView(APIView):
    """Authenticates by token before anything else; `self.actor` is the caller."""

    dialect: ClassVar[Dialect] = ProblemDialect()
    anonymous: ClassVar[bool] = False
    refuses_body: ClassVar[frozenset[str]] = frozenset()
    authentication_classes = ()
    permission_classes = ()
    parser_classes: tuple[type[BaseParser], ...] = ()
    throttle_classes = ()
    http_method_names: ClassVar[list[str]] = ["get", "post", "put", "patch", "delete", "head"]  # type: ignore[misc]  # constant here
    actor: Actor = ANONYMOUS

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not self.anonymous:
            self.actor = authenticate(request.headers, request_id=requestids.current.get())
        if request.method in self.refuses_body:
            bodies.require_none(request.method, request.headers)

    @override
    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override] # DRF says Response, takes any
        error = _translated(exc, self)
        if error is None:
            raise exc
        return self.dialect.response(error, self.request)

    @override
    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(response, Response):
            raise TypeError("views answer with json_response(), not with DRF's Response")
        return response


def anybody(
    answer: Callable[[HttpRequest], HttpResponse], dialect: Dialect | None = None
) -> Callable[..., HttpResponse]:
    """A view of GET and HEAD that asks for no token; other methods are refused in the dialect, by default as problems
    (RFC 9457).
    """

    class View(CatalogView):
        anonymous = True

        def get(self, request: Request) -> HttpResponse:
            return answer(request._request)  # noqa: SLF001 - DRF's own word for Django's request

    View.dialect = dialect or View.dialect
    found: Callable[..., HttpResponse] = View.as_view()
    return found


def json_response(
    document: Any,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
) -> HttpResponse:
    """A JSON answer; times must be text already."""
    return HttpResponse(
        orjson.dumps(document), status=status, content_type=content_type, headers=headers
    )


def empty_response(status: int = 204, headers: dict[str, str] | None = None) -> HttpResponse:
    response = HttpResponse(status=status, headers=headers)
    del response["Content-Type"]
    return response


def not_modified(tag: str) -> HttpResponse:
    """304: the client has it already."""
    response = HttpResponse(status=HTTPStatus.NOT_MODIFIED, headers=etags.headers(tag))
    del response["Content-Type"]
    return response


def json_body(request: Request) -> Any:
    """The body as JSON of any kind; InvalidBody when it is none, or holds text that no database can store. TooLarge for
    more than `MOST_VALUES`.
    """
    raw = request.body
    if not raw:
        raise errors.InvalidBody("the request needs a JSON body")
    _refuse_many(raw)
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise errors.InvalidBody(f"the body is not JSON: {error}") from None
    if b"\\u0000" in raw and _NUL.search(raw):
        raise errors.InvalidBody("text must not hold the NUL character")
    _refuse_depth(document)
    return document


def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object."""
    document = json_body(request)
    if not isinstance(document, dict):
        raise errors.InvalidBody("the body must be a JSON object")
    return document


def _refuse_many(raw: bytes) -> None:
    """Count values before anything is made of them: reading them all would hold up every other thread.

    A value is at most two texts, its key and itself; where quotation marks do not tell, commas between values are
    counted.
    """
    texts = (raw.count(b'"') - raw.count(b'\\"')) // 2
    if texts > 2 * MOST_VALUES or (raw.count(b",") >= MOST_VALUES and _divided(raw) >= MOST_VALUES):
        raise errors.TooLarge(f"the body holds more than {MOST_VALUES} values", limit=MOST_VALUES)


def _divided(raw: bytes) -> int:
    """How many commas stand between values; counted up to `MOST_VALUES`."""
    commas = (one for one in _PARTS.finditer(raw) if one[0] == b",")
    return sum(1 for _ in islice(commas, MOST_VALUES))


def _refuse_depth(document: Any) -> None:
    """Whatever goes through documents by recursion relies on it."""
    try:
        orjson.dumps(document)
    except TypeError as error:
        raise errors.InvalidBody(f"the body is nested deeper than {DEEPEST} levels") from error


def _translated(exc: Exception, view: APIView) -> errors.CatalogError | None:
    if isinstance(exc, errors.CatalogError):
        return exc
    if isinstance(exc, exceptions.MethodNotAllowed):
        return errors.MethodNotAllowed(
            str(exc.detail), headers={"Allow": ", ".join(_allowed(view))}
        )
    if isinstance(exc, Http404 | exceptions.NotFound):
        return errors.NotFound("there is nothing at this address")
    if isinstance(exc, exceptions.ParseError | UnicodeDecodeError):
        return errors.InvalidBody("the request cannot be read")
    return None


def _allowed(view: APIView) -> list[str]:
    return list(view.allowed_methods)


def reason(status: int) -> str:
    """`Not Found` for 404."""
    return HTTPStatus(status).phrase
