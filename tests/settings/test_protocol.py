"""What a connection may do: ask for an upgrade, and not read."""

import contextlib
import socket
import time
from dataclasses import replace

import pytest
from django.conf import settings

from artifacts.conf import ArtifactsConfig
from settings.serving import protocol
from tests.settings import views
from tests.settings.conftest import Server, narrow
from tests.support.patience import eventually

UPGRADE = "Host: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: {}\r\n"
LAST = b"PUT /data/2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


def told(server: Server, sent: bytes, *, bytewise: bool = False) -> bytes:
    """Everything that is answered."""
    with server.connect() as connection:
        for at in range(len(sent)) if bytewise else (slice(None),):
            connection.sendall(sent[at : at + 1] if isinstance(at, int) else sent[at])
        data = b""
        while part := connection.recv(65536):
            data += part
    return data


@pytest.mark.parametrize("protocol", ["websocket", "h2c", "anything/1"])
@pytest.mark.parametrize("bytewise", [True, False])
def test_requests_behind_one_that_asks_for_an_upgrade_are_answered(
    server: Server, protocol: str, bytewise: bool
) -> None:
    asking = f"GET /echo HTTP/1.1\r\n{UPGRADE.format(protocol)}\r\n".encode()
    found = told(server, asking * 2 + LAST, bytewise=bytewise)
    assert found.count(b"HTTP/1.1 200 OK") == 3
    assert found.count(b'"path": "/echo"') == 2
    assert b"\r\n\r\n2 req-" in found
    assert b"HTTP_UPGRADE" not in found


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("bytewise", [True, False])
def test_body_of_a_request_that_asks_for_an_upgrade_is_its_body(
    server: Server, chunked: bool, bytewise: bool
) -> None:
    """And not the next request: here it looks like one."""
    inner = b"GET /boom HTTP/1.1\r\nHost: x\r\n\r\n"
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(inner)}"
    head = f"PUT /data/1 HTTP/1.1\r\n{UPGRADE.format('h2c')}{framing}\r\n\r\n"
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(inner), inner) if chunked else inner
    found = told(server, head.encode() + body + LAST, bytewise=bytewise)
    assert found.count(b"HTTP/1.1 200 OK") == found.count(b"HTTP/1.1 ") == 2
    assert b"\r\n\r\n%d req-" % len(inner) in found


def test_nothing_is_tunnelled(server: Server) -> None:
    found = told(server, b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n" + LAST)
    assert found.startswith(b"HTTP/1.1 400 ")
    assert found.count(b"HTTP/1.1") == 1


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for longer than a few seconds."""
    found = replace(settings.VITRINE[ArtifactsConfig], idle_timeout=4.0)
    monkeypatch.setitem(settings.VITRINE, ArtifactsConfig, found)


def ended(connection: socket.socket) -> bool:
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(1 << 20):
            pass
    return True


def test_answer_that_nobody_reads_is_cut(server: Server, hasty: None) -> None:
    with narrow(server) as connection:
        connection.sendall(b"GET /stream?endless=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert views.ended.wait(60)
        assert ended(connection)


@pytest.mark.parametrize("last", [True, False])
def test_whole_answer_that_nobody_reads_is_cut(server: Server, hasty: None, last: bool) -> None:
    close = "Connection: close\r\n" if last else ""
    with narrow(server) as connection:
        asked = f"GET /large?size={8 << 20} HTTP/1.1\r\nHost: x\r\n{close}\r\n"
        connection.sendall(asked.encode())
        assert connection.recv(1)
        assert eventually(lambda: server.connections + 1, lambda found: found == 1) == 1
        assert ended(connection)


def test_slow_reader_may_take_its_time(server: Server, hasty: None) -> None:
    size = 2 << 20
    with narrow(server) as connection:
        asked = f"GET /large?size={size} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        connection.sendall(asked.encode())
        found = 0
        for _ in range(50):
            found += len(connection.recv(1 << 14))
            time.sleep(0.2)
        while part := connection.recv(1 << 20):
            found += len(part)
        assert found > size


def test_who_reads_slower_than_the_least_rate_is_cut(
    server: Server, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "LEAST_RATE", 1 << 20)
    with narrow(server) as connection:
        connection.sendall(f"GET /large?size={16 << 20} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        found = 0
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(1 << 14):
                found += len(part)
                time.sleep(0.1)
        assert 0 < found < 16 << 20
