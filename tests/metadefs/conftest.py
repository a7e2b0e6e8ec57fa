"""The API of metadefs alone, with a door that believes its callers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse

from catalog.api import authentication
from metadefs.services import transactions
from tests.metadefs.callers import ADMIN
from tests.support.http import Http

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


class Api(Http):
    """Requests as a caller; `body` is sent as JSON, `raw` as it is."""

    def __init__(self, caller: str = ADMIN) -> None:
        super().__init__(caller, base=NAMESPACES, raises=False)

    def __call__(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> HttpResponse:
        given = {name: value or None for name, value in headers.items()}
        return self.call(method, path, body if raw is None else raw, **given)

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
