"""Uploads outlive a database that is away: it alone says that a lease is over."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import OperationalError

from artifacts.conf import ArtifactsConfig
from artifacts.models import StoredObject, UploadPart
from artifacts.services import sessions, uploads
from tests.images.test_data import CONTENT, Client, blobs_on_disk, nothing_is_left
from tests.images.test_resumable import Session
from tests.support.images import callers
from tests.support.patience import eventually
from tests.support.server import Server

LEASE = 0.6


@pytest.fixture(autouse=True)
def _lease(settings: Any) -> None:
    config = replace(settings.VITRINE[ArtifactsConfig], upload_lease=LEASE, session_part=1 << 20)
    settings.VITRINE = {**settings.VITRINE, ArtifactsConfig: config}


@pytest.fixture
def ada(server: Server) -> Iterator[Client]:
    client = Client(server, callers("ada")[0])
    yield client
    client.http.close()


class Failing:
    """A function of the database that fails `times` times; with `late` it does its work, and its answer is lost."""

    def __init__(self, work: Callable[..., Any], times: int, *, late: bool = False) -> None:
        self._work, self._left, self._late = work, times, late
        self.calls = 0

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.calls += 1
        if not self._left:
            return self._work(*given, **named)
        self._left -= 1
        if self._late:
            self._work(*given, **named)
        raise OperationalError("the server closed the connection unexpectedly")


def slowly(until: Callable[[], bool]) -> Iterator[bytes]:
    yield CONTENT[:1_500_000]
    assert eventually(until)
    yield CONTENT[1_500_000:]


def test_a_renewal_that_cannot_be_asked_ends_nothing(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew = Failing(uploads.renew, 3)
    monkeypatch.setattr(uploads, "renew", renew)
    image_id = ada.queued()
    assert ada.put(image_id, slowly(lambda: renew.calls > 4)).status_code == 204
    assert ada.get(image_id).content == CONTENT


def test_a_renewal_that_finds_the_lease_gone_does(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = ada.queued()

    def taken() -> bool:
        running = StoredObject.objects.filter(state="writing")
        return bool(running.update(state="deleting", lease_owner="", lease_until=None))

    assert ada.put(image_id, slowly(taken)).status_code == 410


@pytest.mark.parametrize("late", [False, True])
def test_the_end_of_an_upload_is_written_down_once(
    ada: Client, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    finish = Failing(uploads.finish, 1, late=late)
    monkeypatch.setattr(uploads, "finish", finish)
    image_id = ada.queued()
    assert ada.put(image_id, CONTENT).status_code == 204
    assert ada.get(image_id).content == CONTENT
    assert StoredObject.objects.get().references == 1
    assert finish.calls == (1 if late else 2)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("name", ["begin_part", "keep_part", "kept_parts", "renew", "complete"])
def test_a_session_outlives_it_too(
    ada: Client, monkeypatch: pytest.MonkeyPatch, name: str, late: bool
) -> None:
    failing = Failing(getattr(sessions, name), 1, late=late)
    monkeypatch.setattr(sessions, name, failing)
    session = Session(ada, ada.queued(), len(CONTENT))
    until = (lambda: failing.calls > 1) if name == "renew" else (lambda: True)
    assert session.patch(slowly(until), 0).status_code == 204
    assert failing.calls
    assert ada.get(session.image_id).content == CONTENT
    assert not UploadPart.objects.exists()


def test_a_session_that_could_not_be_let_go_is_answered_all_the_same(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "release", Failing(sessions.release, 1))
    session = Session(ada, ada.queued(), len(CONTENT))
    assert session.patch(CONTENT[:10], 0).status_code == 204
    assert eventually(lambda: session.patch(CONTENT[10:], 10).status_code == 204)
    assert ada.get(session.image_id).content == CONTENT


def test_a_fault_that_is_no_outage_ends_it(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(uploads, "renew", refuse)
    for left in blobs_on_disk():  # of tests before
        left.unlink()
    image_id = ada.queued()
    assert ada.put(image_id, CONTENT).status_code == 500
    assert eventually(lambda: nothing_is_left(image_id))
