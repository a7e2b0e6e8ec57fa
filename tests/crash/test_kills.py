"""Processes are killed at random moments; nothing acknowledged is lost, and nothing stays behind."""

import random
import time

import pytest

from tests.crash.conftest import KILLS, SEED
from tests.crash.stage import Stage

EVERY = 10
"""The service is brought to rest and looked at after so many kills."""


@pytest.mark.crash
@pytest.mark.timeout(1200)
def test_random_kills_lose_nothing(stage: Stage) -> None:
    rng = random.Random(SEED)
    done: list[str] = []
    while len(done) < KILLS:
        with stage.load.running():
            kill_some(stage, rng, min(EVERY, KILLS - len(done)), done)
        seconds = stage.settle(60)
        stage.check(f"kills: {' '.join(done)}; at rest after {seconds:.1f} s")
    assert len(done) == KILLS


def kill_some(stage: Stage, rng: random.Random, number: int, done: list[str]) -> None:
    """Kill `number` processes that are running, a few seconds apart, and note their names in `done`."""
    victim, end = stage.victim, len(done) + number
    names = sorted(victim.processes())
    while len(done) < end:
        time.sleep(rng.uniform(0.3, 4.0))
        name = rng.choice(names)
        victim.until(lambda name=name: name in victim.processes(), 60, f"{name} alive again")
        if victim.kill(name) is not None:
            done.append(name)
