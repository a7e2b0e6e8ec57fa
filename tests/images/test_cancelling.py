"""A request that is cancelled at any of its steps leaves neither writer nor reader, nor anything that is held."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from starlette.requests import Request

from artifacts import configured_stores
from artifacts.api import downloads, parts, streaming, threads
from artifacts.api.ranges import span
from artifacts.api.streaming import Body
from artifacts.api.threads import in_database
from artifacts.conf import ArtifactsConfig
from artifacts.models import Artifact, Blob, StoredObject, UploadPart, UploadSession
from artifacts.services import sessions, uploads
from artifacts.services.upload_conditions import Intake
from artifacts.types import type_named
from catalog.actors import Actor
from stores import FileStore
from tests.support.cancelling import MOMENT, Counting, cancelled_at
from tests.support.patience import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
ACTOR = Actor(user_id="u", project_id="p", roles=frozenset({"member"}))
BLOCK = bytes(1 << 20)
BOTH = pytest.mark.parametrize("later", [0.0, MOMENT / 2], ids=["at-once", "at-work"])
POOLS = (threads.database_threads, threads.data_threads)


@pytest.fixture(autouse=True)
def _one_thread_each(settings: Any) -> Iterator[None]:
    """So that who comes last knows that all others are done."""
    config = replace(settings.VITRINE[ArtifactsConfig], data_threads=1, database_threads=1)
    settings.VITRINE = {**settings.VITRINE, ArtifactsConfig: config}
    for pool in POOLS:
        end(pool())
        pool.cache_clear()
    yield
    for pool in POOLS:
        end(pool())
        pool.cache_clear()


def end(pool: ThreadPoolExecutor) -> None:
    """Every thread closes its connections, and ends."""
    all_of_them = threading.Barrier(pool._max_workers, timeout=60)

    def leave() -> None:
        all_of_them.wait()
        connections.close_all()

    for _ in range(pool._max_workers):
        pool.submit(leave)
    pool.shutdown()


def at_rest() -> None:
    """Wait for what threads still do; what one of them ends may be for another one to take back."""
    for pool in POOLS * 3:
        pool().submit(bool).result()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counting:
    found = Counting(FileStore(tmp_path, fsync=False))
    monkeypatch.setattr(configured_stores, "stores", lambda: {"local": found})
    return found


def queued() -> Artifact:
    return Artifact.objects.create(type="images", status="queued", project_id="p", name="a")


async def blocks() -> AsyncGenerator[bytes, None]:
    for _ in range(2):
        yield BLOCK


def partials(store: Counting) -> list[Path]:
    return list((store.inner.root / ".partial").iterdir())  # type: ignore[attr-defined]  # a FileStore


def nothing_is_held(store: Counting) -> bool:
    at_rest()
    return (
        store.open_now == 0
        and partials(store) == []
        and not StoredObject.objects.exclude(state="stored").exists()
        and not Blob.objects.filter(status="saving").exists()
        and not Artifact.objects.filter(status="saving").exists()
        and not UploadSession.objects.exclude(lease_until=None).exists()
    )


@BOTH
def test_uploads(store: Counting, later: float) -> None:
    kind = type_named("images")

    async def work(image: Artifact) -> None:
        begin = partial(uploads.begin, image, kind=kind, slot="image", actor=ACTOR)
        upload = await in_database(begin, undo=partial(uploads.abandon, actor=ACTOR))
        finish = partial(uploads.finish, upload, actor=ACTOR)
        await streaming.store(blocks(), upload, ACTOR, intake=Intake(), finish=finish)

    step = 0
    while True:
        step += 1
        image = queued()
        was = cancelled_at(step, partial(work, image), later=later)
        assert eventually(partial(nothing_is_held, store), seconds=20), f"step {step}"
        image.refresh_from_db()
        whole = image.status == "active"
        assert StoredObject.objects.count() == len(list(store.list())) == whole, f"step {step}"
        assert whole or was
        if not was:
            return
        for one in StoredObject.objects.all():  # it had ended before it heard
            store.delete(one.key)
        Artifact.objects.filter(pk=image.pk).delete()
        StoredObject.objects.all().delete()


def request(content: bytes) -> Request:
    told = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive() -> Any:
        return told.pop() if told else {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "headers": [], "path": "/"}
    return Request(scope, receive)


@BOTH
def test_parts_and_what_they_become(store: Counting, later: float) -> None:
    """One part is there, the second one and the end come with the request."""
    kind, content = type_named("images"), BLOCK + b"end"
    image = queued()

    async def work(session: UploadSession) -> None:
        claim = await in_database(
            partial(sessions.claim, session, offset=session.received), undo=sessions.release
        )

        async def finish(found: list[sessions.Part]) -> None:
            begin = partial(uploads.begin, image, kind=kind, slot="image", actor=ACTOR)
            upload = await in_database(begin, undo=partial(uploads.abandon, actor=ACTOR))
            done = partial(uploads.finish, upload, actor=ACTOR)
            async with aclosing(parts.joined(found)) as chunks:
                await streaming.store(chunks, upload, ACTOR, intake=Intake(), finish=done)
            await in_database(partial(sessions.complete, claim))

        body = Body(request(content[claim.offset :]))
        await parts.append(body, claim, checksum=None, finish=finish)

    step = 0
    while True:
        step += 1
        session = sessions.open_session(
            image, slot="image", store="local", length=len(content), digests={},
            client_metadata="", actor=ACTOR,
        )  # fmt: skip
        was = cancelled_at(step, partial(work, session), later=later)
        assert eventually(partial(nothing_is_held, store), seconds=20), f"step {step}"
        assert StoredObject.objects.count() == len(list(store.list())), f"step {step}"
        if not was:
            assert not UploadPart.objects.exists()
            return
        sessions.end(session.pk)
        Artifact.objects.filter(pk=image.pk).delete()
        for one in StoredObject.objects.all():
            store.delete(one.key)
        StoredObject.objects.all().delete()
        image = queued()


async def silence() -> Any:
    await asyncio.Event().wait()


@BOTH
def test_downloads(store: Counting, later: float) -> None:
    store.put("key", BLOCK * 2)
    asked = span(2 * len(BLOCK), None)

    async def work() -> None:
        one = Request({"type": "http", "method": "GET", "headers": [], "path": "/"}, silence)
        sources = [downloads.Source("local", "key")]
        answer = await downloads.send(one, sources, asked, headers={}, content_type="x/y")

        async def send(_: Any) -> None:
            await in_database(bool)

        await answer(one.scope, one.receive, send)

    step, was = 0, True
    while was:
        step += 1
        was = cancelled_at(step, work, later=later)
        at_rest()
        assert eventually(lambda: store.open_now == 0, seconds=20), f"step {step}"
