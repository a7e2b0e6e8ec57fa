"""Django's side of request ids."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from catalog import requestids
from catalog.api.error_responses import ProblemDialect
from catalog.errors import CatalogError


class RequestIdMiddleware:
    """Sets the request's id for logs and events, and names it in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request_id = request.META.get(requestids.ENVIRON) or requestids.accept(
                request.headers.get(requestids.HEADER)
            )
        except CatalogError as error:
            return ProblemDialect().response(error, request)
        token = requestids.current.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            requestids.current.reset(token)
        response[requestids.HEADER] = request_id
        return response
