"""The clock inside the worker."""

import time
from collections.abc import Callable

import pytest
from celery import Celery

from settings.serving.periodic import Periodic


def wait(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_tasks_run_again_and_again_even_after_a_failure() -> None:
    app, calls = Celery("tests"), []

    @app.task(name="tests.flaky")
    def flaky() -> None:
        calls.append("flaky")
        raise RuntimeError("this time")

    @app.task(name="tests.slow")
    def slow() -> None:
        calls.append("slow")
        time.sleep(0.5)

    app.conf.beat_schedule = {
        "flaky": {"task": "tests.flaky", "schedule": 0.02},
        "slow": {"task": "tests.slow", "schedule": 0.02},
    }
    periodic = Periodic(app)
    periodic.start()
    wait(lambda: calls.count("flaky") >= 4)
    assert calls.count("slow") == 1, "a slow task delays only itself"
    periodic.stop()
    time.sleep(0.1)
    before = calls.count("flaky")
    time.sleep(0.2)
    assert calls.count("flaky") == before


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
    wait(lambda: bool(calls))
    periodic.stop()
    assert "tests.gone" in caplog.text
