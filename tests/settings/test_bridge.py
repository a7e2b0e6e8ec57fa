"""What Django sees of a request, and what a client sees of Django's answer, over a real connection."""

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections

from settings.bodies import DISCARD, Bodies
from settings.bridge import Bridge, WsgiApplication
from settings.capacity import CapacityBudget
from settings.serving import protocol
from tests.settings import views
from tests.settings.conftest import LIMIT, Server, narrow, read_answer, serving
from tests.support.patience import eventually

CHUNKED = "Transfer-Encoding: chunked"


def test_request_reaches_django_as_it_was_sent(server: Server) -> None:
    answer = server.ask("POST", "/echo?a=1&b=%20x", "X-One: 1", "X-One: 2", body=b'{"a": 1}')
    seen = answer.json()
    assert answer.status == 200
    assert (seen["method"], seen["query"], seen["body"]) == ("POST", "a=1&b=%20x", '{"a": 1}')
    assert seen["length"] == "8"
    assert seen["headers"]["HTTP_X_ONE"] == "1,2"
    assert seen["thread"].startswith("web")


def test_several_cookie_lines_are_one_cookie_header(server: Server) -> None:
    seen = server.ask("GET", "/echo", "Cookie: a=1", "Cookie: b=2").json()
    assert seen["headers"]["HTTP_COOKIE"] == "a=1; b=2"


@pytest.mark.parametrize(
    ("sent", "seen"), [("/echo/gr%C3%BCn", "/echo/grün"), ("/echo/a%2Fb%25FF", "/echo/a/b%FF")]
)
def test_path_is_the_clients_bytes(server: Server, sent: str, seen: str) -> None:
    assert server.ask("GET", sent).json()["path"] == seen


def test_headers_with_an_underscore_cannot_pose_as_others(server: Server) -> None:
    answer = server.ask("GET", "/echo", "X-Auth-Token: mine", "X_Auth_Token: evil")
    assert answer.json()["headers"]["HTTP_X_AUTH_TOKEN"] == "mine"
    assert "evil" not in answer.body.decode()


def test_body_in_chunks_is_a_body(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(
            f"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{CHUNKED}\r\n\r\n".encode()
        )
        for part in (b"he", b"llo"):
            connection.sendall(b"%x\r\n%b\r\n" % (len(part), part))
            time.sleep(0.05)
        connection.sendall(b"0\r\n\r\n")
        seen = read_answer(connection).json()
    assert (seen["body"], seen["length"]) == ("hello", "5")


def test_get_may_carry_a_body_and_the_view_learns_of_it(server: Server) -> None:
    assert server.ask("GET", "/echo", body=b"abc").json()["length"] == "3"
    assert server.ask("GET", "/echo").json()["length"] == "0"


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1])
@pytest.mark.parametrize("chunked", [False, True])
def test_body_up_to_the_limit_and_no_further(server: Server, size: int, chunked: bool) -> None:
    body = b"x" * size
    if chunked:
        sent = b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
        with server.connect() as connection:
            head = f"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{CHUNKED}\r\n\r\n"
            connection.sendall(head.encode() + sent)
            answer = read_answer(connection)
    else:
        answer = server.ask("POST", "/echo", body=body)
    if size <= LIMIT:
        assert answer.json()["length"] == str(size)
    else:
        assert (answer.status, answer.json()["code"]) == (413, "too_large")
        assert str(LIMIT) in answer.json()["detail"]


def test_client_that_sends_megabytes_still_reads_the_refusal(server: Server) -> None:
    answer = server.ask("POST", "/echo", body=b"x" * (6 << 20))
    assert answer.status == 413
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("size", [0, LIMIT + 1, 6 << 20])
def test_nothing_is_at_an_unknown_address_however_long_the_body(server: Server, size: int) -> None:
    answer = server.ask("PUT", "/no/such/address", body=b"x" * size)
    assert answer.status == 404
    asked = server.ask("PUT", "/no/such", "Expect: 100-continue", f"Content-Length: {LIMIT + 1}")
    assert asked.status == 404


def test_client_that_asks_first_is_refused_before_it_sends(server: Server) -> None:
    answer = server.ask("POST", "/echo", "Expect: 100-continue", f"Content-Length: {DISCARD * 64}")
    assert answer.status == 413


def test_client_that_asks_first_may_send(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(
            b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"ok")
        assert read_answer(connection).json()["body"] == "ok"


def test_body_that_does_not_arrive_in_time_gets_408() -> None:
    began = time.monotonic()
    hasty = contextlib.contextmanager(serving)((), body_seconds=2.0)
    with hasty as server, server.connect() as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        answer = read_answer(connection)
    assert (answer.status, answer.json()["code"]) == (408, "timed_out")
    assert time.monotonic() - began > 1.9


def test_trickling_bodies_take_no_thread(server: Server) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    slow = [server.connect() for _ in range(20)]
    try:
        for connection in slow:
            connection.sendall(head)
        assert server.ask("GET", "/echo").status == 200
    finally:
        for connection in slow:
            connection.close()


def test_head_names_the_length_and_sends_nothing(server: Server) -> None:
    answer = server.ask("HEAD", "/echo")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_head_of_a_streamed_answer_does_not_run_it(server: Server) -> None:
    assert server.ask("HEAD", "/stream?endless=1").body == b""
    assert not views.ended.is_set()


def test_answer_without_content_has_no_length(server: Server) -> None:
    answer = server.ask("GET", "/nothing")
    assert (answer.status, answer.body) == (204, b"")
    assert "content-length" not in answer.headers
    assert "transfer-encoding" not in answer.headers


def test_streamed_answer_arrives_part_by_part(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        early = b""
        while b"first" not in early:
            early += connection.recv(4096)
        assert b"second" not in early
        views.gate.set()
        assert b"second" in read_rest(connection)


def read_rest(connection: object) -> bytes:
    data = b""
    while part := connection.recv(4096):  # type: ignore[attr-defined]
        data += part
    return data


def test_streamed_answer_ends_when_its_client_leaves(server: Server) -> None:
    connection = server.connect()
    connection.sendall(b"GET /stream?endless=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.recv(64)
    connection.close()
    assert views.ended.wait(60)
    assert server.ask("GET", "/echo").status == 200


def test_slow_readers_of_streamed_answers_hold_no_thread(server: Server) -> None:
    slow = [server.connect() for _ in range(4)]
    for connection in slow:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /stream?endless=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(64)
    assert [server.ask("GET", "/echo").status for _ in range(4)] == [200] * 4
    for connection in slow:
        connection.close()


@contextlib.contextmanager
def waiting(server: Server, number: int) -> Iterator[list[socket.socket]]:
    asked = b"POST /waits HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    connections = [server.connect() for _ in range(number)]
    try:
        for connection in connections:
            connection.sendall(asked)
        assert eventually(lambda: server.waits, lambda found: found == number) == number
        yield connections
    finally:
        for connection in connections:
            connection.close()
        assert eventually(lambda: server.waits + 1, lambda found: found == 1) == 1


def test_who_waits_for_something_else_holds_no_thread(server: Server) -> None:
    with waiting(server, 4) as connections:
        assert server.busy <= 2
        assert server.ask("GET", "/echo").status == 200
        views.gate.set()
        assert [read_answer(one).body for one in connections] == [b"True ok"] * 4


def test_so_many_wait_for_something_else_and_no_more(server: Server) -> None:
    """Eight in all, and half of them from one address."""
    with waiting(server, 4):
        refused = server.ask("GET", "/waits")
        assert (refused.status, refused.json()["code"]) == (503, "unavailable")
        assert refused.headers["retry-after"].isdigit()
        assert server.ask("GET", "/echo").status == 200


def test_who_leaves_waits_no_more(server: Server) -> None:
    for _ in range(3):
        with waiting(server, 4) as connections:
            for one in connections:
                one.close()


def test_failing_view_is_a_problem_without_its_secrets(server: Server) -> None:
    answer = server.ask("GET", "/boom")
    assert (answer.status, answer.json()["code"]) == (500, "internal_error")
    assert b"secret" not in answer.body
    assert answer.headers["x-openstack-request-id"].startswith("req-")


def test_answer_that_fails_in_the_middle_is_cut_not_ended(server: Server) -> None:
    views.gate.set()
    answer = server.ask("GET", "/stream?fail=1")
    assert (answer.status, answer.body) == (200, b"firstsecond")
    assert not answer.complete
    assert views.ended.is_set()


def test_more_requests_than_threads_and_queue_hold_are_refused(server: Server) -> None:
    """Two threads and a queue of two: the fifth is told to come back, the four are answered."""
    waiting = [server.connect() for _ in range(4)]
    for connection in waiting:
        connection.sendall(b"GET /blocked HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert eventually(lambda: server.busy, lambda found: found == 4) == 4
    refused = server.ask("GET", "/echo")
    views.gate.set()
    assert (refused.status, refused.json()["code"]) == (503, "unavailable")
    assert refused.headers["retry-after"] == "1"
    for connection in waiting:
        assert read_answer(connection).body == b"free"
        connection.close()


def test_queued_request_whose_client_left_leaves_the_queue(server: Server) -> None:
    def busy(wanted: int) -> None:
        assert eventually(lambda: server.busy, lambda found: found == wanted) == wanted

    waiting = [server.connect() for _ in range(4)]
    for number, connection in enumerate(waiting, 1):
        connection.sendall(b"GET /blocked HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        busy(number)
    for connection in waiting[2:]:
        connection.close()
    busy(2)
    answers = []
    late = threading.Thread(target=lambda: answers.append(server.ask("GET", "/echo").status))
    late.start()
    busy(3)
    views.gate.set()
    late.join(60)
    assert answers == [200]
    for connection in waiting[:2]:
        assert read_answer(connection).body == b"free"
        connection.close()


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_work_learns_that_its_client_left(server: Server, body: bytes) -> None:
    connection = server.connect()
    head = f"POST /working HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    assert eventually(lambda: server.busy, lambda found: found == 1) == 1
    assert not views.ended.wait(0.2)
    connection.close()
    assert views.ended.wait(30)
    assert eventually(lambda: server.busy, lambda found: found == 0) == 0


def test_a_client_that_left_is_no_failure_of_the_service(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "vitrine.access"):
        connection = server.connect()
        connection.sendall(b"GET /working HTTP/1.1\r\nHost: x\r\n\r\n")
        assert eventually(lambda: server.busy) == 1
        connection.close()
        assert eventually(lambda: [r for r in caplog.records if r.name == "vitrine.access"])
    (record,) = [r for r in caplog.records if r.name == "vitrine.access"]
    assert (record.__dict__["status"], record.__dict__["complete"]) == (499, False)


def test_large_answers_that_nobody_reads_leave_room_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = 8 << 20
    monkeypatch.setattr("settings.asgi_application.ANSWERS_OF_ONE", 2 * size)
    asked = f"GET /large?size={size} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    with contextlib.contextmanager(serving)(()) as server, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(narrow(server)) for _ in range(2)]
        for connection in slow:
            connection.sendall(asked)
            assert connection.recv(1)
        refused = server.ask("GET", f"/large?size={size}")
        assert (refused.status, refused.json()["code"]) == (503, "unavailable")
        assert len(server.ask("GET", f"/large?size={LIMIT}").body) == LIMIT
        for connection in slow:
            assert len(read_rest(connection)) > size
        assert len(server.ask("GET", f"/large?size={size}").body) == size


def test_endless_headers_end_the_connection(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Long: ")
        answer = b""
        with contextlib.suppress(ConnectionError):
            for _ in range(64):
                connection.sendall(b"x" * 16384)
                time.sleep(0.001)
        with contextlib.suppress(ConnectionError):
            answer = connection.recv(64)
    assert answer.startswith(b"HTTP/1.1 400") or not answer
    assert server.ask("GET", "/echo", "X-Long: " + "x" * 30000).status == 200


def test_head_that_does_not_arrive_ends_the_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    with server.connect() as silent, server.connect() as slow:
        with contextlib.suppress(ConnectionError):  # it may be ended already
            slow.sendall(b"GET /echo HTTP/1.1\r\nHo")
            assert slow.recv(64) == b""
        assert silent.recv(64) == b""


def test_connection_between_requests_may_be_silent(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 2.0)
    with server.connect() as connection:
        for pause in (3, 0):
            connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 204")
            time.sleep(pause)


def make_bridge(application: WsgiApplication, *, threads: int) -> Bridge:
    budget = CapacityBudget(total=1, share=1)
    return Bridge(
        application,
        threads=threads,
        waiting=8,
        bodies=Bodies(limit=1, seconds=1, strangers=budget, known=budget),
        waits=budget,
        answers=budget,
        sender=lambda _: "somebody",
    )


@pytest.mark.django_db(transaction=True)
def test_threads_keep_their_connections_until_the_end() -> None:
    held: dict[str, object] = {}
    both = threading.Barrier(2, timeout=60)

    def application(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        connection = connections["default"]
        connection.ensure_connection()
        held.setdefault(threading.current_thread().name, connection)
        assert held[threading.current_thread().name] is connection
        both.wait()  # neither thread is free for the other's request
        start("200 OK", [])
        return [b"ok"]

    async def run() -> Bridge:
        bridge = make_bridge(application, threads=2)
        scope = {
            "type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [],
            "http_version": "1.1",
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(300)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            assert message.get("status", 200) == 200

        for _ in range(2):
            await asyncio.gather(*(bridge(scope, receive, send) for _ in range(2)))
        return bridge

    bridge = asyncio.run(run())
    assert len(held) == 2
    assert all(one.connection is not None for one in held.values())  # type: ignore[attr-defined]
    bridge.close()
    assert all(one.connection is None for one in held.values())  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_a_thread_that_is_left_behind_closes_its_connections_itself() -> None:
    held, free = [], threading.Event()

    def work() -> None:
        connections["default"].ensure_connection()
        held.append(connections["default"])
        free.wait(60)

    async def run() -> None:
        bridge = make_bridge(lambda *_: [], threads=2)
        working = asyncio.ensure_future(bridge.warm(work))
        while not held:  # noqa: ASYNC110 - a thread's work calls nobody back
            await asyncio.sleep(0.01)
        bridge.close(patience=0.1)
        assert held[0].connection is not None
        free.set()
        await working

    asyncio.run(run())
    assert eventually(lambda: held[0].connection is None)


def test_start_up_work_runs_on_a_thread_of_the_pool(server: Server) -> None:
    assert len(eventually(lambda: server.prepared)) == 1
    assert server.prepared[0].startswith("web")
