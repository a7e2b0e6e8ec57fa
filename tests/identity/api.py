"""Speaking Identity v3 in tests, as a client would."""

from typing import Any

from django.http import HttpResponse

from tests.identity.factories import PASSWORD
from tests.support.http import Http

BASE = "/identity/v3"


class Api(Http):
    """A client with a token; `remote` is the address it calls from."""

    def __init__(self, token: str | None = None, *, remote: str = "127.0.0.1") -> None:
        super().__init__(token or "", base=BASE, remote=remote)

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any) -> HttpResponse:
        return self.call("PATCH", path, body)

    def put(self, path: str) -> HttpResponse:
        return self.call("PUT", path)

    def head(self, path: str, **headers: str) -> HttpResponse:
        return self.call("HEAD", path, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.call("DELETE", path, **headers)

    def sign_in(self, name: str, password: str = PASSWORD, scope: Any = None) -> HttpResponse:
        return self.post("/auth/tokens", by_password(name, password, scope))


def by_password(name: str, password: str = PASSWORD, scope: Any = None) -> dict[str, Any]:
    user = {"name": name, "domain": {"id": "default"}, "password": password}
    return _asked({"methods": ["password"], "password": {"user": user}}, scope)


def by_token(token: str, scope: Any = None) -> dict[str, Any]:
    return _asked({"methods": ["token"], "token": {"id": token}}, scope)


def _asked(identity: dict[str, Any], scope: Any) -> dict[str, Any]:
    auth = {"identity": identity}
    return {"auth": auth if scope is None else auth | {"scope": scope}}


def by_credential(
    secret: str, key: str | None = None, scope: Any = None, **by_name: Any
) -> dict[str, Any]:
    """A request for a token by an application credential: its id, or `name` and `user`."""
    given = {"id": key} if key else by_name
    given = {**given, "secret": secret}
    return _asked({"methods": ["application_credential"], "application_credential": given}, scope)
