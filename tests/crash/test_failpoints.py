"""A process is killed at each declared failpoint; nothing acknowledged is lost, and nothing stays behind."""

import importlib
import pkgutil
import signal
from itertools import zip_longest

import pytest

from catalog import failpoints
from tests.crash.stage import Stage

APPS = ("catalog", "metadefs", "artifacts", "images", "search")
PASSED_BY = {
    "upload": "web",
    "store": "web",
    "delete": "web",
    "job": "worker",
    "revalidate": "worker",
    "relay": "relay",
    "notifier": "notifier",
}
BY_COMMAND = "rebuild"
"""This area's points are passed by `manage.py rebuild_index`."""
BY_FAILURE = "undo"
"""This area's points are passed by jobs that fail, which those of the load do not."""
HOPELESS = (
    "from catalog.models import Job; Job.objects.create(kind='artifacts.revalidate',"
    " input={'epoch': 0, 'resource_types': []}, attempts=10)"
)
"""A job whose next claim is one too many."""
pytestmark = [pytest.mark.crash, pytest.mark.timeout(600)]


def points() -> list[str]:
    """Every point that any module declares."""
    for app in APPS:
        package = importlib.import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)
    return sorted(failpoints.declared())


def area(point: str) -> str:
    return point.partition(".")[0]


def rounds() -> list[tuple[str, ...]]:
    """One point of web and one of the worker at a time; then the relay's and the notifier's, after those that change rules."""
    queues: dict[str, list[str]] = {"web": [], "worker": [], "relay": [], "notifier": []}
    for point in points():
        if area(point) not in {BY_COMMAND, BY_FAILURE}:
            queues[PASSED_BY[area(point)]].append(point)
    pairs = zip_longest(queues["web"], queues["worker"])
    later = zip_longest(queues["relay"], queues["notifier"])
    return [tuple(filter(None, pair)) for pair in (*pairs, *later)]


def test_every_area_has_points() -> None:
    assert set(map(area, points())) == PASSED_BY.keys() | {BY_COMMAND, BY_FAILURE}


@pytest.mark.parametrize("armed", rounds(), ids="+".join)
def test_death_at_a_failpoint_loses_nothing(stage: Stage, armed: tuple[str, ...]) -> None:
    victim = stage.victim
    everybody = victim.processes().keys()
    ruling = any(PASSED_BY[area(point)] == "worker" for point in armed)
    with stage.load.running(ruling=ruling):
        try:
            for point in armed:
                victim.arm(point)
            victim.until(lambda: all(map(victim.fired, armed)), 180, f"past {armed}")
        finally:
            for point in armed:
                victim.disarm(point)
    # Clients stop at once: what they wrote later would hide what was lost before.
    victim.until(lambda: victim.processes().keys() == everybody, 120, "all alive again")
    stage.settle(150)
    stage.check(f"killed at {', '.join(armed)}")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("point", [one for one in points() if area(one) == BY_COMMAND])
def test_death_of_a_rebuild_loses_nothing(stage: Stage, point: str) -> None:
    """The old index answers on, or the new one does; the next rebuild succeeds, on Elasticsearch once the dead one
    counts as given up.
    """
    service = stage.victim.service
    with stage.load.running(ruling=True):
        stage.victim.arm(point)
        assert service.manage("rebuild_index").returncode == -signal.SIGKILL
    stage.settle(150)
    stage.check(f"killed at {point}")
    with stage.load.running(ruling=False):
        stage.victim.until(
            lambda: service.manage("rebuild_index").returncode == 0, 400, "built anew after that"
        )
    stage.settle(150)
    stage.check(f"killed at {point} and built anew")


@pytest.mark.parametrize("point", [one for one in points() if area(one) == BY_FAILURE])
def test_death_while_a_job_is_undone_leaves_it_to_another_worker(stage: Stage, point: str) -> None:
    victim = stage.victim
    everybody = victim.processes().keys()
    victim.arm(point)
    assert victim.service.manage("shell", "-c", HOPELESS).returncode == 0
    victim.until(lambda: victim.fired(point), 180, f"past {point}")
    victim.until(lambda: victim.processes().keys() == everybody, 120, "all alive again")
    stage.settle(150)
    (job,) = stage.query("SELECT * FROM catalog_job WHERE attempts = 10")
    assert (job["state"], job["error_code"], job["undo_attempts"]) == (
        "failed",
        "job_workers_lost",
        2,
    )
    forget = "from catalog.models import Job; Job.objects.filter(attempts=10).delete()"
    assert victim.service.manage("shell", "-c", forget).returncode == 0
    stage.check(f"killed at {point}")
