"""The member whose answers are measured: it does what members do, at a steady pace, whatever its neighbours do.

Each operation is due at fixed moments. What is measured runs from the moment it was due, so that a service which hangs
cannot hide by being asked less often. An answer other than the right one counts as one that took `PATIENCE`.
"""

import hashlib
import http.client
import json
import random
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from typing_extensions import override

from benchmarks.vitrine.service import PROJECT, Vitrine

PATIENCE = 30.0
IMAGES = "/image/v2/images"
SEARCH = "/search/v1/search"
BLOB = random.Random(3).randbytes(256 << 10)
STREAM = "application/octet-stream"


@dataclass
class Samples:
    """Seconds of one operation, in the order in which they were taken, and how many were answered wrongly."""

    seconds: list[float] = field(default_factory=list)
    failures: int = 0

    def add(self, seconds: float, *, right: bool) -> None:
        self.seconds.append(min(seconds, PATIENCE) if right else PATIENCE)
        self.failures += not right

    def percentile(self, percent: int) -> float:
        if len(self.seconds) < 2:
            return self.seconds[0] if self.seconds else PATIENCE
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1]


class Refused(Exception):
    """Something else than the right answer."""


class Bystander:
    """Measures one phase after another; what it made in a phase is deleted at its end."""

    def __init__(self, vitrine: Vitrine, quick_port: int) -> None:
        self._vitrine, self._quick = vitrine, quick_port
        self._numbers = count()
        self._made: list[str] = []
        self._held = ""
        self._digest = hashlib.sha512(BLOB).hexdigest()
        self._server = ThreadingHTTPServer(("127.0.0.1", quick_port), _Quick)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def operations(self) -> Mapping[str, tuple[float, Callable[["Connection"], None]]]:
        """Seconds between two of each, and what is done: less than half of what two processors can do.

        Who asks for more than a fair share cannot be served as if it were alone.
        """
        return {
            "list": (0.7, self._list),
            "show": (0.5, self._show),
            "search": (0.7, self._search),
            "create": (0.9, self._create),
            "sign in": (1.7, self._sign_in),
            "upload": (2.3, self._upload),
            "download": (1.3, self._download),
            "found": (2.9, self._found),
            "location": (3.1, self._location),
        }

    def settle(self) -> None:
        """Make the image that is shown and downloaded."""
        connection = Connection(self._vitrine)
        self._held = self._image(connection, "held")
        connection.ask("PUT", f"{IMAGES}/{self._held}/file", 204, BLOB, STREAM)
        self._made.clear()
        connection.close()

    def measure(self, seconds: float) -> dict[str, Samples]:
        """All operations, each in a thread and on a connection of its own."""
        found = {name: Samples() for name in self.operations}
        begin = time.monotonic() + 0.2
        threads = [
            threading.Thread(
                target=self._repeat, args=(found[name], every, act, begin, begin + seconds)
            )
            for name, (every, act) in self.operations.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    def clean(self) -> None:
        """Delete what the phases made; what cannot be deleted stays."""
        connection = Connection(self._vitrine)
        while self._made:
            image = self._made.pop()
            _right(lambda one, image=image: one.ask("DELETE", f"{IMAGES}/{image}", 204), connection)
        connection.close()

    def leave(self) -> None:
        self._server.shutdown()

    def _repeat(
        self,
        samples: Samples,
        every: float,
        act: Callable[["Connection"], None],
        begin: float,
        end: float,
    ) -> None:
        connection = Connection(self._vitrine)
        due = begin + random.Random(every).uniform(0, every)
        while due < end:
            time.sleep(max(0.0, due - time.monotonic()))
            if time.monotonic() > end + PATIENCE:
                samples.add(PATIENCE, right=True)
            else:
                right = _right(act, connection)
                samples.add(time.monotonic() - due, right=right)
            due += every
        connection.close()

    # What it does

    def _list(self, connection: "Connection") -> None:
        if not connection.ask("GET", f"{IMAGES}?limit=100", 200)["images"]:
            raise Refused("an empty page")

    def _show(self, connection: "Connection") -> None:
        connection.ask("GET", f"{IMAGES}/{self._held}", 200)

    def _search(self, connection: "Connection") -> None:
        text = f"os_distro:ubuntu AND team:team-{next(self._numbers) % 500:03d}"
        question = {"query": {"query_string": {"query": text}}, "limit": 20}
        connection.ask("POST", SEARCH, 200, question)

    def _create(self, connection: "Connection") -> None:
        self._image(connection, "created")

    def _sign_in(self, connection: "Connection") -> None:
        body = self._vitrine.signing_in(PROJECT, PROJECT)
        connection.ask("POST", "/identity/v3/auth/tokens", 201, body)

    def _upload(self, connection: "Connection") -> None:
        image = self._image(connection, "uploaded")
        connection.ask("PUT", f"{IMAGES}/{image}/file", 204, BLOB, STREAM)

    def _download(self, connection: "Connection") -> None:
        if connection.bytes("GET", f"{IMAGES}/{self._held}/file", 200) != BLOB:
            raise Refused("other bytes")

    def _found(self, connection: "Connection") -> None:
        """From the creation until the search finds it."""
        image = self._image(connection, "found")
        question = {"query": {"term": {"id": image}}}
        _until(lambda: connection.ask("POST", SEARCH, 200, question)["hits"]["total"] == 1)

    def _location(self, connection: "Connection") -> None:
        """A location at a quick server, from its registration until its bytes were read and found right."""
        image = self._image(connection, "location")
        validation = {"os_hash_algo": "sha512", "os_hash_value": self._digest}
        url = f"http://127.0.0.1:{self._quick}/{image}"
        body = {"url": url, "validation_data": validation}
        connection.ask("POST", f"{IMAGES}/{image}/locations", 202, body)
        _until(lambda: connection.ask("GET", f"{IMAGES}/{image}", 200)["status"] == "active")

    def _image(self, connection: "Connection", name: str) -> str:
        document = {
            "name": f"bystander {name} {next(self._numbers)}",
            "disk_format": "raw",
            "container_format": "bare",
            "os_distro": "ubuntu",
            "tags": ["bystander"],
        }
        found = str(connection.ask("POST", IMAGES, 201, document)["id"])
        self._made.append(found)
        return found


class Connection:
    """One request after the other, on a connection that is opened again where the service closed it."""

    def __init__(self, vitrine: Vitrine) -> None:
        self._token = vitrine.headers("member")
        self._http = http.client.HTTPConnection("127.0.0.1", vitrine.port, timeout=PATIENCE)

    def ask(
        self,
        method: str,
        path: str,
        expected: int,
        document: Any = None,
        kind: str = "application/json",
    ) -> Any:
        """The answer's document; Refused when its status is another one."""
        content = self.bytes(method, path, expected, document, kind)
        return json.loads(content) if content else None

    def bytes(
        self,
        method: str,
        path: str,
        expected: int,
        document: Any = None,
        kind: str = "application/json",
    ) -> bytes:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self._http.request(
            method,
            path,
            None if document is None else body,
            {"Content-Type": kind, **self._token},
        )
        response = self._http.getresponse()
        content = response.read()
        if response.status != expected:
            raise Refused(f"{method} {path}: {response.status} {content[:200]!r}")
        return content

    def close(self) -> None:
        self._http.close()


class _Quick(BaseHTTPRequestHandler):
    """A server that has the same bytes at every address."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BLOB)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(BLOB)

    @override
    def log_message(self, *_: object) -> None: ...


def _right(act: Callable[[Connection], None], connection: Connection) -> bool:
    try:
        act(connection)
    except (Refused, OSError, http.client.HTTPException):
        connection.close()
        return False
    return True


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    pause = 0.02
    while not true():
        if time.monotonic() > end:
            raise Refused("it did not come about")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.5)
