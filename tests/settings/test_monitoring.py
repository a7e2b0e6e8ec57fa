"""Health and numbers, asked as a probe or Prometheus asks."""

import http.client
import threading
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from itertools import combinations
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from typing_extensions import override

from artifacts import configured_stores
from artifacts.models import Artifact
from catalog.clock import now
from catalog.errors import Unavailable
from catalog.models import Delivery, Event, Job
from settings import health, metrics, monitoring
from settings.health import Prober
from settings.storage_metrics import StorageMetrics
from stores import HttpStore, MemoryStore
from tests.support.patience import eventually
from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]
pytestmark = pytest.mark.urls("tests.settings.monitored")


def test_live_answers(client: Client) -> None:
    assert client.get("/healthz/live").json() == {"status": "ok"}


@pytest.mark.django_db(transaction=True)
def test_ready_when_every_part_is(client: Client) -> None:
    answer = eventually(
        lambda: client.get("/healthz/ready"), lambda found: found.status_code == 200
    )
    assert answer.status_code == 200
    assert answer.json()["parts"]["database"]["ok"] is True
    assert set(answer.json()["parts"]) == set(health.PARTS)


def test_ready_names_the_part_that_is_not(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise ConnectionRefusedError("at secret-host:5432")

    monkeypatch.setattr(health, "probe", Prober({"database": refused, "store": lambda: None}))
    answer = client.get("/healthz/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert answer.json()["parts"]["database"]["reason"] == "ConnectionRefusedError"
    assert answer.json()["parts"]["store"]["ok"] is True
    assert b"secret-host" not in answer.content


def gone() -> None:
    raise Unavailable("it is away")


def well() -> None:
    """Nothing is wrong."""


@pytest.mark.parametrize(
    "away",
    [
        one
        for number in range(3)
        for one in combinations(
            ("database", "search", "store", "broker", "store:cold", "identity"), number
        )
    ],
)
def test_only_what_no_node_can_do_without_takes_a_node_out(
    client: Client, monkeypatch: pytest.MonkeyPatch, away: tuple[str, ...]
) -> None:
    names = ("database", "search", "store", "broker", "store:cold", "identity")
    parts = {name: gone if name in away else well for name in names}
    monkeypatch.setattr(health, "probe", Prober(parts))
    answer = client.get("/healthz/ready")
    failing = {"database", "store"} & set(away)
    assert answer.status_code == (503 if failing else 200)
    assert answer.json()["status"] == ("failing" if failing else "degraded" if away else "ok")
    told = answer.json()["parts"]
    assert {name for name in names if not told[name]["ok"]} == set(away)
    assert {name for name in names if told[name]["required"]} == {"database", "store"}
    assert all(told[name]["reason"] == "it is away" for name in away)


@pytest.mark.django_db
def test_numbers_of_parts(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "probe", Prober({"database": well, "search": gone}))
    found = numbers(client)
    assert found["vitrine_part_up", ("database",)] == 1
    assert found["vitrine_part_up", ("search",)] == 0


def test_another_store_is_a_part_that_can_be_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    full = MemoryStore(capacity=0)
    known = {"local": MemoryStore(), "cold": full, "web": HttpStore()}
    monkeypatch.setattr(configured_stores, "stores", lambda: known)
    found = Prober({name: partial(health.store, name) for name in known})()
    assert {name: part.reason for name, part in found.items()} == {
        "local": "",
        "cold": "the store is full",
        "web": "",
    }


class Patient(Prober):
    @override
    async def without_thread(self, seconds: float = 0) -> dict[str, health.Health]:
        return await super().without_thread(300)


def test_many_may_ask_while_a_part_hangs(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than there are threads; the rest of the service goes on."""
    release = threading.Event()
    monkeypatch.setattr(health, "probe", Patient({"broker": release.wait, "store": lambda: None}))
    with ExitStack() as stack:
        stack.callback(release.set)
        asking = []
        for _ in range(12):
            one = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
            stack.callback(one.close)
            one.request("GET", "/healthz/ready")
            asking.append(one)
        other = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        stack.callback(other.close)
        other.request("GET", "/nothing/here")
        assert other.getresponse().status == 404
        release.set()
        assert [one.getresponse().status for one in asking] == [200] * 12


def test_reason_is_the_parts_own_sentence() -> None:
    def full() -> None:
        raise Unavailable("the store has no room left")

    assert Prober({"store": full})()["store"].reason == "the store has no room left"


def test_part_that_hangs_costs_its_time_and_no_more_threads() -> None:
    release, asked = threading.Event(), []

    def hangs() -> None:
        asked.append(1)
        release.wait()

    prober = Prober({"broker": hangs, "store": lambda: None})
    try:
        for _ in range(3):
            found = eventually(lambda: prober(0.1), lambda found: found["store"].ok)
            broker = found["broker"]
            assert (broker.ok, broker.reason) == (False, "no answer within 0.1 s")
            assert found["store"].ok
        assert len(asked) == 1
    finally:
        release.set()
    assert eventually(lambda: prober(0.1)["broker"].ok)


def numbers(client: Client) -> dict[tuple[str, tuple[str, ...]], float]:
    text = client.get("/metrics").content.decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.django_db
def test_numbers_of_what_is_owed(client: Client) -> None:
    assert numbers(client)["vitrine_deliveries", ("search", "outstanding")] == 0
    for n, parked in enumerate([False, False, True]):
        Delivery.objects.create(
            consumer="search",
            topic="t",
            object_id=str(n),
            parked=parked,
            created_at=now() - timedelta(seconds=100),
        )
    Job.objects.create(kind="k", state="queued")
    Job.objects.create(kind="k", state="failed")
    found = numbers(client)
    assert found["vitrine_deliveries", ("search", "outstanding")] == 2
    assert found["vitrine_deliveries", ("search", "parked")] == 1
    assert 100 <= found["vitrine_delivery_age_seconds", ("search",)] < 1000
    assert found["vitrine_jobs", ("queued",)] == 1
    assert found["vitrine_jobs", ("running",)] == 0


@pytest.mark.django_db
def test_numbers_of_what_is_kept(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "storage_metrics", StorageMetrics())
    for gone in (None, now(), now()):
        Artifact.objects.create(type="t", status="deleted", scrubbed_at=gone)
    Event.objects.create(kind="k", object_type="t", object_id="1")
    found = numbers(client)
    assert found["vitrine_tombstones", ()] == 2
    if connection.vendor == "postgresql":
        assert found["vitrine_events", ()] >= 0, "as the statistics guess"
    else:
        assert found["vitrine_events", ()] == 1
    Artifact.objects.create(type="t", status="deleted", scrubbed_at=now())
    with CaptureQueriesContext(connection) as asked:
        assert numbers(client)["vitrine_tombstones", ()] == 2, "remembered for a minute"
    assert "artifacts_artifact" not in str(asked.captured_queries)


@pytest.mark.django_db
def test_tombstones_are_counted_in_an_index() -> None:
    for n in range(100):
        Artifact.objects.create(type="t", status="deleted", scrubbed_at=None if n else now())
    plan = Artifact.objects.filter(scrubbed_at__isnull=False).values("pk").explain()
    if connection.vendor == "sqlite":
        assert "artifact_tombstone" in plan, plan


@pytest.mark.django_db
def test_numbers_of_requests(client: Client) -> None:
    def count() -> float:
        labels, name = {"image-data", "PUT", "204"}, "vitrine_request_seconds_count"
        return sum(
            v for (n, values), v in numbers(client).items() if n == name and set(values) == labels
        )

    before = count()
    metrics.observe("image-data", "PUT", 204, seconds=0.1, received=5, sent=0)
    assert count() == before + 1


@pytest.mark.parametrize(
    ("path", "data", "route"),
    [
        ("/image/v2/images", False, "image"),
        ("/image/v2/images/1/file", True, "image-data"),
        ("/", False, "console"),
        ("/anything/else", False, "console"),
        ("/healthz/live", True, "healthz"),
        ("/static/console/page.js", True, "static"),
    ],
)
def test_few_names_for_routes(path: str, data: bool, route: str) -> None:
    assert metrics.route_class(path, data=data) == route


@pytest.mark.django_db
def test_methods_that_clients_invent_share_a_name(client: Client) -> None:
    metrics.observe("console", "BREW", 405, seconds=0.1, received=0, sent=0)
    names = {values for name, values in numbers(client) if name == "vitrine_request_seconds_count"}
    assert not any("BREW" in values for values in names)
    assert any("other" in values for values in names)
