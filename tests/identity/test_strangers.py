"""Passwords of strangers are hashed one at a time, and whoever is known does not wait for them."""

import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from catalog.bulkhead import QUEUE, Bulkhead
from identity import hashing
from identity.errors import SignInFailed, SignInsCrowded, SignInSlowed
from identity.models import KnownAddress, User
from identity.services.signing_in import in_default_domain, prove
from tests.identity.factories import PASSWORD
from tests.support.identity import make_project, make_user
from tests.support.patience import eventually
from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]
pytestmark = pytest.mark.django_db(transaction=True)
MANY = 12
"""More than there are threads."""


@pytest.fixture(autouse=True)
def bulkhead(monkeypatch: pytest.MonkeyPatch) -> Bulkhead:
    """A bulkhead in which one queues for as long as the test takes."""
    found = Bulkhead(patience=120.0)
    monkeypatch.setattr(hashing, "_bulkhead", found)
    return found


@pytest.fixture
def ada() -> User:
    user = make_user("ada", make_project("ours"))
    user.set_password(PASSWORD)
    user.save()
    return user


def attempt(password: str, address: str) -> str:
    try:
        prove(in_default_domain("ada"), password, address=address)
    except (SignInFailed, SignInSlowed) as error:
        return type(error).__name__
    finally:
        connection.close()
    return "signed in"


@contextmanager
def crowd(bulkhead: Bulkhead) -> Iterator[None]:
    """The permit is taken, and as many queue for it as may."""

    def enter() -> None:
        with hashing.permit():
            pass

    with ThreadPoolExecutor(QUEUE) as pool, hashing.permit():
        for _ in range(QUEUE):
            pool.submit(enter)
        eventually(lambda: bulkhead.queued(hashing.STRANGERS) == QUEUE)
        yield


def test_strangers_are_hashed_one_at_a_time(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most, lock = [0], [0], threading.Lock()
    fits = User.check_password

    def counted(user: User, password: str) -> bool:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        found: bool = fits(user, password)
        with lock:
            at_work[0] -= 1
        return found

    monkeypatch.setattr(User, "check_password", counted)
    with ThreadPoolExecutor(QUEUE + 1) as pool:
        said = list(pool.map(lambda n: attempt("wrong", f"192.0.2.{n}"), range(QUEUE + 1)))
    assert said == ["SignInFailed"] * (QUEUE + 1)
    assert most[0] == 1


def test_whoever_queued_is_asked_again_how_many_failed(
    ada: User, bulkhead: Bulkhead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five are free: who comes together from an address gets no more than those."""
    asked: list[str] = []
    monkeypatch.setattr(User, "check_password", lambda _, password: asked.append(password))
    assert [attempt("wrong", "192.0.2.66") for _ in range(4)] == ["SignInFailed"] * 4
    with ThreadPoolExecutor(QUEUE) as pool:
        with hashing.permit():
            coming = [pool.submit(attempt, "wrong", "192.0.2.66") for _ in range(QUEUE)]
            eventually(lambda: bulkhead.queued(hashing.STRANGERS) == QUEUE)
        said = sorted(one.result() for one in coming)
    assert said == ["SignInFailed", *["SignInSlowed"] * (QUEUE - 1)]
    assert len(asked) == 5


def test_too_many_strangers_are_told_and_the_known_get_in(ada: User, bulkhead: Bulkhead) -> None:
    assert attempt(PASSWORD, "192.0.2.1") == "signed in"
    with crowd(bulkhead):
        assert attempt(PASSWORD, "192.0.2.1") == "signed in"
        with pytest.raises(SignInsCrowded) as told:
            prove(in_default_domain("ada"), PASSWORD, address="192.0.2.2")
    assert told.value.facts["retry_after"] == 1
    assert attempt(PASSWORD, "192.0.2.2") == "signed in"
    assert KnownAddress.objects.count() == 2


def test_a_first_rush_gets_in_and_leaves_threads_to_others(
    ada: User, server: Server, bulkhead: Bulkhead
) -> None:
    with ThreadPoolExecutor(MANY) as pool:
        with crowd(bulkhead):
            coming = [pool.submit(sign_in, server) for _ in range(MANY)]
            assert [ask(server, "GET", "/identity/v3") for _ in range(5)] == [200] * 5
        assert [one.result() for one in coming] == [201] * MANY


def test_who_waits_in_vain_is_told(
    ada: User, server: Server, bulkhead: Bulkhead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "WAIT", 0.1)
    with crowd(bulkhead):
        assert sign_in(server) == 429


def sign_in(server: Server) -> int:
    user = {"name": "ada", "domain": {"id": "default"}, "password": PASSWORD}
    identity = {"methods": ["password"], "password": {"user": user}}
    return ask(server, "POST", "/identity/v3/auth/tokens", {"auth": {"identity": identity}})


def ask(server: Server, method: str, path: str, document: Any = None) -> int:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    try:
        connection.request(method, path, document and json.dumps(document))
        return connection.getresponse().status
    finally:
        connection.close()
