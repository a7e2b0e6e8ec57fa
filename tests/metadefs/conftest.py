"""The API of metadefs alone, with a door that believes its callers."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.http import HttpResponse
from django.test import Client

from catalog.api import authentication
from metadefs.services import transactions
from tests.metadefs.callers import ADMIN

ROOT = "/image/v2/metadefs"
NAMESPACES = f"{ROOT}/namespaces"


@pytest.fixture(autouse=True)
def _alone(settings: Any) -> Iterator[None]:
    settings.ROOT_URLCONF = "tests.metadefs.urls"
    settings.AUTHENTICATOR = "tests.metadefs.callers.authenticate"
    authentication._authenticator.cache_clear()
    yield
    authentication._authenticator.cache_clear()


@pytest.fixture
def listeners() -> Iterator[list[transactions.Listener]]:
    """Those who hear of changes: only whom the test names."""
    kept = list(transactions._listeners)
    transactions._listeners.clear()
    yield transactions._listeners
    transactions._listeners[:] = kept


class Api:
    """Requests as a caller; `body` is sent as JSON."""

    def __init__(self, caller: str = ADMIN) -> None:
        self.caller = caller
        self.client = Client(raise_request_exception=False)

    def __call__(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> HttpResponse:
        sent = raw if raw is not None else b"" if body is None else orjson.dumps(body)
        address = path if path.startswith("/image") else f"{NAMESPACES}{path}"
        given = {"X-Auth-Token": self.caller, "Accept": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method,
            address,
            sent,
            content_type="application/json",
            headers={name: value for name, value in given.items() if value},
        )

    def as_(self, caller: str) -> "Api":
        return Api(caller)


@pytest.fixture
def api(db: None) -> Api:
    return Api()


def cores(**more: Any) -> dict[str, Any]:
    return {"title": "Cores", "type": "integer", **more}


def make(api: Api, name: str = "Acme::Compute", **fields: Any) -> dict[str, Any]:
    """A namespace made through the API, public unless told otherwise."""
    answer = api("POST", "", {"namespace": name, "visibility": "public", **fields})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())
