"""The read-only store of web servers against a real one, and which addresses are refused."""

import random
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

import stores
from stores import (
    AddressRefused,
    AddressRules,
    BlobNotFound,
    BlobStore,
    HttpStore,
    StoreConfig,
    StoreMisconfigured,
    StoreUnavailable,
    vet,
)
from stores.conformance_reading import Place, ReadOnlyConformance
from stores.http import _Pace
from tests.support.webserver import WebServer, web_server

LOOPBACK = ("127.0.0.0/8", "::1")
CONTENT = random.Random(5).randbytes(2_500_000)


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as found:
        yield found


def reaching(web: WebServer, **options: Any) -> HttpStore:
    return HttpStore(allowed_ports=[web.port], private_networks=LOOPBACK, timeout=20, **options)


class TestHttpStore(ReadOnlyConformance):
    @pytest.fixture
    @override
    def store(self, web: WebServer) -> BlobStore:
        return reaching(web)

    @pytest.fixture
    @override
    def place(self, web: WebServer) -> Place:
        return lambda content: web.put("/files/blob", content)

    @pytest.fixture
    @override
    def absent(self, web: WebServer) -> str:
        return web.url("/nothing")


class TestServerWithoutHeadAndRanges(TestHttpStore):
    """The plainest servers there are."""

    @pytest.fixture
    @override
    def store(self, web: WebServer) -> BlobStore:
        web.head = web.ranges = False
        return reaching(web)


def test_queries_are_sent_and_not_told(web: WebServer) -> None:
    """What stands in a query may be a secret: it travels, and no error shows it."""
    url = web.put("/file?signature=abc", b"content")
    store = reaching(web)
    assert store.get(url) == b"content"
    assert web.requests[-1][2]["host"] == f"127.0.0.1:{web.port}"
    with pytest.raises(BlobNotFound) as caught:
        store.get(web.url("/gone?signature=abc"))
    assert "abc" not in str(caught.value)
    assert "gone" in str(caught.value)


def test_names_are_asked_for_by_name(web: WebServer) -> None:
    web.put("/file", b"content")
    assert reaching(web).get(web.url("/file", host="localhost")) == b"content"
    assert web.requests[-1][2]["host"] == f"localhost:{web.port}"


def test_redirects_are_vetted(web: WebServer) -> None:
    """A redirect is followed where the rules allow its address, and refused elsewhere."""
    web.put("/file", b"content")
    store = reaching(web)
    web.redirects = {"/relative": "/file", "/absolute": web.url("/file"), "/loop": "/loop"}
    assert store.get(web.url("/relative")) == store.get(web.url("/absolute")) == b"content"
    with pytest.raises(StoreUnavailable, match="too often"):
        store.get(web.url("/loop"))
    for inside in ("http://10.0.0.1/", "http://169.254.169.254/latest", "file:///etc/passwd"):
        web.redirects["/out"] = inside
        with pytest.raises(AddressRefused):
            store.get(web.url("/out"))
    with web_server() as other:
        web.redirects["/out"] = other.put("/file", b"theirs")
        with pytest.raises(AddressRefused, match="port"):
            store.get(web.url("/out"))
        assert not other.requests


@pytest.mark.parametrize(("status", "error"), [(404, BlobNotFound), (410, BlobNotFound)])
def test_absence(web: WebServer, status: int, error: type[Exception]) -> None:
    web.statuses["/x"] = status
    with pytest.raises(error):
        reaching(web).open(web.url("/x"))


@pytest.mark.parametrize("status", [204, 401, 403, 418, 500, 503])
def test_other_answers_are_no_absence(web: WebServer, status: int) -> None:
    web.statuses["/x"] = status
    for door in (reaching(web).open, reaching(web).stat):
        with pytest.raises(StoreUnavailable):
            door(web.url("/x"))


def test_data_that_ends_early_or_has_no_size(web: WebServer) -> None:
    url, store = web.put("/file", CONTENT), reaching(web)
    web.cut = 1_200_000
    with pytest.raises(StoreUnavailable), store.open(url) as reader:
        list(reader)
    web.cut, web.sized = None, False
    with pytest.raises(StoreUnavailable, match="how large"):
        store.open(url)
    web.sized, web.headers = True, {"Content-Encoding": "gzip"}
    with pytest.raises(StoreUnavailable, match="encoded"):
        store.open(url)


def test_a_silent_server_is_not_waited_for(web: WebServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        store = HttpStore(allowed_ports=[port], private_networks=LOOPBACK, timeout=0.2)
        with pytest.raises(StoreUnavailable, match="does not answer"):
            store.stat(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_is_not_waited_for(web: WebServer, part: str) -> None:
    """A byte now and then is an answer to a socket's timeout, and would hold a thread for ever."""
    url = web.put("/file", CONTENT)
    store = HttpStore(allowed_ports=[web.port], private_networks=LOOPBACK, timeout=2.0)
    assert reaching(web).get(url) == CONTENT
    web.drip = part
    if part == "headers":
        for door in (store.stat, store.open):
            with pytest.raises(StoreUnavailable, match="does not answer"):
                door(url)
    else:
        assert reaching(web).stat(url).size == len(CONTENT)
        with store.open(url) as reader, pytest.raises(StoreUnavailable, match="too slowly"):
            list(reader)


def test_a_slow_reader_is_not_taken_for_a_slow_server(web: WebServer) -> None:
    web.put("/file", CONTENT)
    store = HttpStore(
        allowed_ports=[web.port], private_networks=LOOPBACK, timeout=2.0, slowest=1 << 10
    )
    with store.open(web.url("/file")) as reader:
        found = next(reader)
        time.sleep(3)
        assert found + b"".join(reader) == CONTENT


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    slowest=st.integers(1, 1 << 20),
    blocks=st.lists(st.tuples(st.integers(1, 1 << 20), st.floats(0, 60)), max_size=40),
)
def test_the_time_that_data_may_take_follows_from_its_size(
    slowest: int, blocks: list[tuple[int, float]]
) -> None:
    """Whatever a server does to be just quick enough, it is waited for so long and no longer."""
    pace, size, seconds, grace = _Pace(slowest, grace=30.0), 0, 0.0, 30.0
    for some, took in blocks:
        size, seconds = size + some, seconds + took
        if not pace.kept(some, took):
            assert took > 0
            return
        assert seconds <= grace + size / slowest + 0.001


def test_nobody_listens(web: WebServer) -> None:
    store, url = reaching(web), web.put("/file", b"x")
    web_gone = HttpStore(allowed_ports=[1], private_networks=LOOPBACK)
    with pytest.raises(StoreUnavailable):
        web_gone.stat("http://127.0.0.1:1/")
    assert store.exists(url)


# -- addresses

INSIDE = (
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255"),
    *("192.0.0.192", "192.88.99.1", "168.63.129.16"),
    *("[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd12::1]", "[fec0::1]", "[ff02::1]"),
    *(
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::7f00:1]",
    ),
    *("[2001:0:1:1:0:0:80ff:fffe]", "[2001:db8::1]"),
)
ENCODED = (
    *("2130706433", "0x7f000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "127.0.0.01"),
    *("127.0x0.0.1", "0x7F.0.0.0x1", "1.2.3.4.5", "256.1.1.1", "127.0.0.1.1", "017700000001"),
)
MALFORMED = (
    *("", "http", "http://", "http:///path", "//host/x", "host/x", "http:host", "/etc/passwd"),
    *(
        "http://a b/",
        "http://a\n/",
        "http://a\t/",
        "http://ho\\st/",
        "http://host\\@x/",
        "http://é/",
    ),
    *("http://user@8.8.8.8/", "http://u:p@8.8.8.8/", "http://8.8.8.8@evil/"),
    *("http://[::1", "http://[1.2.3.4]/", "http://[fe80::1%25eth0]/", "http://%31.2.3.4/"),
    *(
        "http://8.8.8.8:0/",
        "http://8.8.8.8:99999/",
        "http://8.8.8.8:x/",
        "http://-a/",
        "http://a..b/",
    ),
    *("http://" + "a" * 64 + "/", "http://" + "a." * 127 + "aa/", "http://*/", "http://a_b!/"),
    *(
        "ftp://8.8.8.8/",
        "file:///etc/passwd",
        "gopher://8.8.8.8/",
        "HTTPX://8.8.8.8/",
        "javascript:1",
    ),
)


@pytest.mark.parametrize("host", INSIDE)
def test_inner_addresses_are_refused(host: str) -> None:
    with pytest.raises(AddressRefused, match="public"):
        vet(f"http://{host}/", AddressRules())


@pytest.mark.parametrize("host", ENCODED)
def test_encoded_addresses_are_refused(host: str) -> None:
    """Before any resolver could make an address of them."""
    with pytest.raises(AddressRefused, match="four decimal numbers"):
        vet(f"http://{host}/", AddressRules(private_networks=LOOPBACK))


@pytest.mark.parametrize("url", MALFORMED)
def test_malformed_addresses_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        vet(url, AddressRules())


def test_public_addresses_are_taken() -> None:
    """With the port that was named or that the scheme means; in one spelling."""
    found = vet("HTTP://8.8.8.8/a/b?c=d", AddressRules())
    assert (found.scheme, found.host, found.port, found.path) == ("http", "8.8.8.8", 80, "/a/b?c=d")
    assert found.ips == ("8.8.8.8",)
    found = vet("https://[2606:4700:0:0::1111]:443", AddressRules())
    assert (found.host, found.port, found.path) == ("2606:4700::1111", 443, "/")


def test_names_are_judged_by_where_they_lead() -> None:
    with pytest.raises(AddressRefused, match="public"):
        vet("http://localhost/", AddressRules())
    with pytest.raises(AddressRefused, match="public"):
        vet("http://LOCALHOST./", AddressRules())
    assert vet("http://localhost/", AddressRules(private_networks=LOOPBACK)).host == "localhost"
    with pytest.raises(StoreUnavailable, match="resolved"):
        vet("http://no-such-name.invalid/", AddressRules())


@pytest.mark.parametrize(
    ("rules", "url", "passes"),
    [
        ({}, "http://8.8.8.8:8080/", False),
        ({}, "http://8.8.8.8:80/", True),
        ({"allowed_ports": ()}, "http://8.8.8.8:8080/", True),
        ({"allowed_ports": (), "disallowed_ports": (22,)}, "http://8.8.8.8:22/", False),
        ({"allowed_ports": (22,), "disallowed_ports": (22,)}, "http://8.8.8.8:22/", True),
        ({"allowed_ports": (22,)}, "http://8.8.8.8/", True),
        ({"allowed_schemes": ("https",)}, "http://8.8.8.8/", False),
        ({"allowed_schemes": (), "disallowed_schemes": ("http",)}, "http://8.8.8.8/", False),
        ({"allowed_hosts": ("8.8.4.4",)}, "http://8.8.8.8/", False),
        ({"allowed_hosts": ("8.8.8.8",), "disallowed_hosts": ("8.8.8.8",)}, "http://8.8.8.8", True),
        ({"disallowed_hosts": ("8.8.8.8",)}, "http://8.8.8.8/", False),
        ({"allowed_hosts": ("127.0.0.1",)}, "http://127.0.0.1/", False),
        ({"private_networks": ("127.0.0.0/8",)}, "http://127.0.0.1/", True),
        ({"private_networks": ("127.0.0.0/8",)}, "http://10.0.0.1/", False),
    ],
)
def test_rules(rules: dict[str, Any], url: str, passes: bool) -> None:
    """An allow list that is not empty wins over the deny list; a port that is not named is not judged."""
    if passes:
        assert vet(url, AddressRules(**rules)).url == url
    else:
        with pytest.raises(AddressRefused):
            vet(url, AddressRules(**rules))


def test_configuration(tmp_path: Any) -> None:
    options = {"private_networks": ["10.0.0.0/8"], "timeout": 5}
    built = stores.build({"web": StoreConfig(backend="http", options=options)})
    assert (built["web"].name, built["web"].can_write) == ("web", False)
    assert built["web"].url_schemes == {"http", "https"}
    for wrong in ({"private_networks": ["10.0.0.1/8"]}, {"ca_file": str(tmp_path / "none")}):
        with pytest.raises(StoreMisconfigured):
            stores.build({"web": StoreConfig(backend="http", options=wrong)})


def test_a_fragment_is_not_sent() -> None:
    assert vet("http://8.8.8.8/a?b=c#d", AddressRules()).path == "/a?b=c"
