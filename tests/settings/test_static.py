"""The files of the pages and the admin: no thread is theirs, and nothing beside them can be read."""

import http.client
import logging
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]

FILE = "/static/admin/css/base.css"


def ask(
    server: Server, method: str, path: str, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    finally:
        connection.close()


def test_files_are_kept_by_browsers_for_a_while_and_asked_for_again(server: Server) -> None:
    status, headers, body = ask(server, "GET", FILE)
    assert (status, len(body)) == (200, int(headers["content-length"]))
    assert headers["content-type"] == "text/css; charset=utf-8"
    assert headers["cache-control"] == "max-age=60, public"
    for condition in (
        {"If_None_Match": headers["etag"]},
        {"If_Modified_Since": headers["last-modified"]},
    ):
        status, again, nothing = ask(server, "GET", FILE, **condition)
        assert (status, nothing, again["cache-control"]) == (304, b"", "max-age=60, public")
    assert ask(server, "HEAD", FILE)[0::2] == (200, b"")
    assert ask(server, "GET", FILE, Range="bytes=0-9")[0::2] == (206, body[:10])


def test_the_icon_is_where_browsers_look_for_it(server: Server) -> None:
    status, headers, body = ask(server, "GET", "/favicon.ico")
    assert (status, body[:4]) == (200, b"\x00\x00\x01\x00")
    assert headers["content-type"] in {"image/x-icon", "image/vnd.microsoft.icon"}
    assert headers["cache-control"] == "max-age=60, public"
    assert ask(server, "HEAD", "/favicon.ico")[0::2] == (200, b"")
    assert ask(server, "GET", "/favicon.ico", If_None_Match=headers["etag"])[0] == 304


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static",
        "/static/admin",
        "/static/nothing.css",
        "/static/../manage.py",
        "/static/%2e%2e/%2e%2e/manage.py",
        "/static//etc/passwd",
        "/static/admin/css/../../../../apps.py",
        "/static/" + "x" * 5000,
    ],
)
def test_nothing_else_is_there(server: Server, path: str) -> None:
    status, headers, _ = ask(server, "GET", path)
    assert status == 404
    assert headers["x-openstack-request-id"]


def test_files_are_read_only(server: Server) -> None:
    status, headers, _ = ask(server, "PUT", FILE)
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_slow_readers_hold_no_thread(server: Server) -> None:
    """More connections than there are threads, each with many answers to read."""
    address = urlsplit(server.url)
    asked = f"GET {FILE} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(12):
            slow = stack.enter_context(socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect((address.hostname, address.port))
            slow.sendall(asked * 400)
            assert slow.recv(15) == b"HTTP/1.1 200 OK"
        assert ask(server, "GET", "/sign-in")[0] == 200


def test_a_client_that_leaves_with_answers_on_their_way_is_no_failure(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    address = urlsplit(server.url)
    for _ in range(6):
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((address.hostname, address.port))
            connection.sendall(f"GET {FILE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 40)
            connection.recv(100)
    assert ask(server, "GET", FILE)[0] == 200
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []
