"""Celery's side of jobs: ids in, one call."""

import logging

from celery import current_app, shared_task
from kombu.exceptions import OperationalError

from catalog import drift, lease_watch
from catalog.events.pruning import Pruner
from catalog.jobs import reconciling, running

log = logging.getLogger(__name__)
pruner = Pruner()


@shared_task(name="catalog.run_job", acks_late=True, ignore_result=True)
def run_job(job_id: str) -> None:
    running.run(job_id)


@shared_task(name="catalog.reconcile_jobs", ignore_result=True)
def reconcile_jobs() -> None:
    reconciling.reconcile()


@shared_task(name="catalog.watch_leases", ignore_result=True)
def watch_leases() -> None:
    lease_watch.look()
    drift.measure()


@shared_task(name="catalog.prune_history", ignore_result=True)
def prune_history() -> None:
    pruner.run()


def hint(job_id: str) -> None:
    """`settings.JOB_HINT`: send the job's id to the workers; without a broker the reconciler brings it later."""
    try:
        current_app.send_task("catalog.run_job", [job_id], ignore_result=True, retry=False)
    except (OperationalError, OSError) as error:
        log.warning(
            "the broker does not answer; the reconciler will bring the job",
            extra={"job": job_id, "reason": str(error)},
        )
