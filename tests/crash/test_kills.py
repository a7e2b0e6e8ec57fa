"""Processes are killed at random moments; nothing acknowledged is lost, and nothing stays behind."""

import random
import time

import pytest

from tests.crash.conftest import KILLS, SEARCH_KILLS, SEED
from tests.crash.stage import Stage
from tests.support.searchserver import SearchServer

NAMES = ("relay", "web-1", "web-2", "worker")
EVERY = 5
"""The service is brought to rest and looked at after so many kills."""


@pytest.mark.crash
@pytest.mark.timeout(1800)
def test_random_kills_lose_nothing(stage: Stage) -> None:
    rng = random.Random(SEED)
    done: list[str] = []
    while len(done) < KILLS:
        with stage.load.running(ruling=rng.random() < 0.5):
            kill_some(stage, rng, min(EVERY, KILLS - len(done)), done)
        stage.settle(150)
        stage.check(f"kills: {' '.join(done)}")
    assert len(done) == KILLS


@pytest.mark.crash
@pytest.mark.postgresql
@pytest.mark.redis
@pytest.mark.elasticsearch
@pytest.mark.timeout(1800)
def test_kills_of_elasticsearch_lose_nothing(production: Stage, server: SearchServer) -> None:
    """It is killed under load, is away for a while and comes back; a process of the service dies in each phase."""
    rng = random.Random(SEED)
    done: list[str] = []
    for _ in range(SEARCH_KILLS):
        with production.load.running(ruling=False):
            kill_some(production, rng, 1, done)
            time.sleep(rng.uniform(0.5, 3.0))
            server.kill()
            done.append("elasticsearch")
            kill_some(production, rng, 1, done)
            time.sleep(rng.uniform(0.5, 5.0))
            server.start()
            kill_some(production, rng, 1, done)
        production.settle(120)
        production.check(f"kills: {' '.join(done)}")
    assert done.count("elasticsearch") == SEARCH_KILLS


def kill_some(stage: Stage, rng: random.Random, number: int, done: list[str]) -> None:
    """Kill `number` processes that are running, a moment apart, and note their names in `done`."""
    victim, end = stage.victim, len(done) + number
    names = NAMES
    while len(done) < end:
        time.sleep(rng.uniform(0.3, 4.0))
        name = rng.choice(names)
        victim.until(lambda name=name: name in victim.processes(), 180, f"{name} alive again")
        if victim.kill(name) is not None:
            done.append(name)


@pytest.mark.crash
@pytest.mark.timeout(600)
def test_death_of_all_processes_at_once_loses_nothing(stage: Stage) -> None:
    """As when the machine's power goes, as far as a process can tell; the next start takes up what lay there."""
    with stage.load.running(ruling=True):
        time.sleep(2)
        stage.victim.kill_all()
        stage.victim.service.start()
        time.sleep(1)
    stage.settle(150)
    stage.check("all killed at once")
