"""The clock inside the worker."""

import threading

import pytest
from celery import Celery

from settings.serving.periodic import Periodic
from tests.support.patience import eventually


def running() -> list[str]:
    ours = {"periodic-flaky", "periodic-slow"}
    return [one.name for one in threading.enumerate() if one.name in ours]


def test_tasks_run_again_and_again_even_after_a_failure() -> None:
    app, calls, release = Celery("tests"), [], threading.Event()

    @app.task(name="tests.flaky")
    def flaky() -> None:
        calls.append("flaky")
        raise RuntimeError("this time")

    @app.task(name="tests.slow")
    def slow() -> None:
        calls.append("slow")
        release.wait()

    app.conf.beat_schedule = {
        "flaky": {"task": "tests.flaky", "schedule": 0.02},
        "slow": {"task": "tests.slow", "schedule": 0.02},
    }
    periodic = Periodic(app)
    periodic.start()
    try:
        assert eventually(lambda: calls.count("flaky") >= 4 and calls.count("slow"))
        assert calls.count("slow") == 1, "a slow task delays only itself"
    finally:
        periodic.stop()
        release.set()
    assert eventually(lambda: not running())


def test_task_that_nobody_registered_is_told_and_the_others_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, calls = Celery("tests"), []

    @app.task(name="tests.there")
    def there() -> None:
        calls.append(1)

    app.conf.beat_schedule = {
        "gone": {"task": "tests.gone", "schedule": 0.02},
        "there": {"task": "tests.there", "schedule": 0.02},
    }
    periodic = Periodic(app)
    periodic.start()
    assert eventually(lambda: calls)
    periodic.stop()
    assert "tests.gone" in caplog.text
