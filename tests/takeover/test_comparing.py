"""Lists by name: databases sort as people do, we by code points; an image that is missing is a difference all the same."""

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from images.takeover.comparing import (
    LOST,
    NAMES,
    NO_DATA,
    NOBODYS,
    Caller,
    Difference,
    Read,
    compare,
)

ADA = Caller("ada", "x", "x")


def listing(names: str, *, more: bool, note: str = "") -> AbstractContextManager[str]:
    """A service whose every list has images of these names, and perhaps goes on."""
    body = {"images": [{"id": f"id of {name}", "name": name, "note": note} for name in names]}
    return answering(200, body | ({"next": f"/v2/images?marker={names[-1]}"} if more else {}))


@contextmanager
def answering(status: int, body: dict[str, Any]) -> Iterator[str]:
    """A service that answers everything so."""
    text = json.dumps(body).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def differences(
    theirs: str, ours: str, *, more: bool = False, sort: str = "name", note: str = ""
) -> list[Difference]:
    read = Read("list", f"/v2/images?sort={sort}%3Aasc")
    with listing(theirs, more=more) as glance, listing(ours, more=more, note=note) as vitrine:
        return list(compare(glance, vitrine, ADA, read))


@pytest.mark.parametrize(
    ("theirs", "ours", "more"), [("aBc", "Bac", False), ("aB", "BC", True), ("aBcD", "BDac", True)]
)
def test_another_order_of_names_is_expected(theirs: str, ours: str, more: bool) -> None:
    found = differences(theirs, ours, more=more)
    assert {one.why for one in found} == {NAMES}
    assert {one.member for one in found} <= {"images", "next"}


@pytest.mark.parametrize(
    ("theirs", "ours", "more"),
    [
        ("aBc", "Bc", False),
        ("aBc", "aBc"[::-1], False),
        ("aB", "CD", True),
        ("ab", "Bab", False),
        ("abc", "ab", True),
    ],
    ids=[
        "one is missing",
        "no order",
        "one is missing before the end",
        "one more",
        "a page that is not full",
    ],
)
def test_what_an_order_cannot_explain_is_shown(theirs: str, ours: str, more: bool) -> None:
    assert "" in {one.why for one in differences(theirs, ours, more=more)}


def test_only_lists_by_name_may_differ_so() -> None:
    assert {one.why for one in differences("aBc", "Bac", sort="created_at")} == {""}
    assert differences("aBc", "aBc", sort="created_at") == []


@pytest.mark.parametrize("sort", ["name", "size"])
def test_images_are_compared_in_whatever_order_they_come(sort: str) -> None:
    found = differences("aB", "BC", more=True, sort=sort, note="other")
    assert [one.member for one in found if not one.why] == ["images.id of B.note"]


@pytest.mark.parametrize("path", ["/v2/images/x", "/v2/images/x/file"])
@pytest.mark.parametrize(
    ("image", "why"),
    [
        ({"owner": None, "visibility": "shared"}, NOBODYS),
        ({"owner": None, "visibility": "public"}, ""),
        ({"owner": "p", "visibility": "shared"}, ""),
    ],
)
def test_what_nobody_owns_is_for_administrators_here(
    path: str, image: dict[str, Any], why: str
) -> None:
    read = Read("data" if path.endswith("/file") else "show", path)
    with answering(200, image) as glance, answering(404, {}) as vitrine:
        [found] = compare(glance, vitrine, ADA, read)
    assert (found.glance, found.vitrine, found.why) == (200, 404, why)


@pytest.mark.parametrize(
    ("headers", "theirs", "ours", "why"),
    [
        ((), 204, 503, LOST),
        ((("Range", "bytes=0-3"),), 416, 503, LOST),
        ((("Range", "bytes=0-3"),), 416, 204, NO_DATA),
        ((), 200, 503, ""),
        ((("Range", "bytes=0-3"),), 206, 503, ""),
    ],
)
def test_a_file_that_is_not_there_is_told_here(
    headers: tuple[tuple[str, str], ...], theirs: int, ours: int, why: str
) -> None:
    read = Read("data", "/v2/images/x/file", headers)
    with answering(theirs, {}) as glance, answering(ours, {}) as vitrine:
        [found] = compare(glance, vitrine, ADA, read)
    assert (found.glance, found.vitrine, found.why) == (theirs, ours, why)
