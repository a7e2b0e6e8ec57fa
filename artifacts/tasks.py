"""Celery's side of the reaper."""

from celery import shared_task

from artifacts.services import reaping


@shared_task(name="artifacts.reap", ignore_result=True)
def reap() -> None:
    reaping.reap()
    reaping.sweep_partials()
