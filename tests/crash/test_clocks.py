"""Two machines serve together, and the clock of one is a minute ahead: nothing comes late, is taken away, or is lost."""

import json
import os
import random
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest

from tests.crash.conftest import SEED, staged
from tests.crash.ledger import Asset
from tests.crash.load import Client, Ruler
from tests.crash.stage import Stage
from tests.crash.test_kills import kill_some
from tests.crash.test_pauses import upload
from tests.support import clocks
from tests.support.crash import Victim, beside, victim
from tests.support.patience import eventually

AHEAD = 60
KILLS = 4
"""On each machine."""
SOON = 30.0
"""Seconds within which the index has what was written: much less than the clocks are apart."""
JOBS = "SELECT id FROM catalog_job"
pytestmark = [
    pytest.mark.crash,
    pytest.mark.postgresql,
    pytest.mark.redis,
    pytest.mark.elasticsearch,
    pytest.mark.faketime,
    pytest.mark.timeout(1200),
]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Victim, Victim]]:
    """One whose clock is right, and one whose clock is ahead; each has web, worker and relay."""
    folder = tmp_path_factory.mktemp("right")
    with (
        victim(folder, "production-redis") as right,
        beside(right, folder / "ahead", **clocks.environment(AHEAD)) as ahead,
    ):
        yield right, ahead


@pytest.fixture(scope="module")
def stage(machines: tuple[Victim, Victim]) -> Stage:
    return staged(*machines)


def test_their_clocks_differ(machines: tuple[Victim, Victim]) -> None:
    """Or the tests below would show nothing."""
    right, ahead = (
        parsedate_to_datetime(one.service.call("GET", "/healthz/live")[2]["date"])
        for one in machines
    )
    assert AHEAD - 20 < (ahead - right).total_seconds() < AHEAD + 20


def test_a_token_of_one_is_good_at_the_other(machines: tuple[Victim, Victim]) -> None:
    for one, other in (machines, reversed(machines)):
        status, answer = other.service.get("/image/v2/images", token=one.service.token())
        assert status == 200, answer


@pytest.mark.parametrize("writer", [0, 1], ids=["right", "ahead"])
def test_what_one_writes_is_carried_by_the_other(
    stage: Stage, machines: tuple[Victim, Victim], writer: int
) -> None:
    """Into the index, and by a job: the writer's own relay and worker stand still meanwhile."""
    one, other = machines[writer], machines[1 - writer]
    key, token = str(uuid.uuid4()), one.service.token()
    stage.load.ledger.add(Asset(key))
    with standing(one, "relay", "worker"):
        image = {"id": key, "name": key}
        assert one.service.call("POST", "/image/v2/images", image, token=token)[0] == 201
        assert eventually(lambda: found(other, key), seconds=SOON) == 1
        before = len(stage.query(JOBS))
        Ruler(Client([one.service.port], token, stage.load.ledger), stage.load.ledger).step()
        assert len(stage.query(JOBS)) == before + 1
        assert eventually(
            lambda: not stage.query(f"{JOBS} WHERE state <> 'succeeded'"), seconds=SOON
        )
    assert one.service.call("DELETE", f"/image/v2/images/{key}", token=token)[0] == 204
    stage.settle(150)
    stage.check("carried by the other")


@contextmanager
def standing(machine: Victim, *names: str) -> Iterator[None]:
    """These processes are stopped inside the block."""
    pids = [machine.processes()[name] for name in names]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def found(machine: Victim, key: str) -> int:
    question = {"query": {"term": {"id": key}}}
    service = machine.service
    _, answer, _ = service.call("POST", "/search/v1/search", question, token=service.token())
    return int(json.loads(answer)["hits"]["total"])


def test_neither_takes_back_what_the_other_still_takes_in(
    stage: Stage, machines: tuple[Victim, Victim]
) -> None:
    """A client that is slower than the lease: each machine's worker sees it, by a clock of its own."""
    for one in machines:
        assert upload(replace(stage, victim=one), b"?" * 200_000, pause=1.5) == 204
    stage.settle(150)
    stage.check("slow on both")


def test_kills_on_both_lose_nothing(stage: Stage, machines: tuple[Victim, Victim]) -> None:
    rng = random.Random(SEED)
    done: list[str] = []
    with stage.load.running(ruling=True):
        for _ in range(KILLS):
            for one in machines:
                kill_some(replace(stage, victim=one), rng, 1, done)
    stage.settle(150)
    stage.check(f"kills: {' '.join(done)}")
