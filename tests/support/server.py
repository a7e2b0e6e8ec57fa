"""The whole service in this process, behind a real socket, on the test database."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from django.db import connection


class Server:
    """A running uvicorn; `url` is where it listens."""

    def __init__(self) -> None:
        from settings.composition import build

        config = uvicorn.Config(
            build(), host="127.0.0.1", port=0, log_config=None, lifespan="on", access_log=False
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        limit = time.monotonic() + 120
        while not self._server.started:
            assert time.monotonic() < limit, "the server did not start"
            time.sleep(0.02)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)


@pytest.fixture(scope="session")
def stray_sessions(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Ends what the servers' threads left open, before the test database is dropped."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def server(transactional_db: None, stray_sessions: None) -> Iterator[Server]:
    """A server of this test's own; the test's database is emptied afterwards."""
    found = Server()
    found.start()
    yield found
    found.stop()
