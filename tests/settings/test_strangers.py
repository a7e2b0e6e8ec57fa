"""Long bodies are read of who is known: strangers take no memory from others."""

import http.client
import json
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from django.test import Client

from settings.bodies import SMALL
from tests.support.identity import headers_for, make_project, make_user
from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]

LONG = b"{" + b" " * 2 * SMALL + b"}"
IMAGES = "/image/v2/images"
SIGN_IN = "/identity/v3/auth/tokens"


def post(server: Server, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        connection.request("POST", path, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def member(server: Server) -> dict[str, str]:
    project = make_project("ours")
    return headers_for(make_user("ada", project), project)


@pytest.mark.parametrize("token", ["", "X-Auth-Token: vt-nobodys\r\n"])
def test_connections_without_a_token_leave_others_their_bodies(
    server: Server, member: dict[str, str], token: str
) -> None:
    address = urlsplit(server.url)
    head = f"POST {IMAGES} HTTP/1.1\r\nHost: x\r\n{token}Content-Length: {4 << 20}\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(100):
            one = stack.enter_context(
                socket.create_connection((address.hostname, address.port), timeout=60)
            )
            one.sendall(head.encode() + b"x" * 60_000)
        assert post(server, IMAGES, LONG, member)[0] == 201
        assert post(server, IMAGES, b"{}", member)[0] == 201
        assert post(server, SIGN_IN, b'{"auth": 1}', {})[0] == 400


def test_who_is_not_known_is_told_what_the_address_asks_for(
    server: Server, member: dict[str, str]
) -> None:
    status, said = post(server, IMAGES, LONG, {})
    assert (status, json.loads(said)["error_code"]) == (401, "token_refused")
    status, said = post(server, SIGN_IN, LONG, {})
    assert (status, str(SMALL) in json.loads(said)["error"]["message"]) == (413, True)
    assert post(server, "/no/such/address", LONG, {})[0] == 404
    assert post(server, "/no/such/address", LONG, member)[0] == 404


def test_who_is_signed_in_to_the_pages_is_known(server: Server, client: Client) -> None:
    client.force_login(make_user("bob", make_project("theirs")))
    cookie = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())
    assert post(server, "/project", LONG, {})[0] == 413
    assert post(server, "/project", LONG, {"Cookie": "sessionid=nobodys"})[0] == 413
    assert post(server, "/project", LONG, {"Cookie": cookie})[0] == 403  # no word of CSRF
