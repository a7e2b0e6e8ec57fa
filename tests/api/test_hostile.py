"""Bodies, parameters, headers and framing that no client should send: a clear answer, never a 500, nothing left behind."""

import http.client
import json
import socket
import string
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.images import V2_0, V2_1, Caller, callers
from tests.support.patience import eventually
from tests.support.server import Server, server, stray_sessions

__all__ = ["server", "stray_sessions"]

pytestmark = pytest.mark.fuzz
RARELY = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
SOME = settings(RARELY, max_examples=40)
TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELDS = "name visibility tags protected min_disk min_ram owner status id os_hidden disk_format size locations x".split()
PATHS = st.sampled_from([f"/{one}" for one in FIELDS]) | TEXT | TEXT.map(lambda one: f"/{one}")
NEW = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "replace", "remove", "move", "test"]), "path": PATHS},
    optional={"value": JSON, "from": PATHS, "extra": JSON},
)
OLD = st.builds(
    lambda verb, path, value: {verb: path, "value": value},
    st.sampled_from(["add", "replace", "remove"]),
    PATHS,
    JSON,
)
PATCH = st.lists(NEW | OLD | JSON, max_size=4) | JSON


def shown(caller: Caller, image: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.show(image).json()
    return found


@pytest.mark.django_db
def test_a_refused_patch_changes_nothing() -> None:
    anna = callers("anna")[0]
    image = anna.create(name="one", os_distro="x", tags=["t"])["id"]
    counts = {"changed": 0, "refused": 0}

    @RARELY
    @given(PATCH, st.sampled_from([V2_1, V2_0]))
    def throw(patch: Any, dialect: str) -> None:
        before = shown(anna, image)
        body = json.dumps(patch).encode("utf-8", "surrogatepass")
        answer = anna.call("PATCH", f"/v2/images/{image}", body, dialect)
        assert answer.status_code in {200, 400, 403, 409, 413}, answer.content
        if answer.status_code == 200:
            counts["changed"] += 1
            if answer.json()["visibility"] != before["visibility"] or answer.json()["protected"]:
                anna.patch(image, {"op": "replace", "path": "/protected", "value": False})
        else:
            counts["refused"] += 1
            assert shown(anna, image) == before

    throw()
    assert counts["refused"] > 10


SIZES = st.integers(0, 3)


@pytest.mark.django_db
def test_filters_find_what_a_loop_finds() -> None:
    anna = callers("anna")[0]
    rows = [
        anna.create(name=name, min_ram=ram, min_disk=disk, protected=protected)
        for name, ram, disk, protected in [
            ("a", 0, 1, False),
            ("a", 2, 1, True),
            ("b", 2, 0, False),
            ("c", 3, 3, True),
            ("b", 1, 2, True),
        ]
    ]
    query = st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["a", "b", "in:a,b", "in:c", "z"]),
            "min_ram": SIZES,
            "min_ram_min": SIZES,
            "min_ram_max": SIZES,
            "min_disk_max": SIZES,
            "protected": st.sampled_from(["true", "false"]),
        },
    )

    @RARELY
    @given(query)
    def ask(asked: dict[str, Any]) -> None:
        def fits(row: dict[str, Any]) -> bool:
            name = str(asked.get("name", row["name"]))
            return (
                row["name"] in name.removeprefix("in:").split(",")
                and row["min_ram"] == asked.get("min_ram", row["min_ram"])
                and asked.get("min_ram_min", 0) <= row["min_ram"] <= asked.get("min_ram_max", 9)
                and row["min_disk"] <= asked.get("min_disk_max", 9)
                and asked.get("protected", str(row["protected"]).lower())
                == str(row["protected"]).lower()
            )

        found = anna.ids("&".join(f"{key}={value}" for key, value in asked.items()))
        assert sorted(found) == sorted(row["id"] for row in rows if fits(row))

    ask()


@pytest.mark.django_db
def test_any_parameter_is_answered() -> None:
    anna = callers("anna")[0]
    anna.create(name="one")
    names = st.sampled_from(
        "name size size_min created_at updated_at limit marker sort sort_key sort_dir visibility tag os_hidden id fields".split()
    )

    @RARELY
    @given(st.lists(st.tuples(names | TEXT, TEXT), max_size=3))
    def ask(pairs: list[tuple[str, str]]) -> None:
        def safe(text: str) -> str:
            return quote(text.encode("utf-8", "surrogatepass"))

        query = "&".join(f"{safe(key)}={safe(value)}" for key, value in pairs)
        answer = anna.call("GET", f"/v2/images?{query}")
        assert answer.status_code in {200, 400, 404}, answer.content

    ask()


TOKENISH = st.text(string.ascii_letters + string.digits + " ,;=*/-_.\"'()%\t", max_size=40)


@pytest.mark.django_db
def test_any_header_is_answered() -> None:
    anna = callers("anna")[0]
    image = anna.create(name="one")["id"]
    names = "Accept If-Match If-None-Match Content-Type X-Auth-Token X-Forwarded-For Accept-Language Cookie".split()

    @RARELY
    @given(st.dictionaries(st.sampled_from(names), TOKENISH, max_size=4))
    def ask(headers: dict[str, str]) -> None:
        client = Client(raise_request_exception=True)
        answer = client.get(
            f"/image/v2/images/{image}", headers={"X-Auth-Token": anna.token, **headers}
        )
        assert answer.status_code in {200, 304, 400, 401, 412}, answer.content

    ask()


DATA = bytes(range(256)) * 4


def with_data(server: Server) -> tuple[Caller, str, http.client.HTTPConnection]:
    anna = callers("anna")[0]
    image = anna.create(name="one", disk_format="raw", container_format="bare")["id"]
    client = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    headers = {"X-Auth-Token": anna.token, "Content-Type": "application/octet-stream"}
    client.request("PUT", f"/image/v2/images/{image}/file", DATA, headers)
    answer = client.getresponse()
    assert (answer.status, answer.read()) == (204, b"")
    return anna, image, client


POSITIONS = st.integers(-1, len(DATA) + 5).map(str) | st.sampled_from(
    ["", "9" * 30, "x", "+1", " 2"]
)
RANGES = st.builds("bytes={}-{}".format, POSITIONS, POSITIONS) | TOKENISH


def test_any_range_is_answered(server: Server) -> None:
    anna, image, client = with_data(server)

    @SOME
    @given(RANGES)
    def ask(wanted: str) -> None:
        headers = {"X-Auth-Token": anna.token, "Range": wanted}
        client.request("GET", f"/image/v2/images/{image}/file", headers=headers)
        answer = client.getresponse()
        body = answer.read()
        assert answer.status in {200, 206, 400, 416}, (wanted, body)
        if answer.status == 200:
            assert body == DATA
        if answer.status == 206:
            first, last = answer.headers["Content-Range"].split(" ")[1].split("/")[0].split("-")
            assert body == DATA[int(first) : int(last) + 1]

    ask()
    client.close()


CHUNKS = st.lists(st.binary(max_size=30), max_size=4)
BREAKS = st.sampled_from(
    [
        b"",
        b"zz\r\n",
        b"-1\r\n",
        b"FFFFFFFFFFFFFFFFFF\r\n",
        b"5\r\nab\r\n",
        b"\x00",
        b"5;x=y\r\nabcde\r\n",
    ]
)


def test_any_chunked_framing_is_answered(server: Server) -> None:
    anna = callers("anna")[0]
    address = urlsplit(server.url)

    @SOME
    @given(CHUNKS, BREAKS, st.booleans())
    def send(chunks: list[bytes], broken: bytes, ended: bool) -> None:
        image = anna.create(name="one", disk_format="raw", container_format="bare")["id"]
        head = (
            f"PUT /image/v2/images/{image}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {anna.token}\r\n"
            "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        ).encode()
        body = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in chunks if one) + broken
        with socket.create_connection((address.hostname or "", address.port or 0), 60) as wire:
            wire.sendall(head + body + (b"0\r\n\r\n" if ended else b""))
            wire.shutdown(socket.SHUT_WR)
            told = b"".join(iter(lambda: wire.recv(4096), b""))
        assert not told or 200 <= int(told.split(b" ", 2)[1]) < 500, told
        state = eventually(
            lambda: shown(anna, image)["status"], lambda found: found in {"active", "queued"}
        )
        assert state == "queued" or (state == "active" and ended)

    send()
    assert len(anna.ids("limit=100")) > 5
