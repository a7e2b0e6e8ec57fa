"""The one client that both services are measured with."""

import http.client
import json
import random
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.subject import BenchmarkError, Role, Subject

MIB = 1 << 20
READ = MIB
Framing = Literal["length", "chunked"]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Requests one after the other, on a kept connection where the service keeps it."""

    def __init__(self, subject: Subject, role: Role = "member") -> None:
        self._subject = subject
        self._role = role
        self._connection = http.client.HTTPConnection("127.0.0.1", subject.port, timeout=120)

    def request(
        self,
        method: str,
        tail: str,
        document: Any = None,
        *,
        content_type: str = "application/json",
        expect: int,
    ) -> Answer:
        """The answer; BenchmarkError when its status is another than expected."""
        body = None if document is None else json.dumps(document).encode()
        headers = {**self._subject.headers(self._role), "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
        begun = time.perf_counter()
        self._connection.request(method, self._subject.path(tail), body, headers)
        response = self._connection.getresponse()
        content = response.read()
        seconds = time.perf_counter() - begun
        if response.status != expect:
            raise BenchmarkError(
                f"{self._subject.name}: {method} {tail} answered {response.status}, not {expect}: {content[:300]!r}"
            )
        return Answer(response.status, dict(response.headers), content, seconds)

    def close(self) -> None:
        self._connection.close()


class Content:
    """Bytes of a given number that no store can share with others: a stamp, then the same noise over and over."""

    def __init__(self, size: int, stamp: str, noise: "Noise") -> None:
        self.size = size
        self._stamp = stamp.encode().ljust(64, b".")[:size]
        self._noise = noise

    def blocks(self) -> Iterator[bytes | memoryview]:
        yield self._stamp
        yield from self._repeated(memoryview(self._noise.plain))

    def frames(self) -> Iterator[bytes | memoryview]:
        """The same as a chunked body; frames are made beforehand, so that both framings cost the client the same."""
        yield _framed(self._stamp, len(self._stamp))
        whole, rest = divmod(self.size - len(self._stamp), len(self._noise.plain))
        for _ in range(whole):
            yield memoryview(self._noise.framed)
        if rest:
            yield _framed(self._noise.plain[:rest], self._noise.chunk)
        yield b"0\r\n\r\n"

    def _repeated(self, block: memoryview) -> Iterator[memoryview]:
        left = self.size - len(self._stamp)
        while left > 0:
            yield block[: min(left, len(block))]
            left -= len(block)


class Noise:
    """A block that does not compress, plain and cut into frames of `chunk` bytes."""

    def __init__(self, chunk: int, size: int = 8 * MIB) -> None:
        self.chunk = chunk
        self.plain = random.Random(8).randbytes(size)
        self.framed = _framed(self.plain, chunk)


def _framed(data: bytes, chunk: int) -> bytes:
    parts = (data[start : start + chunk] for start in range(0, len(data), chunk))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def upload(subject: Subject, image_id: str, content: Content, framing: Framing) -> float:
    """Seconds from opening the connection to the answer of `PUT …/file`."""
    begun = time.perf_counter()
    with _connected(subject) as connection:
        length = (
            {"Content-Length": str(content.size)}
            if framing == "length"
            else {"Transfer-Encoding": "chunked"}
        )
        headers = {"Content-Type": "application/octet-stream", "Connection": "close", **length}
        try:
            connection.sendall(_head(subject, "PUT", f"images/{image_id}/file", headers))
            _send(connection, content, framing)
        except OSError as error:
            raise BenchmarkError(f"{subject.name} broke an upload off: {error}") from None
        status, _, _ = _read_head(connection)
    if status != 204:
        raise BenchmarkError(f"{subject.name}: an upload was answered {status}")
    return time.perf_counter() - begun


def download(subject: Subject, image_id: str, digest: Any = None) -> tuple[float, int]:
    """Seconds from opening the connection to the last byte, and how many bytes came; `digest` is updated with them."""
    buffer = memoryview(bytearray(READ))
    begun = time.perf_counter()
    with _connected(subject) as connection:
        connection.sendall(
            _head(subject, "GET", f"images/{image_id}/file", {"Connection": "close"})
        )
        status, headers, rest = _read_head(connection)
        if status != 200:
            raise BenchmarkError(f"{subject.name}: a download was answered {status}")
        expected, got = int(headers["content-length"]), len(rest)
        if digest is not None:
            digest.update(rest)
        while got < expected and (count := connection.recv_into(buffer)):
            got += count
            if digest is not None:
                digest.update(buffer[:count])
    return time.perf_counter() - begun, got


def _connected(subject: Subject) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", subject.port), timeout=300)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _head(subject: Subject, method: str, tail: str, headers: Mapping[str, str]) -> bytes:
    every = {"Host": f"127.0.0.1:{subject.port}", **subject.headers("member"), **headers}
    lines = [
        f"{method} {subject.path(tail)} HTTP/1.1",
        *(f"{k}: {v}" for k, v in every.items()),
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def _send(connection: socket.socket, content: Content, framing: Framing) -> None:
    for part in content.blocks() if framing == "length" else content.frames():
        connection.sendall(part)


def _read_head(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise BenchmarkError("the service closed the connection without an answer")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {
        k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])
    }
    return int(lines[0].split()[1]), headers, rest
