"""`consistency=wait` on the running service: who waits holds no thread, and learns the same as on one."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from catalog.models import Delivery
from search.conf import SearchConfig
from search.engine import Engine
from search.relay import drain
from tests.search.shelf import BOOK, Books
from tests.support.identity import headers_for, make_project, make_user
from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]

MANY = 12
"""More than there are threads."""
WAIT = "/search/v1/search?consistency=wait"


@pytest.fixture
def headers(server: Server) -> dict[str, str]:
    project = make_project("ours")
    return headers_for(make_user("ada", project), project)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    long = replace(settings.VITRINE[SearchConfig], wait_limit=300.0)
    monkeypatch.setitem(settings.VITRINE, SearchConfig, long)


def ask(server: Server, path: str, headers: dict[str, str], body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    try:
        sent = json.dumps({} if body is None else body)
        connection.request("POST", path, sent, headers | {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@contextmanager
def waiting(server: Server, headers: dict[str, str]) -> Iterator[list[Any]]:
    """Searches that wait; what they said is there at the end."""
    said: list[Any] = []
    with ThreadPoolExecutor(MANY) as pool:
        asked = [pool.submit(ask, server, WAIT, headers, {"type": BOOK}) for _ in range(MANY)]
        try:
            yield said
        finally:
            said.extend(one.result() for one in asked)


def test_searches_that_wait_leave_the_threads_to_others(
    engine: Engine, books: Books, patient: None, server: Server, headers: dict[str, str]
) -> None:
    books.write("late")
    with waiting(server, headers) as said:
        try:
            found = [ask(server, "/search/v1/search", headers) for _ in range(5)]
        finally:
            drain()
    assert [status for status, _ in found] == [200] * 5
    assert "consistent" not in found[0][1]
    assert [status for status, _ in said] == [200] * MANY
    assert all(one["consistent"] is True and one["hits"]["total"] == 1 for _, one in said)


def test_what_is_wrong_is_told_before_the_waiting(
    engine: Engine, books: Books, patient: None, server: Server, headers: dict[str, str]
) -> None:
    books.write("late")
    assert ask(server, WAIT, {})[0] == 401
    assert ask(server, WAIT, headers, {"limit": "x"})[0] == 400
    assert ask(server, WAIT, headers, {"type": "no such"})[0] in {400, 403}
    Delivery.objects.all().delete()


def test_what_does_not_come_in_time_is_told(
    engine: Engine,
    books: Books,
    server: Server,
    headers: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    brief = replace(settings.VITRINE[SearchConfig], wait_limit=0.2)
    monkeypatch.setitem(settings.VITRINE, SearchConfig, brief)
    books.write("late")
    status, answer = ask(server, WAIT, headers)
    assert (status, answer["consistent"]) == (200, False)
    Delivery.objects.update(parked=True)
    assert ask(server, WAIT, headers)[1]["consistent"] is False
    Delivery.objects.all().delete()
    assert ask(server, WAIT, headers)[1]["consistent"] is True
