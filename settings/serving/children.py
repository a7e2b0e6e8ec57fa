"""What each process of the service does once it is forked; every function returns its exit code."""

import signal
import socket
import sys
import warnings

import uvicorn
from celery import Celery
from celery.platforms import SecurityWarning
from django.core.management import call_command
from starlette.types import ASGIApp

from artifacts import configured_stores
from settings.sections import HttpConfig
from settings.serving.periodic import Periodic
from settings.serving.protocol import BoundedProtocol

SWITCH = 0.0005
"""Seconds for which a thread that computes keeps the others from Python: they ask for it dozens of times a request."""


def web(application: ASGIApp, listening: socket.socket, config: HttpConfig) -> int:
    """Answer requests until SIGTERM, then let running ones end within the grace time."""
    sys.setswitchinterval(SWITCH)
    configured_stores.stores()  # a store that cannot be built is told before the first request asks for it
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again once it is done
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            loop="uvloop",
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=2048,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=max(1, round(config.shutdown_grace)),
        )
    )
    server.run(sockets=[listening])
    return 0 if server.started else 1


def worker(app: Celery, config: HttpConfig) -> int:
    """Run jobs on threads, and the periodic tasks beside them, until SIGTERM.

    Threads rather than processes: jobs wait for stores and for the database or hash (which lets other threads run),
    they share memory with no second fork, and a job that dies with its process is brought back by its lease anyway.
    """
    # Celery warns against root because of pickle, which its default refuses.
    warnings.simplefilter("ignore", SecurityWarning)
    running = app.Worker(
        pool="threads",
        concurrency=config.worker_threads,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
        redirect_stdouts=False,
    )
    periodic = Periodic(app)
    periodic.start()
    try:
        running.start()
    finally:
        periodic.stop()
    return int(running.exitcode or 0)


def relay() -> int:
    """Carry deliveries to the search index until SIGTERM."""
    call_command("relay")
    return 0


def notifier() -> int:
    """Publish notifications until SIGTERM."""
    call_command("notifier")
    return 0
