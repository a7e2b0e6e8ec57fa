"""The whole service in this process, behind a real socket, on the test database."""

import asyncio
import threading
import time
from collections.abc import Iterator
from socket import socket
from typing import Any

import pytest
import uvicorn
from django.db import connection
from typing_extensions import override

from settings.serving.protocol import BoundedProtocol

TICK = 0.005
"""Seconds."""


class _Prompt(uvicorn.Server):
    """Ends as soon as it is told and its clients are gone, not at some next tenth of a second: hundreds of tests start one."""

    @override
    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # noqa: ASYNC110 - it is uvicorn's to look
            await asyncio.sleep(TICK)

    @override
    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for client in list(self.server_state.connections):
            client.shutdown()
        while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - uvicorn tells of no end
            await asyncio.sleep(TICK)
        await self.lifespan.shutdown()


class Server:
    """A running uvicorn; `url` is where it listens."""

    def __init__(self) -> None:
        from settings.composition import build

        config = uvicorn.Config(
            build(),
            http=BoundedProtocol,
            host="127.0.0.1",
            port=0,
            log_config=None,
            lifespan="on",
            access_log=False,
            proxy_headers=False,
        )
        self._server = _Prompt(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        limit = time.monotonic() + 120
        while not self._server.started:
            assert time.monotonic() < limit, "the server did not start"
            time.sleep(TICK)
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
