"""How an API family says that something went wrong: one table from error class to status, one body."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import orjson
from django.http import HttpRequest, HttpResponse
from typing_extensions import override

from catalog import errors
from catalog.errors import CatalogError

STATUS: Mapping[type[CatalogError], int] = MappingProxyType(
    {
        errors.Invalid: 400,
        errors.Unauthenticated: 401,
        errors.Forbidden: 403,
        errors.NotFound: 404,
        errors.MethodNotAllowed: 405,
        errors.TimedOut: 408,
        errors.Conflict: 409,
        errors.Gone: 410,
        errors.LengthRequired: 411,
        errors.PreconditionFailed: 412,
        errors.TooLarge: 413,
        errors.UnsupportedMediaType: 415,
        errors.RangeNotSatisfiable: 416,
        errors.TooManyAttempts: 429,
        errors.Unavailable: 503,
    }
)


class Dialect(ABC):
    """One API family's way to answer errors; `statuses` is read along the class's MRO."""

    statuses: ClassVar[Mapping[type[CatalogError], int]] = STATUS

    def status(self, error: CatalogError) -> int:
        return self.status_of(type(error))

    def status_of(self, kind: type[CatalogError]) -> int:
        for ancestor in kind.__mro__:
            if ancestor in self.statuses:
                return self.statuses[ancestor]
        return 500

    def headers(self, error: CatalogError) -> dict[str, str]:
        """Headers that belong to the error: `Allow`, `Accept-Patch`, `Retry-After`…

        A 401 says how to sign in (RFC 9110, section 15.5.2), in the word that OpenStack's services use.
        """
        told = error.facts.get("headers")
        found = dict(told) if isinstance(told, Mapping) else {}
        if isinstance(error, errors.Unauthenticated):
            found.setdefault("WWW-Authenticate", "Keystone")
        return found

    @abstractmethod
    def body(self, error: CatalogError, status: int, accept: str | None) -> tuple[bytes, str]:
        """The body and its content type, by the `Accept` header (None: the request has none)."""

    def response(self, error: CatalogError, request: HttpRequest) -> HttpResponse:
        status = self.status(error)
        content, content_type = self.body(error, status, request.headers.get("Accept"))
        return HttpResponse(
            content, status=status, content_type=content_type, headers=self.headers(error)
        )


class ProblemDialect(Dialect):
    """RFC 9457 problem documents with our stable code: for the APIs that are ours."""

    @override
    def body(self, error: CatalogError, status: int, accept: str | None) -> tuple[bytes, str]:
        facts: dict[str, Any] = {k: v for k, v in error.facts.items() if k != "headers"}
        document = {
            "status": status,
            "code": error.code,
            "title": type(error).__name__,
            "detail": error.message,
            **facts,
        }
        return orjson.dumps(document, default=str), "application/problem+json"
