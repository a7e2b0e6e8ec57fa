"""What all views of Identity v3 share: Keystone's error bodies, absolute links, and what a path may hold."""

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from typing_extensions import override

from catalog.api.addresses import base_url
from catalog.api.error_responses import Dialect
from catalog.api.views import CatalogView, reason
from catalog.errors import CatalogError, InvalidParameter, NotFound


class KeystoneDialect(Dialect):
    """`{"error": {"code", "title", "message"}}`; our stable code stands beside them as `error_code`."""

    @override
    def body(self, error: CatalogError, status: int, accept: str | None) -> tuple[bytes, str]:
        told = {
            "code": status,
            "title": reason(status),
            "message": error.message,
            "error_code": error.code,
        }
        return orjson.dumps({"error": told}), "application/json"

    @override
    def response(self, error: CatalogError, request: HttpRequest) -> HttpResponse:
        response = super().response(error, request)
        if response.status_code == 401:
            response["WWW-Authenticate"] = f'Keystone uri="{base_url(request)}/identity"'
        patch_vary_headers(response, ["X-Auth-Token"])
        return response


class IdentityView(CatalogView):
    dialect: ClassVar[Dialect] = KeystoneDialect()

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if any("\x00" in str(value) for value in kwargs.values()):
            raise NotFound("There is nothing at this address.")
        for name, values in request.GET.lists():
            if "\x00" in name or any("\x00" in value for value in values):
                raise InvalidParameter("A parameter of the address holds the NUL character.")
        super().initial(request, *args, **kwargs)

    @override
    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        patch_vary_headers(response, ["X-Auth-Token"])
        return super().finalize_response(request, response, *args, **kwargs)


class NothingHere(IdentityView):
    """Answers every path that is no other's, in this API's own words."""

    anonymous = True

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("There is nothing at this address.")


def api_url(request: HttpRequest | Request) -> str:
    return f"{base_url(request)}/identity/v3"


def matching(
    documents: list[dict[str, Any]], request: Request, *names: str
) -> list[dict[str, Any]]:
    """Those whose members are as the parameters of these names say."""
    wanted = [(name, request.GET[name]) for name in names if name in request.GET]
    return [one for one in documents if all(one[name] == value for name, value in wanted)]


def listed(
    noun: str,
    documents: list[dict[str, Any]] | list[str],
    request: Request,
    next_link: str | None = None,
) -> Mapping[str, Any]:
    """A list as Keystone tells it."""
    here = f"{base_url(request)}{request.get_full_path()}"
    return {noun: documents, "links": {"self": here, "previous": None, "next": next_link}}
