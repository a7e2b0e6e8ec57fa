"""Neighbours who hold connections and take their time."""

import random
from typing import ClassVar

from typing_extensions import override

from benchmarks.neighbours.member import IMAGES, SEARCH, SIGN_IN, Member
from benchmarks.neighbours.neighbour import Neighbour

STATIC = "/static/admin/js/vendor/xregexp/xregexp.js"
"""The largest file that anybody may have."""
WINDOW = 4096
MIB = 1 << 20
HELD = 30.0


class BodiesWithoutToken(Neighbour):
    """Sends most of 68 bodies of 4 MB without a token, from one address, and then a byte a second."""

    name = "bodies without token"
    connections = 68
    rest = 1.0
    spread: ClassVar[bool] = False

    @override
    def turn(self, member: Member, number: int) -> None:
        path = (IMAGES, SEARCH, SIGN_IN, "/artifact/v1/x")[number % 4]
        headers = {"Content-Length": str(4 * MIB)}
        with member.connected(number if self.spread else 0) as sock:
            sock.sendall(member.head("POST", path, headers, known=False))
            sock.sendall(b" " * (4 * MIB - 1000))
            member.drip(sock, every=1.0, seconds=HELD)


class BodiesFromEverywhere(BodiesWithoutToken):
    """The same from 68 addresses."""

    name = "bodies from everywhere"
    spread = True


class SlowReaders(Neighbour):
    """Asks for one large static file forty times at once, on eight connections, and reads nothing."""

    name = "slow readers"
    connections = 8

    @override
    def turn(self, member: Member, number: int) -> None:
        with member.connected(number, window=WINDOW) as sock:
            sock.sendall(member.head("GET", STATIC, {}, known=False) * 40)
            member.pause(HELD)
        member.count("held")


class UnreadDownloads(Neighbour):
    """Asks for an image of 64 MiB on 64 connections and reads nothing."""

    name = "unread downloads"
    connections = 64
    size: ClassVar[int] = 64 * MIB

    @override
    def prepare(self, member: Member) -> None:
        self._image = _new(member)
        content = random.Random(1).randbytes(self.size)
        path = f"{IMAGES}/{self._image}/file"
        member.ask("PUT", path, content, kind="application/octet-stream")

    @override
    def turn(self, member: Member, number: int) -> None:
        with member.connected(number, window=WINDOW) as sock:
            sock.sendall(member.head("GET", f"{IMAGES}/{self._image}/file", {}))
            member.pause(HELD)
        member.count("held")

    @override
    def clean(self, member: Member) -> None:
        member.ask("DELETE", f"{IMAGES}/{self._image}")


class DrippingUploads(Neighbour):
    """Uploads to 64 images a byte a second."""

    name = "dripping uploads"
    connections = 64

    @override
    def prepare(self, member: Member) -> None:
        self._images = [_new(member) for _ in range(self.connections)]

    @override
    def turn(self, member: Member, number: int) -> None:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(1 << 30)}
        with member.connected(number) as sock:
            sock.sendall(member.head("PUT", f"{IMAGES}/{self._images[number]}/file", headers))
            member.drip(sock, every=1.0, seconds=HELD)

    @override
    def clean(self, member: Member) -> None:
        for image in self._images:
            member.ask("DELETE", f"{IMAGES}/{image}")


def _new(member: Member) -> str:
    image = {"name": "held", "disk_format": "raw", "container_format": "bare"}
    return str(member.ask("POST", IMAGES, image).json()["id"])
