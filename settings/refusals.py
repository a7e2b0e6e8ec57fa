"""What Django's side says where no view speaks: a page to browsers, a problem document (RFC 9457) to everybody else."""

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from catalog import errors
from catalog.api.dialects import ProblemDialect
from settings.frame import InternalError


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _browser(request):
        return defaults.bad_request(request, exception)
    return ProblemDialect().response(errors.Invalid("the request cannot be read"), request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _browser(request):
        return defaults.permission_denied(request, exception)
    return ProblemDialect().response(errors.Forbidden("this is not allowed"), request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _browser(request):
        return defaults.page_not_found(request, exception)
    return ProblemDialect().response(errors.NotFound("there is nothing at this address"), request)


def failed(request: HttpRequest) -> HttpResponse:
    if _browser(request):
        return defaults.server_error(request)
    error = InternalError("the service failed; its log knows this request's id")
    return ProblemDialect().response(error, request)


def _browser(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "")
