"""Uploads, sessions and grace times between machines whose clocks differ by a minute."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, StoredObject, UploadSession
from artifacts.selectors import deleted
from artifacts.services import deletion, reaping, restoring, sessions, uploads
from artifacts.types import ArtifactType, type_named
from catalog.actors import Actor
from catalog.clock import database_now, database_time
from tests.support import clocks

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor(user_id="u", project_id="p", roles=frozenset({"member", "admin"}), is_admin=True)
AHEAD, BEHIND, LEASE = 70.0, -70.0, 60.0
PAIRS = [(0.0, AHEAD), (BEHIND, 0.0), (BEHIND, AHEAD)]
"""Clocks of who holds a lease, and of who might take it away."""


@pytest.fixture
def kind() -> ArtifactType:
    return type_named("images")


@pytest.fixture
def image() -> Artifact:
    return Artifact.objects.create(type="images", status="queued", project_id="p", name="a")


@pytest.fixture(autouse=True)
def _seconds(settings: Any) -> None:
    config = replace(settings.VITRINE[ArtifactsConfig], upload_lease=LEASE, restore_grace=LEASE)
    settings.VITRINE = {**settings.VITRINE, ArtifactsConfig: config}


def opened(image: Artifact) -> UploadSession:
    return sessions.open_session(
        image, slot="image", store="local", length=9, digests={}, client_metadata="", actor=ACTOR
    )


@pytest.mark.parametrize(("holder", "reaper"), PAIRS)
def test_a_live_upload_is_not_taken_back(
    image: Artifact,
    kind: ArtifactType,
    holder: float,
    reaper: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clocks.move(monkeypatch, holder)
    upload = uploads.begin(image, kind=kind, slot="image", actor=ACTOR)
    for _ in range(2):
        clocks.move(monkeypatch, reaper)
        assert reaping.reap() == 0
        clocks.move(monkeypatch, holder)
        uploads.renew(upload)
    uploads.abandon(upload, actor=ACTOR)


@pytest.mark.parametrize("reaper", [AHEAD, BEHIND])
def test_a_dead_one_is_taken_back_at_its_time(
    image: Artifact, kind: ArtifactType, reaper: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads.begin(image, kind=kind, slot="image", actor=ACTOR)
    StoredObject.objects.update(lease_until=database_now(-1))
    clocks.move(monkeypatch, reaper)
    assert reaping.reap() == 1, "the slot is free, the bytes stay for another lease"
    assert reaping.reap() == 0
    StoredObject.objects.update(lease_until=database_now(-1))
    assert reaping.reap() == 1
    assert not StoredObject.objects.exists()


@pytest.mark.parametrize(("holder", "other"), PAIRS)
def test_a_session_has_one_writer_and_does_not_expire(
    image: Artifact, holder: float, other: float, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    config = replace(settings.VITRINE[ArtifactsConfig], session_ttl=LEASE)
    settings.VITRINE = {**settings.VITRINE, ArtifactsConfig: config}
    clocks.move(monkeypatch, holder)
    session = opened(image)
    assert abs(session.expires_at - database_time()) < timedelta(seconds=LEASE + 30)
    held = sessions.claim(session, offset=0)
    clocks.move(monkeypatch, other)
    with pytest.raises(sessions.SessionBusy):
        sessions.claim(session, offset=0)
    with pytest.raises(sessions.SessionExists):
        opened(image)
    assert [one.pk for one in sessions.sessions_of(image)] == [session.pk]
    assert sessions.session_of(image, session.pk) == session
    assert reaping.reap() == 0
    clocks.move(monkeypatch, holder)
    sessions.renew(held)
    sessions.release(held)


@pytest.mark.parametrize(("deleter", "other"), [(BEHIND, 0.0), (0.0, AHEAD), (AHEAD, BEHIND)])
def test_the_grace_time_is_as_long_as_it_is_said_to_be(
    image: Artifact,
    kind: ArtifactType,
    deleter: float,
    other: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clocks.move(monkeypatch, deleter)
    deletion.delete(image.pk, kind=kind, actor=ACTOR)
    clocks.move(monkeypatch, other)
    assert reaping.reap() == 0
    assert deleted(ACTOR, Artifact.objects.all()).exists()
    restoring.restore(image.pk, kind=kind, actor=ACTOR)
    deletion.delete(image.pk, kind=kind, actor=ACTOR)
    Artifact.objects.update(deleted_at=database_now(-LEASE - 1))
    assert not deleted(ACTOR, Artifact.objects.all()).exists()
    with pytest.raises(restoring.PastRestoring):
        restoring.restore(image.pk, kind=kind, actor=ACTOR)
    assert reaping.reap() == 1
