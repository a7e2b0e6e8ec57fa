"""Celery: a broker's server in production, files in the data folder on one machine."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

from artifacts.conf import ArtifactsConfig
from catalog import lease_watch
from catalog.conf import CatalogConfig, section
from settings import filebroker, folders

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.base")

CONNECT_SECONDS, DEAF_SECONDS = 3, 5
"""Within which a broker must take a connection, and answer; a worker's own questions take it one second."""

filebroker.register()
app = Celery("vitrine")


def _files() -> dict[str, Any]:
    folder = settings.DATA_DIR / "broker"
    for one in (settings.DATA_DIR, folder, folder / "queue", folder / "control"):
        try:
            one.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise folders.cannot_write(one, error.errno) from None
    return {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "control"),
        "store_processed": False,
        "polling_interval": 0.1,
    }


def _transport() -> dict[str, Any]:
    """Redis is waited for without end unless told otherwise; AMQP's library has limits of its own."""
    if not settings.CELERY_BROKER:
        return _files()
    if settings.CELERY_BROKER.startswith("redis"):
        return {"socket_timeout": DEAF_SECONDS, "socket_connect_timeout": CONNECT_SECONDS}
    return {}


app.conf.update(
    broker_url=settings.CELERY_BROKER or f"{filebroker.SCHEME}://localhost",
    broker_transport_options=_transport(),
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=CONNECT_SECONDS,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue="vitrine",
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    beat_schedule={
        "watch-leases": {
            "task": "catalog.watch_leases",
            "schedule": lease_watch.pause(
                section(CatalogConfig).job_lease, section(ArtifactsConfig).upload_lease
            ),
        },
        "reconcile-jobs": {
            "task": "catalog.reconcile_jobs",
            "schedule": min(5.0, section(CatalogConfig).job_lease),
        },
        "prune-history": {"task": "catalog.prune_history", "schedule": 60.0},
        "reap-artifacts": {
            "task": "artifacts.reap",
            "schedule": min(10.0, section(ArtifactsConfig).upload_lease),
        },
    },
)
app.autodiscover_tasks()


@setup_logging.connect  # type: ignore[untyped-decorator] # celery has no types
def _keep_ours(**_: Any) -> None:
    """Django has set up logging already."""
