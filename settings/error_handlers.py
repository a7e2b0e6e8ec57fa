"""What Django's side says where no view speaks: a page to browsers, to everybody else what the service at the address
says of errors, and a problem document (RFC 9457) outside the services.
"""

import sys

from django.http import HttpRequest, HttpResponse
from django.views import csrf, defaults

from catalog import errors
from catalog.api.error_responses import Dialect
from settings import asgi_middleware, error_dialects


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _browser(request):
        return defaults.bad_request(request, exception)
    return _dialect(request).response(errors.Invalid("the request cannot be read"), request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _browser(request):
        return defaults.permission_denied(request, exception)
    return _dialect(request).response(errors.Forbidden("this is not allowed"), request)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came without the mark that this site gave it."""
    if _browser(request):
        return csrf.csrf_failure(request, reason)
    said = "a form of this site's pages is sent from the page, with its mark against forgery"
    return _dialect(request).response(errors.Forbidden(said), request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _browser(request):
        return defaults.page_not_found(request, exception)
    return _dialect(request).response(errors.NotFound("there is nothing at this address"), request)


def failed(request: HttpRequest) -> HttpResponse:
    """Called while the error is being handled."""
    error, dialect = asgi_middleware.failure(sys.exception()), _dialect(request)
    if not _browser(request):
        return dialect.response(error, request)
    page = defaults.server_error(request)
    page.status_code = dialect.status(error)
    return page


def _dialect(request: HttpRequest) -> Dialect:
    return error_dialects.dialect_at(request.path_info)


def _browser(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "")
