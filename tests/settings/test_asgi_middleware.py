"""Request ids, refusals, log lines and proxies: the same for native routes and for Django's."""

import contextlib
import json
import logging
import select
import time
from contextlib import ExitStack

import pytest

from catalog import outage_log
from catalog.conf import ConfigurationError
from catalog.errors import InvalidParameter
from settings.hosts import Hosts
from settings.logs import FailuresOnly, JsonFormatter, RequestIdFilter
from settings.proxies import TrustedProxies
from tests.settings import views
from tests.settings.conftest import LIMIT, Answer, Server, read_answer, serving
from tests.support.patience import eventually

PATHS = ["/echo", "/data-refused"]


@pytest.mark.parametrize("path", PATHS)
def test_request_id_is_made_or_taken(server: Server, path: str) -> None:
    assert len(server.ask("GET", path).headers["x-openstack-request-id"]) == 40
    answer = server.ask("GET", path, "X-Openstack-Request-Id: mine")
    assert answer.headers["x-openstack-request-id"] == "req-mine"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("sent", ["x" * 65, "b\xe4d"])
def test_request_id_that_no_header_should_hold_is_refused(
    server: Server, path: str, sent: str
) -> None:
    answer = server.ask("GET", path, f"X-Openstack-Request-Id: {sent}")
    assert (answer.status, answer.json()["code"]) == (400, "invalid_parameter")


def test_longest_request_id_reaches_the_view(server: Server) -> None:
    answer = server.ask("PUT", "/data/1", "X-Openstack-Request-Id: " + "x" * 64, body=b"123")
    assert answer.body.decode() == "3 req-" + "x" * 64
    assert server.ask("GET", "/echo", "X-Openstack-Request-Id: " + "x" * 64).status == 200


@pytest.mark.parametrize("path", ["/echo/%00", "/echo?name=a%00b", "/data/%00"])
def test_nul_is_refused(server: Server, path: str) -> None:
    answer = server.ask("PUT" if "data" in path else "GET", path)
    assert (answer.status, answer.json()["code"]) == (400, "invalid_parameter")


@pytest.mark.parametrize("path", ["/echo/%FF", "/echo?a=%ff", "/data/%c3%28", "/echo?%ed%a0%80=1"])
def test_what_is_no_text_is_refused(server: Server, path: str) -> None:
    answer = server.ask("PUT" if "data" in path else "GET", path)
    assert (answer.status, answer.json()["code"]) == (400, "invalid_parameter")


def test_refusals_before_the_views_are_told_as_the_service_at_the_address_tells_them(
    server: Server,
) -> None:
    plain = server.ask("GET", "/image/v2/images?name=%ff")
    assert plain.headers["content-type"].startswith("text/plain")
    assert plain.body.startswith(b"400 Bad Request\n\nthe query is not UTF-8")
    asked = server.ask("GET", "/image/v2/images?name=%ff", "Accept: application/json")
    assert asked.json()["error_code"] == "invalid_parameter"
    assert server.ask("GET", "/identity/v3/users/%ff").json()["error"]["code"] == 400
    body = b"x" * (LIMIT + 1)
    assert server.ask("POST", "/image/v2/images", body=body).body.startswith(b"413 ")


def test_domain_error_of_a_native_route_is_a_problem(server: Server) -> None:
    answer = server.ask("GET", "/data-refused")
    assert (answer.status, answer.json()["code"]) == (409, "conflict")
    assert answer.headers["content-type"] == "application/problem+json"


def test_failing_native_route_tells_no_secret(server: Server) -> None:
    answer = server.ask("GET", "/data-broken")
    assert (answer.status, answer.json()["code"]) == (500, "internal_error")
    assert b"secret" not in answer.body


@pytest.mark.parametrize("path", ["/databaseless", "/data-databaseless"])
def test_database_that_is_away_is_told_as_such(server: Server, path: str) -> None:
    answer = server.ask("GET", path)
    assert (answer.status, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"].isdigit()
    assert b"inside" not in answer.body
    page = server.ask("GET", "/databaseless", "Accept: text/html")
    assert page.status == 503
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/databaseless", "/data-databaseless"])
def test_database_that_is_away_is_told_to_the_log_in_a_line(
    server: Server, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """At most once a second: a process without its database fails many requests in that time."""
    failures_only = FailuresOnly()
    django = logging.getLogger("django.request")
    django.addFilter(failures_only)  # as the service's configuration has it
    try:
        for _ in range(30):
            assert server.ask("GET", path).status == 503
        time.sleep(outage_log.SECONDS)
        server.ask("GET", path)
    finally:
        django.removeFilter(failures_only)
    told = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert all(record.exc_info is None for record in told)
    assert "the database is away" in {record.getMessage() for record in told}
    assert len(told) < 30


@pytest.mark.parametrize(
    ("because", "said"),
    [
        ("database%20or%20disk%20is%20full", b"is full"),
        ("could%20not%20extend%20file:%20No%20space%20left%20on%20device", b"is full"),
        ("attempt%20to%20write%20a%20readonly%20database", b"cannot be written"),
        ("something%20inside", b"does not answer"),
    ],
)
def test_database_that_cannot_be_written_is_told_as_such(
    server: Server, because: str, said: bytes
) -> None:
    answer = server.ask("GET", f"/databaseless?because={because}")
    assert answer.status == 503
    assert said in answer.body


def test_native_answer_that_fails_in_the_middle_is_cut(server: Server) -> None:
    answer = server.ask("GET", "/data-cut")
    assert (answer.status, answer.body, answer.complete) == (200, b"first", False)


def test_method_that_no_native_route_takes_goes_to_django(server: Server) -> None:
    answer = server.ask("DELETE", "/data/1")
    assert (answer.status, answer.json()["code"]) == (404, "not_found")


def test_liveness_needs_no_thread(server: Server) -> None:
    assert server.ask("GET", "/healthz/live").json() == {"status": "ok"}


def test_every_request_is_one_line_in_the_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "vitrine.access"):
        sent = server.ask("PUT", "/data/1?secret=1", "X-Openstack-Request-Id: a", body=b"123")
        server.ask("GET", "/healthz/live")
    (record,) = [r for r in caplog.records if r.name == "vitrine.access"]
    record.request_id = "req-a"
    line = json.loads(JsonFormatter().format(record))
    assert line["path"] == "/data/1"
    assert (line["method"], line["status"]) == ("PUT", 200)
    assert (line["bytes"], line["received"]) == (len(sent.body), 3)
    assert line["duration"] >= 0
    assert line["time"].endswith("Z")
    assert "secret" not in json.dumps(line)


def test_traceback_of_a_failing_view_is_logged_with_the_requests_id(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(RequestIdFilter())
    sent = server.ask("GET", "/boom", "X-Openstack-Request-Id: one")
    server.ask("GET", "/nothing-here")
    (record,) = [r for r in caplog.records if r.name == "django.request"]
    line = json.loads(JsonFormatter().format(record))
    assert sent.status == 500
    assert line["request_id"] == "req-one"
    assert "a secret of the inside" in line["error"]


def test_forwarding_headers_of_strangers_do_not_count(server: Server) -> None:
    seen = server.ask(
        "GET",
        "/echo",
        "X-Forwarded-For: 192.0.2.7",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil.test",
        "X-Real-Ip: 192.0.2.7",
        "Forwarded: for=192.0.2.7",
    ).json()
    assert seen["address"] == "127.0.0.1"
    assert seen["url"] == "http://catalog.test/echo"
    assert not [name for name in seen["headers"] if "FORWARDED" in name or "REAL" in name]


def test_trusted_proxy_tells_who_asks_and_how(behind_proxy: Server) -> None:
    seen = behind_proxy.ask(
        "GET",
        "/echo",
        "X-Forwarded-For: 198.51.100.9, 192.0.2.7, 10.0.0.3",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: images.example",
        "X-Forwarded-Port: 8443",
    ).json()
    assert seen["address"] == "192.0.2.7", "the nearest address that is no proxy of ours"
    assert seen["url"] == "https://images.example:8443/echo"


def test_trusted_proxy_that_says_nothing_changes_nothing(behind_proxy: Server) -> None:
    seen = behind_proxy.ask("GET", "/echo").json()
    assert (seen["address"], seen["url"]) == ("127.0.0.1", "http://catalog.test/echo")


def test_proxies_are_addresses_or_networks() -> None:
    TrustedProxies.parse(("::1", "10.0.0.0/8"))
    with pytest.raises(ConfigurationError, match=r"VITRINE_TRUSTED_PROXIES.*'proxy.example'"):
        TrustedProxies.parse(("proxy.example",))


def asked(server: Server, *lines: str, version: str = "1.1", path: str = "/echo") -> Answer:
    with server.connect() as connection:
        sent = "\r\n".join([f"GET {path} HTTP/{version}", "Connection: close", *lines, "", ""])
        connection.sendall(sent.encode("latin-1"))
        return read_answer(connection)


@pytest.mark.parametrize("path", ["/echo", "/data-refused", "/healthz/live"])
@pytest.mark.parametrize(
    "lines", [(), ("Host: a.test", "Host: a.test"), ("Host: a.test", "X: 1", "Host: b.test")]
)
def test_a_request_names_one_host(server: Server, path: str, lines: tuple[str, ...]) -> None:
    answer = asked(server, *lines, path=path)
    assert (answer.status, answer.json()["code"]) == (400, "invalid_parameter")
    assert "Host" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/echo", "/data-refused"])
@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "a.test@b.test", "a.test:80x", "a\\b", "\xe4.test", "a,b", "[::1"]
)
def test_a_host_is_a_name_or_an_address(server: Server, path: str, host: str) -> None:
    assert asked(server, f"Host: {host}", path=path).status == 400


@pytest.mark.parametrize("host", ["a.test", "A.TEST:80", "127.0.0.1:9292", "[::1]:9292", "b.test."])
def test_hosts_are_answered(server: Server, host: str) -> None:
    assert asked(server, f"Host: {host}").status == 200


def test_clients_of_old_name_no_host(server: Server) -> None:
    assert asked(server, version="1.0").status == 200


def test_a_doubled_host_is_refused_whatever_a_proxy_says(behind_proxy: Server) -> None:
    told = "X-Forwarded-Host: a.test"
    assert asked(behind_proxy, "Host: a.test", "Host: b.test", told).status == 400
    assert asked(behind_proxy, "Host: a.test", "X-Forwarded-Host: a b").status == 400


def test_names_that_are_not_allowed_are_refused_but_where_machines_ask() -> None:
    hosts = Hosts(("a.test", ".b.test", "127.0.0.1"))

    def ask(host: str, path: str = "/image/v2/images") -> None:
        scope = {"path": path, "http_version": "1.1", "headers": [(b"host", host.encode())]}
        hosts.require(scope, scope)

    for host in ("a.test", "a.test:9292", "b.test", "c.b.test", "127.0.0.1:9292"):
        ask(host)
    for host in ("c.a.test", "evil.test", "192.0.2.1"):
        with pytest.raises(InvalidParameter):
            ask(host)
        ask(host, "/healthz/ready")
        ask(host, "/metrics")


@pytest.mark.parametrize("path", ["/echo", "/data-refused", "/no/such", "/boom", "/healthz/live"])
def test_no_answer_is_taken_for_another_type_than_it_says(server: Server, path: str) -> None:
    assert server.ask("GET", path).headers["x-content-type-options"] == "nosniff"


def test_requests_that_the_services_end_cuts_off_are_told_to_come_back() -> None:
    """On the event loop and on threads, and also a client that goes on sending."""
    with contextlib.contextmanager(serving)((), grace=1) as server, ExitStack() as stack:
        half, sending, threaded = (stack.enter_context(server.connect()) for _ in range(3))
        head = "PUT /data/1 HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n"
        half.sendall(head.format(10).encode() + b"abc")
        sending.sendall(head.format(1 << 30).encode())
        threaded.sendall(b"GET /blocked HTTP/1.1\r\nHost: x\r\n\r\n")
        assert eventually(lambda: server.busy) == 1
        assert server.running is not None
        server.running.should_exit = True
        with contextlib.suppress(OSError):
            for _ in range(100_000):
                sending.sendall(b"x" * 4096)
                if select.select([sending], [], [], 0)[0]:
                    break
        for connection in (half, sending, threaded):
            answer = read_answer(connection)
            assert (answer.status, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["retry-after"].isdigit()
            assert answer.headers["connection"] == "close"
        views.gate.set()
